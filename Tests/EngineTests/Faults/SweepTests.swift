import Foundation
import Testing

@testable import Switchboard

/// Every call of the library that can fail, failed once with every error number that it may answer,
/// over real sockets.
@Suite("Every call failed once", .serialized)
struct EveryCall {
  /// Which calls a run makes.
  private final class Census: Sendable {
    let counts = Lock<[SweptSite: Int]>([:])
    let strays = Lock<Set<String>>([])

    func note(_ point: FaultPoint, _ detail: UInt64) -> SweptSite? {
      guard let swept = SweptSite(point, detail) else {
        strays.withLock { _ = $0.insert("\(point)") }
        return nil
      }
      counts.withLock { $0[swept, default: 0] += 1 }
      return swept
    }
  }

  /// What is to fail: one call of a site, and perhaps an accept before it, for want of descriptors.
  private final class Target: Sendable {
    let swept: SweptSite
    let number: Int
    let errno: Errno
    private let seen = Lock(0)
    private let fired = Lock(false)

    init(_ swept: SweptSite, _ number: Int, _ errno: Errno) {
      (self.swept, self.number, self.errno) = (swept, number, errno)
    }

    var hasFired: Bool { fired.withLock { $0 } }

    func decide(_ point: FaultPoint, _ detail: UInt64) -> Errno? {
      guard SweptSite.mayBe(swept, point), SweptSite(point, detail) == swept else { return nil }
      let count = seen.withLock { seen in
        seen += 1
        return seen
      }
      guard count == number else { return nil }
      fired.withLock { $0 = true }
      return errno
    }
  }

  /// Runs everything once with nothing failing, or with a pause of accepting in the middle.
  private func census(_ world: FaultWorld, pausing: Bool) throws -> Census {
    let census = Census()
    let faults = CallFaults { point, detail in
      _ = census.note(point, detail)
      return nil
    }
    if pausing { faults.failAccept() }
    let report = try serve(world, faults, session: SweepSession()) { server in
      let seen = server.converse(world)
      #expect(seen.failures == [], "\(world.rawValue)")
    }
    #expect(report.isClean, "\(world.rawValue): \(report)")
    #expect(census.strays.withLock { $0 } == [], "calls that come from nowhere in the sources")
    return census
  }

  /// All of a world's call sites, whether they need a pause, and how often each is reached.
  private func sites(_ world: FaultWorld) throws -> [(SweptSite, pausing: Bool, count: Int)] {
    let plain = try census(world, pausing: false).counts.withLock { $0 }
    let paused = try census(world, pausing: true).counts.withLock { $0 }
    var all = plain.map { ($0.key, false, $0.value) }
    all += paused.filter { plain[$0.key] == nil }.map { ($0.key, true, $0.value) }
    // A listener that is watched again is registered by the same call as for the first time.
    for (swept, count) in paused where swept.variant == "add, own" && count > plain[swept] ?? 0 {
      all.append((swept, true, count))
    }
    return all.map { (swept: $0.0, pausing: $0.1, count: $0.2) }
      .sorted { ($0.0, $0.1 ? 1 : 0) < ($1.0, $1.1 ? 1 : 0) }
      .map { ($0.swept, $0.pausing, $0.count) }
  }

  /// Sites that worlds have reached.
  private static let reached = Lock<[FaultWorld: Set<Site>]>([:])

  @Test("Each call site survives each error", arguments: FaultWorld.swept)
  func sweep(_ world: FaultWorld) throws {
    var pairs = 0
    let sites = try sites(world)
    for (swept, pausing, count) in sites {
      for (kind, first) in kinds(swept, world, pausing, count) {
        let rules = Rule.all.filter { $0.covers(swept.site, kind) }
        #expect(!rules.isEmpty, "nothing says what happens when \(swept.name) fails: add a Rule")
        for rule in rules {
          for errno in rule.errnos {
            for number
              in first...max(first, min(count, kind == "add, outgoing" ? 1 : Self.most(rule)))
            {
              try survive(world, Target(swept, number, errno), rule.effect, pausing: pausing)
              pairs += 1
            }
          }
        }
      }
    }
    print("\(world.rawValue): \(pairs) failures survived")
    let reached = Self.reached.withLock { reached in
      reached[world] = Set(sites.map(\.0.site))
      return reached
    }
    guard reached.count == FaultWorld.swept.count else { return }
    let missing = Sites.found.all.subtracting(reached.values.joined())
      .filter { ErrnoTable.reason($0) == nil && !Self.apart.contains($0.name) }
    #expect(missing == [], "no world makes these calls: make the conversation reach them")
  }

