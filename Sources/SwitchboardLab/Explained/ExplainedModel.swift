import Switchboard
import SwitchboardBase

/// Servers that block, as a model: nothing of it has run. It reckons with a processor for every thread that
/// wants one, and with the times of the simulated runs.
struct ExplainedModel {
  private let scenario: ExplainedScenario
  private var steps: [ExplainedStep] = []

  // In nanoseconds, as the simulated network and kernel have them on the average.
  private static let latency: UInt64 = 4000
  private static let call: UInt64 = 1600
  private static let start: UInt64 = 8000
  private static let firstDescriptor = 4

  private init(_ scenario: ExplainedScenario) { self.scenario = scenario }

  /// The run of a model.
  static func run(_ scenario: ExplainedScenario, _ model: ExplainedRun.Model) -> ExplainedRun {
    var run = ExplainedModel(scenario)
    if model == .threads { run.serveInThreads() } else { run.serveInTurn() }
    // Whatever happens at the same time stays in the order in which it was reckoned.
    let sorted = run.steps.enumerated().sorted {
      ($0.element.time, $0.offset) < ($1.element.time, $1.offset)
    }
    return ExplainedRun(
      model: model, steps: sorted.map(\.element).untilEnd(of: scenario), digest: nil)
  }

  /// All clients, in the order of their coming.
  private var guests: [Int] {
    (1...scenario.guests).sorted {
      (scenario.start(of: $0), $0) < (scenario.start(of: $1), $1)
    }
  }

  private func nanoseconds(_ duration: Duration) -> UInt64 {
    UInt64(max(0, (duration.inSeconds * 1e9).rounded()))
  }

  private mutating func note(_ time: UInt64, _ kind: ExplainedStep.Kind) {
    steps.append(ExplainedStep(time: time, kind: kind))
  }

  private mutating func say(
    _ time: UInt64, _ thread: Int, _ name: String, _ descriptor: Int?, _ answer: String
  ) {
    note(time, .call(thread: thread, name: name, descriptor: descriptor, answer: answer))
  }

  /// The socket that listens.
  private mutating func listen() -> UInt64 {
    var now = Self.call
    for (name, answer) in [("socket", "3"), ("bind", "0"), ("listen", "0")] {
      say(now, 0, name, name == "socket" ? nil : 3, answer)
      now += Self.call
    }
    return now
  }

  /// One after the other, in one thread.
  private mutating func serveInTurn() {
    var now = listen()
    for (session, client) in guests.enumerated() {
      now = accept(client, from: now, as: Self.firstDescriptor)
      note(now, .opened(session: session, client: client))
      now = converse(client, session, thread: 0, Self.firstDescriptor, from: now)
    }
  }

  /// A thread each.
  private mutating func serveInThreads() {
    var now = listen()
    for (session, client) in guests.enumerated() {
      let descriptor = Self.firstDescriptor + session
      now = accept(client, from: now, as: descriptor) + Self.call
      say(now, 0, "pthread_create", nil, "0")
      let begun = now + Self.start
      note(begun, .opened(session: session, client: client))
      _ = converse(client, session, thread: session + 1, descriptor, from: begun)
    }
  }

  /// When the next connection has been accepted.
  private mutating func accept(_ client: Int, from now: UInt64, as descriptor: Int) -> UInt64 {
    let connects = nanoseconds(scenario.start(of: client))
    note(connects, .connects(client: client))
    let time = max(now, connects + Self.latency) + Self.call
    say(time, 0, "accept", 3, "\(descriptor)")
    return time
  }

  /// All that a thread does for a client, until it is gone.
  private mutating func converse(
    _ client: Int, _ session: Int, thread: Int, _ descriptor: Int, from begin: UInt64
  ) -> UInt64 {
    var now = begin
    if client == scenario.deaf { return feed(client, session, thread, descriptor, from: begin) }
    var ends = nanoseconds(scenario.idleUntil)
    if client <= scenario.clients {
      var sends = nanoseconds(scenario.start(of: client)) + 2 * Self.latency
      for message in 0..<ExplainedScenario.messages {
        let size = scenario.size(of: message, from: client)
        note(sends, .sends(client: client, bytes: size))
        now = answer(
          size, client, session, thread, descriptor, from: max(now, sends + Self.latency))
        note(now + Self.latency, .receives(client: client, bytes: size))
        sends = now + Self.latency + nanoseconds(ExplainedScenario.pause)
      }
      ends = now + Self.latency
      note(ends, .leaves(client: client))
    }
    now = max(now, ends + Self.latency) + Self.call
    say(now, thread, "recv", descriptor, "0")
    note(now, .closed(session: session))
    say(now + Self.call, thread, "close", descriptor, "0")
    return now + Self.call
  }

  /// One who asks for much and reads nothing: sending sleeps until it has gone.
  private mutating func feed(
    _ client: Int, _ session: Int, _ thread: Int, _ descriptor: Int, from begin: UInt64
  ) -> UInt64 {
    let sends = nanoseconds(scenario.start(of: client)) + 2 * Self.latency
    note(sends, .sends(client: client, bytes: 1))
    var now = max(begin, sends + Self.latency) + Self.call
    say(now, thread, "recv", descriptor, "1")
    note(now, .given(session: session, bytes: 1))
    now += nanoseconds(ExplainedScenario.callbackTime)
    note(now, .returned(session: session))
    now = max(now, nanoseconds(scenario.idleUntil) + Self.latency) + Self.call
    say(now, thread, "send", descriptor, "ECONNRESET")
    note(now, .closed(session: session))
    say(now + Self.call, thread, "close", descriptor, "0")
    return now + Self.call
  }

  /// One message: received, handled, answered.
  private mutating func answer(
    _ size: Int, _ client: Int, _ session: Int, _ thread: Int, _ descriptor: Int,
    from arrived: UInt64
  ) -> UInt64 {
    var now = arrived + Self.call
    say(now, thread, "recv", descriptor, "\(size)")
    note(now, .given(session: session, bytes: size))
    now += nanoseconds(ExplainedScenario.callbackTime + scenario.time(for: size, of: client))
    note(now, .returned(session: session))
    now += Self.call
    say(now, thread, "send", descriptor, "\(size)")
    return now
  }
}
