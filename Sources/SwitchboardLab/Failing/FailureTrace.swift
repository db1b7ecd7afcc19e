import Switchboard
import SwitchboardBase

/// A line of a simulation's trace, as it is drawn.
package struct FailureEvent: Hashable, Sendable {
  /// Where it belongs.
  package enum Lane: String, Sendable {
    /// What a client does, by its number.
    case client
    /// What goes wrong on its way.
    case network
    /// Calls, and what sessions are told.
    case loop
  }

  /// How it looks.
  package enum Kind: String, Sendable {
    case plain, fault, call, session, wrong
  }

  /// In nanoseconds of virtual time.
  package let time: UInt64
  package let lane: Lane
  package let kind: Kind
  /// The client's number; 0 where it is of none.
  package let client: Int
  /// The line without its time.
  package let text: String

  /// Reads a line: `242.322582  client 11 connects`. Nil for what is none.
  package init?(_ line: String) {
    let parts = line.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, let time = FailureEvent.nanoseconds(parts[0]) else { return nil }
    self.time = time
    let line = String(parts[1].drop { $0 == " " })
    let words = line.split(separator: " ")
    switch words.first {
    case "client":
      (lane, kind) = (.client, .plain)
      (client, text) = (words.dropFirst().first.flatMap { Int($0) } ?? 0, line)
    case "fault:":
      // `fault: shortSend on 3, occasion 17`
      (lane, kind) = (.network, .fault)
      client = words.count > 3 ? Int(words[3].prefix { $0.isNumber }) ?? 0 : 0
      let name = words.count > 1 ? String(words[1]).inWords : ""
      text = "fault: " + name + (client > 0 ? " of client \(client)" : "")
    case "connection":
      (lane, kind, client, text) = (.network, .plain, 0, line)
    case "WRONG:":
      (lane, kind, client) = (.loop, .wrong, 0)
      text = "broken promise: " + line.dropFirst("WRONG: ".count)
    case "session":
      (lane, kind, client, text) = (.loop, .session, 0, line)
    default:
      (lane, kind) = (.loop, line.contains(" = ") ? .call : .plain)
      (client, text) = (0, line)
    }
  }

  /// Milliseconds with six decimals, as a trace has them.
  private static func nanoseconds(_ text: Substring) -> UInt64? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].count == 6, let whole = UInt64(parts[0]),
      let rest = UInt64(parts[1])
    else { return nil }
    let (scaled, overflow) = whole.multipliedReportingOverflow(by: 1_000_000)
    return overflow ? nil : scaled.addingReportingOverflow(rest).partialValue
  }
}

/// A seed's failure on the way from all that it had to what is needed for it: each state with its trace.
package struct FailureStory: Sendable {
  /// One state.
  package struct State: Sendable {
    /// Faults and clients that are left.
    package let faults: Int
    package let clients: Int
    /// Runs that it took to come here.
    package let runs: Int
    /// What was wrong, in a sentence.
    package let violation: String
    /// The last of its events, up to what was wrong.
    package let events: [FailureEvent]
    /// Events before those.
    package let left: Int
  }

  /// What failed: `seed 7, protocol frames, epoll`.
  package let title: String
  /// What repeats it.
  package let command: String
  package let states: [State]

  /// Events that a state is drawn with at most, and states: a page of some megabytes.
  static let (mostEvents, mostStates) = (1500, 24)

  /// Runs states of a scenario again, so many that a slider can tell them apart: the first, the last, and between
  /// them some that are about equally far from each other.
  package init(
    of scenario: ShrunkScenario, title: String, command: String,
    _ body: @escaping (SimulatedWorld) -> Void
  ) {
    (self.title, self.command) = (title, command)
    let steps = FailureStory.chosen(scenario.steps)
    states = steps.map { step in
      var lines: [String] = []
      let failure = step.run(body) { lines.append($0) }
      let events = lines.compactMap { FailureEvent($0) }
      let end = events.firstIndex { $0.kind == .wrong }.map { $0 + 1 } ?? events.count
      let shown = events[..<end].suffix(FailureStory.mostEvents)
      return State(
        faults: step.faults.count, clients: step.clients.count, runs: step.runs,
        violation: failure.map { "\($0.violation)" } ?? "nothing was wrong this time",
        events: Array(shown), left: end - shown.count)
    }
  }

  private static func chosen(_ steps: [ShrinkingStep]) -> [ShrinkingStep] {
    guard steps.count > mostStates else { return steps }
    return (0..<mostStates).map { steps[$0 * (steps.count - 1) / (mostStates - 1)] }
  }
}
