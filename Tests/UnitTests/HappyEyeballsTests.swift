import Testing

@testable import Switchboard

@Suite("Happy Eyeballs: the rules of RFC 8305")
struct HappyEyeballsTests {
  typealias Line = EyesLine
  typealias Rule = EyesRule

  // ------------------------------------------------------------- section 3, looking up

  static let lookUpRules = [
    Rule(
      "IPv6 that is known first starts at once",
      [
        Line(20, .six([1]), "start 6.1", wakes: 10_000),
        Line(25, .four([1]), "", wakes: 270),
        Line(270, .elapsed, "start 4.1", wakes: 10_000),
      ]),
    Rule(
      "IPv4 that is known first waits for IPv6, which starts when it comes",
      [
        Line(10, .four([1]), "", wakes: 60),
        Line(40, .six([1]), "start 6.1", wakes: 290),
        Line(290, .elapsed, "start 4.1", wakes: 10_000),
      ]),
    Rule(
      "IPv4 waits no longer than the resolution delay for IPv6 that never comes",
      [
        Line(10, .four([1, 2]), "", wakes: 60),
        Line(59, .elapsed, "", wakes: 60),
        Line(60, .elapsed, "start 4.1", wakes: 310),
        Line(310, .elapsed, "start 4.2", wakes: 10_000),
      ]),
    Rule(
      "the resolution delay begins with the first IPv4 address",
      [
        Line(10, .four([1]), "", wakes: 60),
        Line(50, .four([2]), "", wakes: 60),
        Line(60, .elapsed, "start 4.1", wakes: 310),
      ]),
    Rule(
      "that there is no IPv6 ends the wait",
      [
        Line(10, .four([1]), "", wakes: 60),
        Line(30, .six([]), "start 4.1", wakes: 10_000),
      ]),
    Rule(
      "that IPv6 cannot be looked up ends the wait",
      [
        Line(10, .four([1]), "", wakes: 60),
        Line(30, .sixFails, "start 4.1", wakes: 10_000),
      ]),
    Rule(
      "without IPv6, IPv4 starts when it comes",
      [
        Line(10, .sixFails, "", wakes: 10_000),
        Line(800, .four([1]), "start 4.1", wakes: 10_000),
      ]),
    Rule(
      "without IPv4, IPv6 is waited for",
      [
        Line(10, .four([]), "", wakes: 10_000),
        Line(5_000, .six([1]), "start 6.1", wakes: 10_000),
      ]),
    Rule(
      "IPv6 that comes during attempts is tried next, in its turn",
      [
        Line(0, .four([1, 2]), "", wakes: 50),
        Line(50, .elapsed, "start 4.1", wakes: 300),
        Line(100, .six([1]), "", wakes: 300),
        Line(300, .elapsed, "start 6.1", wakes: 550),
        Line(550, .elapsed, "start 4.2", wakes: 10_000),
      ]),
    Rule(
      "addresses that come when the delay of the last attempt is over start at once",
      [
        Line(0, .six([1]), "start 6.1", wakes: 10_000),
        Line(700, .four([1]), "start 4.1", wakes: 10_000),
      ]),
    Rule(
      "who asks for IPv4 alone waits for nothing else", only: .v4,
      [Line(5, .four([1]), "start 4.1", wakes: 10_000)]),
    Rule(
      "who asks for IPv6 alone has failed when there is none", only: .v6,
      [Line(5, .six([]), "failed", wakes: nil)]),
    Rule(
      "neither family has an address",
      [
        Line(5, .four([]), "", wakes: 10_000),
        Line(9, .six([]), "failed", wakes: nil),
      ]),
    Rule(
      "neither look-up succeeds",
      [
        Line(5, .fourFails, "", wakes: 10_000),
        Line(9, .sixFails, "failed", wakes: nil),
      ]),
  ]

  @Test("Looking up", arguments: lookUpRules)
  func lookingUp(_ rule: Rule) { rule.check() }

  // ------------------------------------------------------------------ section 4, order

