#if TestBench

/// A scenario that fails, and from which nothing can be taken away without its passing.
public struct ShrunkScenario: Sendable {
  /// How it fails.
  public let failure: SimulationFailure
  /// The faults that are needed.
  public let faults: [Fault]
  /// The clients that are needed, with what is left of their scripts.
  public let clients: [SimulatedClient]
  /// How often a scenario was run to find this one.
  public let runs: Int
  /// What is left of the world's options, as statements about `world`.
  let settings: [String]
  /// The way here: what the seed had, and each scenario that was smaller and failed as well.
  package let steps: [ShrinkingStep]
}

/// A scenario on the way to the smallest one.
package struct ShrinkingStep: Sendable {
  private let seed: UInt64
  private let drainsLate: Bool
  /// The faults that strike.
  package let faults: [Fault]
  /// The clients that come.
  package let clients: [SimulatedClient]
  /// How many runs it took to find it.
  package let runs: Int

  fileprivate init(_ search: Shrinking) {
    (seed, drainsLate) = (search.seed, search.drainsLate)
    (faults, clients, runs) = (search.faults, search.clients, search.runs)
  }

  /// Runs it again: how it fails.
  ///
  /// - Parameters:
  ///   - body: What described the world that was made smaller.
  ///   - trace: Gets a line for everything that happens.
  package func run(
    _ body: (SimulatedWorld) -> Void, trace: @escaping (String) -> Void
  ) -> SimulationFailure? {
    let world = SimulatedWorld(seed: seed)
    body(world)
    world.clients = clients
    if drainsLate { world.drain = nil }
    do throws(SimulationFailure) {
      _ = try Course(world, faults: .schedule(faults), trace: trace).run()
      return nil
    } catch { return error }
  }
}

/// Finds a small scenario that fails, out of a seed's: first faults are taken away, then clients, then
/// the steps of their scripts, and what they send is cut. Nil when the seed passes.
///
/// Each attempt is one run. The search ends after `limit` of them, with the smallest found so far.
public func shrink(
  seed: UInt64, faults: Faults, limit: Int = 4000, _ body: @escaping (SimulatedWorld) -> Void
) -> ShrunkScenario? {
  let world = SimulatedWorld(seed: seed)
  body(world)
  do throws(SimulationFailure) {
    _ = try Course(world, faults: faults, trace: nil).run()
    return nil
  } catch {
    var search = Shrinking(seed: seed, body: body, clients: world.clients, failure: error, limit)
    return search.search()
  }
}

/// Delta debugging (Zeller and Hildebrandt, 2002): takes ever smaller parts of a list away, as long as what is
/// left still fails.
///
/// - Parameters:
///   - list: A list that fails.
///   - fails: Whether another one does.
/// - Returns: the smallest that was found.
package func smallest<Element>(
  _ list: [Element], _ fails: ([Element]) -> Bool
) -> [Element] {
  var list = list
  var part = max(1, list.count / 2)
  while true {
    var place = 0
    while place < list.count {
      var rest = list
      rest.removeSubrange(place..<min(rest.count, place + part))
      if fails(rest) { list = rest } else { place += part }
    }
    if part == 1 { return list }
    part /= 2
  }
}

private struct Shrinking {
  let seed: UInt64
  let body: (SimulatedWorld) -> Void
  var clients: [SimulatedClient]
  var faults: [Fault]
  var failure: SimulationFailure
  var runs = 0
  let limit: Int
  /// Whether the drain comes when the clients are done, whatever the body said.
  var drainsLate = false
  var steps: [ShrinkingStep] = []

  init(
    seed: UInt64, body: @escaping (SimulatedWorld) -> Void, clients: [SimulatedClient],
    failure: SimulationFailure, _ limit: Int
  ) {
    self.seed = seed
    self.body = body
    self.clients = clients
    self.failure = failure
    self.limit = limit
    faults = failure.faults
  }

