import Switchboard
import TestSupport
import Testing

/// Conversations with a server whose connections share something, and what is said where one goes wrong.
@Suite struct SharedTests {
  /// Counts the bytes that come, and tells everybody.
  private final class Tally {
    var count = 0
    var members: [ConnectionHandle<Int>] = []
    /// Tells only the one who sent it.
    var isSecretive = false
  }

  private struct TallySession: Session {
    let tally: Tally
    var own: ConnectionHandle<Int>?

    mutating func opened(_ connection: inout Connection) {
      let own = connection.handle(for: Self.self)
      tally.members.append(own)
      self.own = own
    }

    mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
      for _ in bytes.indices {
        tally.count += 1
        for member in tally.members where !tally.isSecretive || member == own {
          member.post(tally.count)
        }
      }
    }

    mutating func posted(_ message: Int, _ connection: inout Connection) {
      connection.write("\(message)\n")
    }

    mutating func closed(_ reason: CloseReason) {
      tally.members.removeAll { $0 == own }
    }
  }

  private struct Model: SharedModel {
    var clients: Int
    var count = 0
    /// What is counted wrongly.
    var mistakenAt = Int.max

    mutating func replies(to request: String, from client: Int) -> [Reply] {
      count += 1
      let said = count == mistakenAt ? count + 1 : count
      return (1...clients).map { .to($0, "\(said)\n") }
    }
  }

  private func tell(
    _ model: Model, seeds: Range<UInt64>, faults: Faults = .harsh, isSecretive: Bool = false
  ) throws(SharedFailure) -> Int {
    try simulate(model, clients: model.clients, seeds: seeds, faults: faults) { random in
      (0..<12).map { _ in .client(random.within(1...model.clients), "x") }
    } serving: { world in
      let tally = Tally()
      tally.isSecretive = isSecretive
      world.serve { TallySession(tally: tally) }
    }
  }

  private func failure(_ body: () throws(SharedFailure) -> Int) throws -> SharedFailure {
    do {
      _ = try body()
    } catch {
      return error
    }
    throw Late("no failure was found")
  }

  @Test func `What is shared is told to all, whatever happens on the way`() throws {
    // Two bytes each for the first nine numbers, and three for three.
    #expect(try tell(Model(clients: 3), seeds: 0..<8, faults: .none) == 8 * 3 * (9 * 2 + 3 * 3))
    #expect(try tell(Model(clients: 3), seeds: 0..<120) > 3000)
  }

  @Test(arguments: SimulatedWorld.Backend.allCases.indices)
  func `A wrong model is found, and told in a line`(backend: Int) throws {
    let (wrong, seed) = (Model(clients: 1, mistakenAt: 3), UInt64(backend))
    let found = try failure { () throws(SharedFailure) in
      try tell(wrong, seeds: seed..<seed + 1)
    }
    #expect(found.backend == SimulatedWorld.Backend.allCases[backend])
    #expect(found.seed == seed)
    #expect(
      found.message == "client 1 waits for '4\\n' (it sent 'x') after '2\\n'; instead came '3\\n'")
    #expect(found.requests == Array(repeating: .client(1, "x"), count: 3))
    #expect(found.faults == [])
  }

  @Test func `Who is told nothing is named, with what should have been told`() throws {
    let found = try failure { () throws(SharedFailure) in
      try tell(Model(clients: 3), seeds: 0..<1, faults: .none, isSecretive: true)
    }
    #expect(found.requests.count == 1)
    let speaker = found.requests[0].client
    #expect(found.clients >= 2)
    let others = (1...found.clients).filter { $0 != speaker }
    let messages = others.map {
      "client \($0) waits for '1\\n' (client \(speaker) sent 'x'); nothing came"
    }
    #expect(messages.contains(found.message))
  }

  @Test func `What is left reads as a test that a person wrote`() throws {
    let found = try failure { () throws(SharedFailure) in
      try tell(Model(clients: 1, mistakenAt: 2), seeds: 2..<3)
    }
    #expect(
      found.test == """
        @Test func `client 1 waits for '3'`() throws {
          let conversation: [Request] = [
            .client(1, "x"),
            .client(1, "x"),
          ]
          try simulate(
            Model(), clients: 1, seeds: [2], on: [.epoll],
            faults: .none, conversation: { _ in conversation }
          ) { world in
            world.serve { … }
          }
        }

        """)
  }

  @Test func `The same seed fails in the same way`() throws {
    let (wrong, seeds) = (Model(clients: 3, mistakenAt: 7), 4..<5 as Range<UInt64>)
    let one = try failure { () throws(SharedFailure) in try tell(wrong, seeds: seeds) }
    let other = try failure { () throws(SharedFailure) in try tell(wrong, seeds: seeds) }
    #expect(one.description == other.description)
    #expect(one.message.contains("waits for '8\\n'") && one.message.contains("came '7\\n'"))
  }
}