  static let orderRules = [
    Rule(
      "the families take turns, each in its own order; the rest of the longer one follows",
      [
        Line(0, .six([3, 1, 2]), "start 6.3", wakes: 250),
        Line(1, .four([5, 4]), "", wakes: 250),
        Line(250, .elapsed, "start 4.5", wakes: 500),
        Line(500, .elapsed, "start 6.1", wakes: 750),
        Line(750, .elapsed, "start 4.4", wakes: 1000),
        Line(1000, .elapsed, "start 6.2", wakes: 10_000),
      ]),
    Rule(
      "so many of the first family come before one of the other", firstFamilyCount: 2,
      [
        Line(0, .six([1, 2, 3]), "start 6.1", wakes: 250),
        Line(1, .four([1, 2]), "", wakes: 250),
        Line(250, .elapsed, "start 6.2", wakes: 500),
        Line(500, .elapsed, "start 4.1", wakes: 750),
        Line(750, .elapsed, "start 6.3", wakes: 1000),
        Line(1000, .elapsed, "start 4.2", wakes: 10_000),
      ]),
    Rule(
      "more than the first family has are no reason to wait", firstFamilyCount: 9,
      [
        Line(0, .six([1]), "start 6.1", wakes: 10_000),
        Line(1, .four([1, 2]), "", wakes: 250),
        Line(250, .elapsed, "start 4.1", wakes: 500),
        Line(500, .elapsed, "start 4.2", wakes: 10_000),
      ]),
    Rule(
      "the first family is the one that was tried first", firstFamilyCount: 2,
      [
        Line(0, .four([1, 2]), "", wakes: 50),
        Line(50, .elapsed, "start 4.1", wakes: 300),
        Line(60, .six([1]), "", wakes: 300),
        Line(300, .elapsed, "start 4.2", wakes: 550),
        Line(550, .elapsed, "start 6.1", wakes: 10_000),
      ]),
    Rule(
      "an address that is named twice is tried once",
      [
        Line(0, .six([1, 1, 2]), "start 6.1", wakes: 250),
        Line(1, .six([1, 2, 3]), "", wakes: 250),
        Line(250, .elapsed, "start 6.2", wakes: 500),
        Line(500, .elapsed, "start 6.3", wakes: 10_000),
      ]),
  ]

  @Test("Order", arguments: orderRules)
  func order(_ rule: Rule) { rule.check() }

  @Test("Whether an answer would be of use")
  func awaiting() {
    var eyes = HappyEyeballs(to: .host("db", port: 443), times: ConnectTimes(), at(0))
    #expect(eyes.awaits(.v6) && eyes.awaits(.v4))
    _ = eyes.found([six(1)], .v6, at(1))
    #expect(!eyes.awaits(.v6) && eyes.awaits(.v4))
    _ = eyes.connected(0)
    #expect(!eyes.awaits(.v4) && eyes.isOver)
    let other = HappyEyeballs(to: .host("db", port: 443), only: .v4, times: ConnectTimes(), at(0))
    #expect(!other.awaits(.v6) && other.awaits(.v4))
  }

  @Test("Of a crowd of addresses the first sixteen of each family are tried")
  func crowd() {
    var eyes = HappyEyeballs(to: .host("db", port: 443), times: ConnectTimes(), at(0))
    var steps = eyes.found((1...1000).map { six($0) }, .v6, at(0))
    steps += eyes.found((1...1000).map { four($0) }, .v4, at(0))
    var tried: [SocketAddress] = []
    for _ in 0..<100 where !eyes.isOver {
      guard case .start(let attempt) = steps.last else { break }
      tried.append(attempt.address)
      steps = eyes.failed(attempt.number, SystemError(.connect, .networkUnreachable), at(1))
    }
    #expect(tried == (1...16).flatMap { [six($0), four($0)] })
    guard case .failed(let failure) = steps.last else {
      Issue.record("no end")
      return
    }
    #expect(failure.attempts.count == 32 && failure.untried == 0)
    #expect(failure.attempts.allSatisfy { $0.error?.errno == .networkUnreachable })
  }

  @Test("Times out of bounds count as the nearest that are not, and none traps")
  func extremes() {
    var times = ConnectTimes()
    (times.attemptDelay, times.firstFamilyCount) = (.seconds(-1), .min)
    var eyes = HappyEyeballs(to: .host("db", port: 443), times: times, at(0))
    _ = eyes.found([six(1), six(2)], .v6, at(0))
    #expect(eyes.wakesAt == at(10))
    times.attemptDelay = .seconds(Int64.max)
    times.resolutionDelay = .seconds(Int64.max)
    times.timeout = .seconds(Int64.max)
    times.firstFamilyCount = .max
    eyes = HappyEyeballs(to: .host("db", port: 443), times: times, at(0))
    _ = eyes.found([four(1)], .v4, at(0))
    #expect(eyes.wakesAt == .distantFuture)
    _ = eyes.found([six(1), six(2)], .v6, at(0))
    #expect(eyes.wakesAt == .distantFuture)
    times.timeout = .zero
    eyes = HappyEyeballs(to: .host("db", port: 443), times: times, at(0))
    #expect(eyes.wakesAt == at(0))
    #expect(EyesRule.words(eyes.elapsed(at(0))) == "failed")
  }

  @Test("Options that nobody can mean are named")
  func options() throws {
    try ConnectTimes().check()
    let faults: [(String, (inout ConnectTimes) -> Void)] = [
      ("timeout", { $0.timeout = .zero }),
      ("resolutionDelay", { $0.resolutionDelay = .seconds(-1) }),
      ("firstFamilyCount", { $0.firstFamilyCount = 0 }),
      ("attemptDelay", { $0.attemptDelay = .milliseconds(99) }),
      ("attemptDelay", { $0.attemptDelay = .milliseconds(2_001) }),
    ]
    for (name, set) in faults {
      var times = ConnectTimes()
      set(&times)
      let error = #expect(throws: SystemError.self) { try times.check() }
      #expect(error?.description.hasPrefix("option \(name) is ") == true)
    }
    var times = ConnectTimes()
    for delay in [100, 2_000] {
      times.attemptDelay = .milliseconds(delay)
      try times.check()
    }
  }
}