  /// What a site's calls are for, and which call is the first of that kind.
  private func kinds(_ swept: SweptSite, _ world: FaultWorld, _ pausing: Bool, _ count: Int)
    -> [(String, Int)]
  {
    switch (world, swept.variant) {
    case (_, "add, own") where pausing: [("add, again", count)]
    // The reactor begins a connection of its own before it is given any.
    case (.reactorEpoll, "add, connection"): [("add, outgoing", 1), ("add, connection", 2)]
    default: [(swept.variant, 1)]
    }
  }

  /// How many calls of one site are failed one after the other.
  private static func most(_ rule: Rule) -> Int {
    if let text = ProcessInfo.processInfo.environment["SWITCHBOARD_SWEEP"], let most = Int(text) {
      return most
    }
    return rule.effect == .notStarted ? 3 : 1
  }

  /// Sites that tests of their own reach, below.
  private static let apart = [
    "URing.installed · close",
    "URing.installed · shutdownSending", "URing.finishApart · ring install",
    "Ring.ask · ring install", "Ring.takeBack · close",
    "URing.armWaiting · ring receive_once", "URing.armReceive · ring receive_once",
    "URing.arm · ring accept_now",
    "URing.arm · ring poll_once", "URing.awaitRoom · ring room",
    "Ring.ask · ring adopt", "URing.adopt · close", "URing.adoptedLate · ring close",
  ]

  private func survive(
    _ world: FaultWorld, _ target: Target, _ effect: Effect, pausing: Bool
  ) throws {
    let faults = CallFaults { target.decide($0, $1) }
    if pausing { faults.failAccept() }
    let hasTalked = Lock<Conversation?>(nil)
    let report = try serve(world, faults, session: SweepSession()) { server in
      let seen = server.converse(world)
      hasTalked.withLock { $0 = seen }
    }
    let what =
      "\(world.rawValue): \(target.swept.name), call \(target.number), \(target.errno.symbol)"
    #expect(target.hasFired, "\(what) did not happen")
    #expect(report.isClean, "\(what): \(report)")
    let seen = hasTalked.withLock { $0 }
    for complaint in complaints(effect, target.errno, report, seen, pausing) {
      Issue.record("\(what): \(complaint)")
    }
  }

  /// What is not as it should be.
  private func complaints(
    _ effect: Effect, _ errno: Errno, _ report: FaultReport, _ seen: Conversation?,
    _ pausing: Bool
  ) -> [String] {
    var found: [String] = []
    func expect(_ holds: Bool, _ complaint: String) { if !holds { found.append(complaint) } }
    if effect == .notStarted {
      expect(report.startError != nil, "it started")
      expect(
        [errno, .notSupported].contains(report.startError?.errno),
        "\(report.startError.map { "\($0)" } ?? "none")")
      return found
    }
    if effect == .ended {
      expect(
        report.runError?.errno == errno,
        "it ended with \(report.runError.map { "\($0)" } ?? "none")")
      return found
    }
    guard let seen, report.startError == nil, report.runError == nil else {
      return ["it ended: \((report.startError ?? report.runError).map { "\($0)" } ?? "unknown")"]
    }
    expect(seen.isServedAfterwards, "the next client is not served; \(seen.failures)")
    let hit = Set(seen.failures.map { $0.prefix(4) }).count
    switch effect {
    case .closed, .lost, .refused: expect(hit <= 1, "more than one is hit: \(seen.failures)")
    default: expect(hit == 0, "somebody is hit: \(seen.failures)")
    }
    let pauses = report.notices.count { if case .acceptingPaused = $0 { true } else { false } }
    let resumes = report.notices.count { $0 == .acceptingResumed }
    if [.paused, .refused].contains(effect) { expect(pauses > 0, "accepting did not pause") }
    if ![.paused, .refused].contains(effect), !pausing { expect(pauses == 0, "accepting paused") }
    expect(pauses == resumes, "accepting did not resume: \(report.notices)")
    expect(seen.hasAddress == (effect != .noAddress), "address: \(seen.hasAddress)")
    let broken = report.reasons.count { if case .failed = $0 { true } else { false } }
    if effect != .closed { expect(broken <= 1, "\(report.reasons)") }
    return found
  }
}

extension CallFaults {
  convenience init(_ decide: @escaping @Sendable (FaultPoint, UInt64) -> Errno?) {
    self.init(seed: 0, decide: decide)
  }

  /// The third accept finds no descriptor.
  func failAccept() {
    let full = Errno(rawValue: 24)
    fail(.call(.accept), number: 3, with: full)
    fail(.operation(.accept), number: 3, with: full)
    fail(.operation(.acceptMany), number: 1, with: full)
  }
}

extension SweptSite {
  /// Whether it is worth looking closer.
  static func mayBe(_ swept: SweptSite, _ point: FaultPoint) -> Bool {
    switch point {
    case .call(let call): call.requirements.contains(swept.site.requirement)
    case .operation: swept.site.requirement.hasPrefix("ring ")
    }
  }
}
