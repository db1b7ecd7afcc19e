import Testing

@testable import Switchboard

/// 2001:db8::n and 192.0.2.n, port 443.
func six(_ number: Int) -> SocketAddress {
  SocketAddress(family: .v6, high: 0x2001_0DB8 << 32, low: UInt64(number), port: 443)
}
func four(_ number: Int) -> SocketAddress {
  SocketAddress(family: .v4, low: 0xC000_0200 + UInt64(number), port: 443)
}
func at(_ milliseconds: Int) -> Instant {
  Instant(nanoseconds: 1_000_000_000) + .milliseconds(milliseconds)
}

/// What may happen to a ``HappyEyeballs``.
enum Sight {
  case six([Int])
  case four([Int])
  case sixFails, fourFails
  case fails(Int)
  case connects(Int)
  case elapsed, cancel

  func happen(to eyes: inout HappyEyeballs, _ now: Int) -> [HappyEyeballs.Step] {
    switch self {
    case .six(let numbers): eyes.found(numbers.map { UnitTests.six($0) }, .v6, at(now))
    case .four(let numbers): eyes.found(numbers.map { UnitTests.four($0) }, .v4, at(now))
    case .sixFails: eyes.lookUpFailed(LookUpFailure("db", .v6, .serverFailing), at(now))
    case .fourFails: eyes.lookUpFailed(LookUpFailure("db", .v4, .noSuchName), at(now))
    case .fails(let number):
      eyes.failed(number, SystemError(.connect, .connectionRefused), at(now))
    case .connects(let number): eyes.connected(number)
    case .elapsed: eyes.elapsed(at(now))
    case .cancel: eyes.cancel()
    }
  }
}

/// At a millisecond something happens; what is to be done then, and when it wants to be woken.
struct EyesLine {
  let time: Int, event: Sight, steps: String, wakes: Int?
  init(_ time: Int, _ event: Sight, _ steps: String, wakes: Int?) {
    (self.time, self.event, self.steps, self.wakes) = (time, event, steps, wakes)
  }
}

struct EyesRule: CustomTestStringConvertible {
  let testDescription: String
  var only: SocketAddress.Family?
  var firstFamilyCount = 1
  let lines: [EyesLine]
  init(
    _ name: String, only: SocketAddress.Family? = nil, firstFamilyCount: Int = 1,
    _ lines: [EyesLine]
  ) {
    testDescription = name
    self.only = only
    self.firstFamilyCount = firstFamilyCount
    self.lines = lines
  }

  func check() {
    var times = ConnectTimes()
    times.firstFamilyCount = firstFamilyCount
    var eyes = HappyEyeballs(to: .host("db", port: 443), only: only, times: times, at(0))
    for line in lines {
      let steps = Self.words(line.event.happen(to: &eyes, line.time))
      #expect(steps == line.steps, "at \(line.time) ms, \(line.event)")
      #expect(eyes.wakesAt == line.wakes.map { at($0) }, "at \(line.time) ms, \(line.event)")
    }
  }

  static func words(_ steps: [HappyEyeballs.Step]) -> String {
    let name = { (attempt: HappyEyeballs.Attempt) in
      (attempt.address.family == .v6 ? "6." : "4.") + String(attempt.address.low & 0xFF)
    }
    return steps.map { step in
      switch step {
      case .start(let attempt): "start \(name(attempt))"
      case .abandon(let attempt): "abandon \(name(attempt))"
      case .connected(let attempt): "connected \(name(attempt))"
      case .failed: "failed"
      }
    }.joined(separator: ", ")
  }
}
