#if TestBench

import Switchboard

/// A simulated conversation that did not go as the model has it, or in which something else was wrong, and
/// from which nothing can be taken away without its going well.
public struct SharedFailure: Error, Sendable, CustomStringConvertible {
  /// The seed.
  public let seed: UInt64
  /// What the loop waited with.
  public let backend: SimulatedWorld.Backend
  /// What was wrong, in a line: `client 2 waits for 'tea: at five\n' after 'ok\n'; nothing came`.
  public let message: String
  /// What the simulation found.
  public let violation: Violation
  /// How many clients are needed.
  public let clients: Int
  /// What they say.
  public let requests: [Request]
  /// The faults that are needed.
  public let faults: [Fault]
  /// The same as a test's source; the session in it is yours to say.
  public let test: String

  /// The seed, what was wrong, and the test.
  public var description: String {
    "seed \(seed) on \(backend.rawValue): \(message)\n\n\(test)"
  }

  init(_ found: SharedRun.Found, model: String) {
    (seed, backend) = (found.failure.seed, found.failure.backend)
    (message, violation) = (found.message, found.failure.violation)
    (clients, requests, faults) = (found.run.clients, found.run.requests, found.faults)
    test = Self.test(found, model: model)
  }

  private static func test(_ found: SharedRun.Found, model: String) -> String {
    let run = found.run
    var lines = ["@Test func `\(found.title)`() throws {"]
    if !found.faults.isEmpty {
      lines.append("  let faults: [Fault] = [")
      lines += found.faults.map {
        "    Fault(.\($0.kind), on: \($0.connection), occasion: \($0.occasion)),"
      }
      lines.append("  ]")
    }
    lines.append("  let conversation: [Request] = [")
    lines += run.requests.map { "    .client(\($0.client), \(literal($0.text)))," }
    lines.append("  ]")
    let faults = found.faults.isEmpty ? ".none" : ".schedule(faults)"
    lines += [
      "  try simulate(",
      "    \(model)(), clients: \(run.clients), seeds: [\(run.seed)], on: [.\(run.backend)],",
      "    faults: \(faults), conversation: { _ in conversation }",
      "  ) { world in",
      "    world.serve { … }",
      "  }",
      "}",
    ]
    return lines.map { $0 + "\n" }.joined()
  }

  /// A text as Swift writes it.
  private static func literal(_ text: String) -> String {
    "\"" + text.unicodeScalars.map { $0 == "'" ? "'" : $0.escaped(asASCII: false) }.joined()
      + "\""
  }
}

#endif
