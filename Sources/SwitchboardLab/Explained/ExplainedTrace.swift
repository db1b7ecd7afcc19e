import Switchboard
import SwitchboardBase

extension ExplainedRun {
  /// A run of the library's own loop over the simulated kernel: what is told is what it did.
  ///
  /// - Throws: what the simulation finds to be wrong; it looks at every byte of this run, too.
  package static func simulated(
    _ scenario: ExplainedScenario, _ model: Model
  ) throws(SimulationFailure) -> ExplainedRun {
    let backend = SimulatedWorld.Backend(rawValue: model.rawValue) ?? .epoll
    var lines: [String] = []
    let describe = { world in scenario.describe(world, waitingWith: backend) }
    let report = try simulate(
      seed: ExplainedScenario.seed, trace: { lines.append($0) }, describe)
    let steps = lines.compactMap(ExplainedStep.init(line:))
    return ExplainedRun(
      model: model, steps: steps.untilEnd(of: scenario), digest: report.digest)
  }
}

extension [ExplainedStep] {
  /// How long after the last client's leaving there is something to be seen, in nanoseconds.
  private static let aftermath: UInt64 = 20_000

  /// Without what comes when those that ask have gone: those that say nothing leave, the server drains.
  func untilEnd(of scenario: ExplainedScenario) -> [ExplainedStep] {
    let ends = compactMap { step -> UInt64? in
      guard case .leaves(let client) = step.kind, client <= scenario.clients else { return nil }
      return step.time
    }
    guard ends.count == scenario.clients, let last = ends.max() else { return self }
    return filter { $0.time <= last + Self.aftermath }
  }
}

extension ExplainedStep {
  /// Reads a line of a simulation's trace; nil for what is not shown.
  init?(line: String) {
    let words = line.split(separator: " ").map(String.init)
    guard words.count >= 2, let time = Self.nanoseconds(words[0]),
      let kind = Self.kind(Array(words.dropFirst()))
    else { return nil }
    (self.time, self.kind) = (time, kind)
  }

  /// Milliseconds with six decimals.
  private static func nanoseconds(_ text: String) -> UInt64? {
    let parts = text.split(separator: ".")
    guard parts.count == 2, parts[1].count == 6, let whole = UInt64(parts[0]),
      let rest = UInt64(parts[1])
    else { return nil }
    return whole * 1_000_000 + rest
  }

  private static func kind(_ words: [String]) -> Kind? {
    switch words[0] {
    case "client": clientKind(words)
    case "session": sessionKind(words)
    case "ready": readyKind(words)
    case "entry": entryKind(words)
    case "completion": words.count >= 4 ? completion(words[3]) : nil
    default: callKind(words)
    }
  }

  /// `client 3 sends 16 bytes`
  private static func clientKind(_ words: [String]) -> Kind? {
    guard words.count >= 3, let client = Int(words[1]) else { return nil }
    let bytes = words.count > 3 ? Int(words[3]) : nil
    switch (words[2], bytes) {
    case ("connects", _): return .connects(client: client)
    case ("sends", let bytes?): return .sends(client: client, bytes: bytes)
    case ("receives", let bytes?): return .receives(client: client, bytes: bytes)
    case ("is", _): return .leaves(client: client)
    default: return nil
    }
  }

  /// `session 0 of client 3 opened`, `session 0 is given 16 bytes`
  private static func sessionKind(_ words: [String]) -> Kind? {
    guard words.count >= 3, let session = Int(words[1].filter(\.isNumber)) else { return nil }
    switch words[2] {
    case "of":
      return words.count > 4 ? Int(words[4]).map { .opened(session: session, client: $0) } : nil
    case "is":
      return words.count > 4 ? Int(words[4]).map { .given(session: session, bytes: $0) } : nil
    case "returns": return .returned(session: session)
    case "closed", "closed:": return .closed(session: session)
    default: return nil
    }
  }

  /// `ready of 4 watched: 5, 6`
  private static func readyKind(_ words: [String]) -> Kind? {
    guard words.count >= 4, let watched = Int(words[2]) else { return nil }
    let ready = words.dropFirst(4).compactMap { Int($0.filter(\.isNumber)) }
    return .ready(watched: watched, descriptors: ready)
  }

  /// `entry 5: recv 2, 0`
  private static func entryKind(_ words: [String]) -> Kind? {
    guard words.count >= 5 else { return nil }
    let place = words[words.count - 2].filter { $0.isNumber || $0 == "-" }
    return Int(place).map {
      .entry(name: words[2..<words.count - 2].joined(separator: " "), on: $0)
    }
  }

  private static func completion(_ word: String) -> Kind? {
    Int(word.filter { $0.isNumber || $0 == "-" }).map { .completion(result: $0) }
  }

  /// `accept 4 = 5`, `poll = 1`
  private static func callKind(_ words: [String]) -> Kind? {
    guard let equals = words.firstIndex(of: "="), equals + 1 < words.count, equals <= 2 else {
      return nil
    }
    let descriptor = equals == 2 ? Int(words[1]) : nil
    return .call(
      thread: 0, name: words[0], descriptor: descriptor, answer: words[equals + 1])
  }
}
