import Switchboard
import SwitchboardLab
import Testing

/// Answers everything in capital letters.
private struct Shout: Session {
  mutating func opened(_ connection: inout Connection) { connection.write("Say something.\n") }

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    for index in bytes.indices { connection.write(Shout.loud(bytes[index])) }
  }

  static func loud(_ byte: UInt8) -> UInt8 {
    byte >= 0x61 && byte <= 0x7A ? byte & 0xDF : byte
  }
}

/// An echo that forgets what comes behind the tenth byte of one piece.
private struct Forgetful: Session {
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    connection.write(bytes.extracting(first: 10))
  }
}

/// An echo that stops reading after its first bytes.
private struct Sleepy: Session {
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    connection.write(bytes)
    connection.pauseReading()
  }
}

@Suite struct WorldTests {
  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `a protocol of one's own holds under faults`(_ backend: SimulatedWorld.Backend) throws {
    for seed in 0..<5 as Range<UInt64> {
      try simulate(seed: seed, faults: .harsh) { world in
        world.backend = backend
        world.serve { Shout() }
        world.replies { sent in Array("Say something.\n".utf8) + sent.map(Shout.loud) }
        world.clients(5) { client in
          client.send("hello, ")
          client.wait(.milliseconds(3))
          client.send("world")
          client.awaitReplies()
          client.pauseReading(.milliseconds(20))
          client.send(Array(repeating: 0x78, count: client.random.below(20_000)))
        }
      }
    }
  }

  @Test(arguments: SimulatedWorkload.allCases)
  func `the served protocols hold under faults`(_ workload: SimulatedWorkload) throws {
    for seed in 0..<12 as Range<UInt64> {
      try simulate(seed: seed, faults: .harsh) { workload.describe($0) }
    }
  }

  @Test func `the same seed gives the same run, and another seed another`() throws {
    func digest(_ seed: UInt64) throws -> UInt64 {
      try simulate(seed: seed, faults: .harsh) { SimulatedWorkload.probe.describe($0) }.digest
    }
    for seed in 100..<110 as Range<UInt64> { #expect(try digest(seed) == digest(seed)) }
    #expect(try digest(100) != digest(101))
  }

  @Test func `the faults that struck, as a schedule, give the same run`() throws {
    for seed in 200..<210 as Range<UInt64> {
      let first = try simulate(seed: seed, faults: .harsh) { SimulatedWorkload.echo.describe($0) }
      let again = try simulate(seed: seed, faults: .schedule(first.faults)) {
        SimulatedWorkload.echo.describe($0)
      }
      #expect(first.digest == again.digest)
    }
  }

  @Test func `expected bytes are checked where there is no model`() throws {
    try simulate(seed: 1) { world in
      world.serve { Shout() }
      world.clients(2) { client in
        client.expect("Say something.\n")
        client.send("abc")
        client.expect("ABC")
      }
    }
    #expect(throws: SimulationFailure.self) {
      try simulate(seed: 1) { world in
        world.serve { Shout() }
        world.clients(1) { client in client.expect("Say nothing.\n") }
      }
    }
  }

  @Test func `a session that loses bytes is found`() {
    let failure = #expect(throws: SimulationFailure.self) {
      try simulate(seed: 5) { world in
        world.serve { Forgetful() }
        world.replies { $0 }
        world.clients(3) { client in client.send("a message of more than ten bytes") }
      }
    }
    guard case .wrongByte = failure?.violation else {
      guard case .missingBytes = failure?.violation else {
        Issue.record("found as \(String(describing: failure?.violation))")
        return
      }
      return
    }
  }

  @Test func `a server that nothing will wake is a failure and no hang`() {
    let failure = #expect(throws: SimulationFailure.self) {
      try simulate(seed: 5) { world in
        world.serve { Sleepy() }
        world.replies { $0 }
        world.clients(1) { client in
          client.send("one")
          client.awaitReplies()
          client.send("two")
          client.awaitReplies()
        }
      }
    }
    #expect(failure?.violation == .sleepsForEver)
  }

  @Test func `a trace tells every call`() throws {
    var lines: [String] = []
    let trace: (String) -> Void = { lines.append($0) }
    try simulate(seed: 1, trace: trace) { world in
      world.serve { Shout() }
      world.clients(1) { client in client.send("abc") }
      world.replies { sent in Array("Say something.\n".utf8) + sent.map(Shout.loud) }
    }
    #expect(lines.contains { $0.contains("client 1 connects") })
    #expect(lines.contains { $0.contains("accept") })
    #expect(lines.contains { $0.contains("recv") })
    #expect(lines.contains { $0.contains("session 0 closed: the peer finished") })
  }

  @Test func `a failing seed shrinks to what is needed`() throws {
    let shrunk = try #require(
      shrink(seed: 3, faults: .harsh) { world in
        world.serve { Forgetful() }
        world.replies { $0 }
        world.clients(8) { client in
          for _ in 0..<5 { client.send(client.random.bytes(40)) }
        }
      })
    #expect(shrunk.clients.count == 1)
    #expect(shrunk.faults.isEmpty)
    let test = shrunk.test(serving: ["world.serve { Forgetful() }"])
    #expect(test.contains("simulate(seed: 3)"))
    #expect(test.contains("client.send("))
  }
}