  /// Whether the scenario still fails without this or that. If so, it is the new one.
  private mutating func fails(
    clients: [SimulatedClient]? = nil, faults: [Fault]? = nil, drainsLate: Bool? = nil
  ) -> Bool {
    guard runs < limit else { return false }
    runs += 1
    let world = SimulatedWorld(seed: seed)
    body(world)
    world.clients = clients ?? self.clients
    if drainsLate ?? self.drainsLate { world.drain = nil }
    do throws(SimulationFailure) {
      _ = try Course(world, faults: .schedule(faults ?? self.faults), trace: nil).run()
      return false
    } catch {
      // Another failure than the one that is looked for does not count.
      guard error.violation.isLike(failure.violation) else { return false }
      failure = error
      self.clients = clients ?? self.clients
      self.faults = faults ?? self.faults
      self.drainsLate = drainsLate ?? self.drainsLate
      steps.append(ShrinkingStep(self))
      return true
    }
  }

  mutating func search() -> ShrunkScenario {
    // A schedule of the same faults gives the same run; should it not, nothing can be taken away.
    if fails() {
      _ = fails(drainsLate: true)
      var before = -1
      while before != size, runs < limit {
        before = size
        shrinkFaults()
        shrinkClients()
        for index in clients.indices { shrinkSteps(of: index) }
        for index in clients.indices { shrinkBytes(of: index) }
      }
    }
    let world = SimulatedWorld(seed: seed)
    body(world)
    if drainsLate { world.drain = nil }
    return ShrunkScenario(
      failure: failure, faults: faults, clients: clients, runs: runs, settings: world.settings,
      steps: steps)
  }

  private var size: Int {
    faults.count + clients.reduce(0) { $0 + 1 + $1.steps.count + $1.sentCount }
  }

  private mutating func shrinkFaults() { _ = smallest(faults) { fails(faults: $0) } }

  private mutating func shrinkClients() { _ = smallest(clients) { fails(clients: $0) } }

  private mutating func shrinkSteps(of index: Int) {
    _ = smallest(clients[index].steps) { steps in
      var clients = clients
      clients[index].steps = steps
      return fails(clients: clients)
    }
  }

  /// Halves what is sent and how long is waited, as often as it goes.
  private mutating func shrinkBytes(of index: Int) {
    for place in clients[index].steps.indices {
      while runs < limit {
        var clients = clients
        switch clients[index].steps[place] {
        case .send(let bytes) where bytes.count > 1:
          clients[index].steps[place] = .send(Array(bytes.prefix(bytes.count / 2)))
        case .wait(let time) where time > 1_000_000:
          clients[index].steps[place] = .wait(time / 2)
        case .pauseReading(let time) where time > 1_000_000:
          clients[index].steps[place] = .pauseReading(time / 2)
        default: return
        }
        if !fails(clients: clients) { break }
      }
    }
  }
}

extension Violation {
  /// Whether two violations are of one kind.
  package func isLike(_ other: Violation) -> Bool {
    switch (self, other) {
    case (.wrongByte, .wrongByte), (.missingBytes, .missingBytes), (.broke, .broke),
      (.notFinished, .notFinished), (.sleepsForEver, .sleepsForEver), (.spins, .spins),
      (.closedTwice, .closedTwice), (.leakedDescriptors, .leakedDescriptors),
      (.leftOver, .leftOver), (.sessionContract, .sessionContract), (.earlyTimer, .earlyTimer),
      (.lateTimer, .lateTimer), (.budget, .budget), (.loopFailed, .loopFailed),
      (.tooManyCalls, .tooManyCalls), (.limit, .limit), (.refused, .refused),
      (.passedOver, .passedOver), (.backendContract, .backendContract):
      true
    // Waiting for ever and not being finished are two sights of one thing.
    case (.notFinished, .sleepsForEver), (.sleepsForEver, .notFinished): true
    default: false
    }
  }
}

#endif
