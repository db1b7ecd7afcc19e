// The tests that docs/TESTING.md shows, and the protocol that they are about.

import Switchboard
import SwitchboardProtocols
import SwitchboardTesting
import Synchronization
import Testing

// snippet kit
@Test("It shouts", arguments: backends)
func shouts(_ backend: Server.BackendName) throws {
  try serving(Shout(), on: backend) { port, _ in
    let caller = try Caller(to: port)
    try caller.expect("Say something.\n")
    try caller.send("hello\n")
    try caller.expect("HELLO\n")
  }
}
// end

// snippet kit async
@Test("It shouts at two, in a unix-domain socket")
func shoutsAtTwo() async throws {
  let name = SocketAddress.abstract("switchboard-\(UInt64.random(in: 0 ... .max))")
  let configure = { (server: inout Server) in server.addresses = [name] }
  try await serving(Shout(), configure: configure) { _, handle in
    async let one = greeting(at: handle.addresses[0])
    async let other = greeting(at: handle.addresses[0])
    let greetings = try await [one, other]
    #expect(greetings == ["Say something.", "Say something."])
  }
}

func greeting(at address: SocketAddress) async throws -> String? {
  try Caller(to: address).line()
}
// end

// snippet ballot
/// The votes, and whoever is told of them.
final class Ballot: Sendable {
  private struct State {
    var votes: [String: Int] = [:]
    var voters: [ConnectionHandle<String>] = []
  }
  private let state = Mutex(State())

  func vote(for name: String) {
    state.withLock { state in
      state.votes[name, default: 0] += 1
      for voter in state.voters { voter.post("\(name): \(state.votes[name]!)\n") }
    }
  }

  func enter(_ voter: ConnectionHandle<String>) { state.withLock { $0.voters.append(voter) } }
  func leave(_ voter: ConnectionHandle<String>) {
    state.withLock { $0.voters.removeAll { $0 == voter } }
  }
}

/// Each line is a vote for what it names. Everybody is told how many that has.
struct BallotSession: Session {
  private let ballot: Ballot
  private var lines = LineSplitter(limit: 64)
  private var voter: ConnectionHandle<String>?

  init(_ ballot: Ballot) { self.ballot = ballot }

  mutating func opened(_ connection: inout Connection) {
    let voter = connection.handle(for: Self.self)
    ballot.enter(voter)
    self.voter = voter
  }

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    var place = 0
    do {
      while let line = try lines.next(in: bytes, from: &place) {
        ballot.vote(for: String(decoding: line, as: UTF8.self))
      }
    } catch {
      connection.close()
    }
  }

  mutating func posted(_ message: String, _ connection: inout Connection) {
    connection.write(message)
  }

  mutating func closed(_ reason: CloseReason) { if let voter { ballot.leave(voter) } }
}
// end

// snippet ballot model
struct BallotModel: SharedModel {
  var votes: [String: Int] = [:]
  var voters: [Int] = []

  mutating func opened(_ client: Int) -> [Reply] {
    voters.append(client)
    return []
  }

  mutating func replies(to request: String, from client: Int) -> [Reply] {
    let name = String(request.dropLast())
    votes[name, default: 0] += 1
    return voters.map { .to($0, "\(name): \(votes[name]!)\n") }
  }
}
// end

#if TestBench
// snippet ballot simulated
@Test func `every vote is counted, and all are told`() throws {
  try simulate(BallotModel(), clients: 3, seeds: 0..<50) { random in
    (0..<8).map { _ in .client(random.within(1...3), random.chance(0.5) ? "tea\n" : "milk\n") }
  } serving: { world in
    let ballot = Ballot()
    world.serve { BallotSession(ballot) }
  }
}
// end
#endif
