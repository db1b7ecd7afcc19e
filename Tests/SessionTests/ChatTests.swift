import Foundation
import Glibc
import Switchboard
import TestSupport
import Testing

@testable import ChatRoom

/// A connection of another server: a handle that is nobody's in the room.
private struct Stranger: Session {
  typealias Message = String
  static func handle() throws -> Room.Handle {
    let found = Found()
    try serving(Stranger(found: found)) { port, _ in _ = try Caller(to: port).bytes(1) }
    return try #require(found.handle.withLock { $0 })
  }

  final class Found: Sendable { let handle = Lock<Room.Handle?>(nil) }
  let found: Found

  mutating func opened(_ connection: inout Connection) {
    let handle = connection.handle(for: Self.self)
    found.handle.withLock { $0 = handle }
    connection.write(0x2A)
  }

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
}

extension SessionTests {
  @Suite struct Chat {
    /// The thread on which the last session was made: which loop has taken the last peer.
    final class LastLoop: Sendable {
      private let thread = Lock<UInt>(0)
      func note() { thread.withLock { $0 = UInt(pthread_self()) } }
      var value: UInt { thread.withLock { $0 } }
    }

    /// A peer that has been asked for its name, on another loop than `thread` if that is given.
    private func guest(
      _ port: UInt16, _ last: LastLoop, notOn thread: UInt? = nil
    ) throws -> Caller {
      // The kernel spreads connections by their ports: the fourth or so is on the other loop.
      for _ in 0..<200 {
        let peer = try Caller(to: port)
        #expect(try peer.line() == "* what is your name?")
        if last.value != thread { return peer }
      }
      throw Late("no connection came to another loop")
    }

    private func serve(
      _ backend: Server.BackendName, outboxLimit: Int = 256 << 10,
      _ body: (UInt16, LastLoop, Room, ServerHandle) throws -> Void
    ) throws {
      let (room, last) = (Room(), LastLoop())
      @Sendable func session() -> ChatSession {
        last.note()
        return ChatSession(room)
      }
      let configure = { (server: inout Server) in
        server.loops = 2
        server.options.outboxLimit = outboxLimit
      }
      try serving(session(), on: backend, configure: configure) { try body($0, last, room, $1) }
    }

    @Test("Three peers on two loops have a conversation", arguments: backends)
    func conversation(_ backend: Server.BackendName) throws {
      try serve(backend) { port, last, _, _ in
        let alice = try guest(port, last)
        let first = last.value
        #expect(
          try alice.ask("alice") == "* welcome, alice; here: nobody else; say /who or /quit")
        let bob = try guest(port, last, notOn: first)
        #expect(try bob.ask("alice") == "* alice is here already; another name?")
        #expect(try bob.ask("b o b") == "* a name is 1 to 24 letters, digits, - or _; yours?")
        #expect(try bob.ask("bob") == "* welcome, bob; here: alice; say /who or /quit")
        #expect(try alice.line() == "* bob has joined")
        let carol = try guest(port, last)
        #expect(try carol.ask("carol") == "* welcome, carol; here: alice, bob; say /who or /quit")
        for other in [alice, bob] { #expect(try other.line() == "* carol has joined") }

        try alice.send("hello\n")
        for other in [bob, carol] { #expect(try other.line() == "alice: hello") }
        try bob.send("hello yourself\r\n\r\n")
        for other in [alice, carol] { #expect(try other.line() == "bob: hello yourself") }
        #expect(try carol.ask("/who") == "* here: alice, bob, carol")
        #expect(try carol.ask("/where") == "* there is /who and /quit")

        try carol.send("/quit\nnobody hears this\n")
        #expect(try carol.toEnd() == "* goodbye\n")
        for other in [alice, bob] { #expect(try other.line() == "* carol has left") }
        bob.end()
        #expect(try alice.line() == "* bob has left")
        #expect(try alice.ask("/who") == "* here: alice")
      }
    }

    @Test("What could steer a terminal does not reach the others", arguments: backends)
    func controls(_ backend: Server.BackendName) throws {
      try serve(backend) { port, last, _, _ in
        let (mallory, victim) = (try guest(port, last), try guest(port, last))
        _ = try victim.ask("victim")
        _ = try mallory.ask("mallory")
        #expect(try victim.line() == "* mallory has joined")
        try mallory.send("\u{1B}[2J\u{7}\u{9B}1m\u{202E}evil\r \u{E9}\u{1F469}\u{200D}\u{1F680}\n")
        #expect(try victim.line() == "mallory: ?[2J??1m?evil? \u{E9}\u{1F469}\u{200D}\u{1F680}")
        try mallory.send([0xFF, 0x61, 0x00, 0x0A])
        #expect(try victim.line() == "mallory: \u{FFFD}a?")
      }
    }

    @Test("A burst of lines arrives whole and in order", arguments: backends)
    func burst(_ backend: Server.BackendName) throws {
      try serve(backend) { port, last, _, _ in
        let (talker, listener) = (try guest(port, last), try guest(port, last))
        _ = try listener.ask("listener")
        _ = try talker.ask("talker")
        #expect(try listener.line() == "* talker has joined")
        let lines = (0..<100).map { "line \($0)" }
        try talker.send(lines.joined(separator: "\n") + "\n/quit\n")
        for line in lines { #expect(try listener.line() == "talker: \(line)") }
        #expect(try talker.toEnd() == "* goodbye\n")
      }
    }

    @Test("A line that is too long is the last", arguments: backends)
    func tooLong(_ backend: Server.BackendName) throws {
      try serve(backend) { port, last, _, _ in
        let talker = try guest(port, last)
        try talker.send(String(repeating: "x", count: 600))
        #expect(try talker.toEnd() == "* a line may have 512 bytes; goodbye\n")
      }
    }

    @Test("A peer that does not read is closed, and nobody waits for it", arguments: backends)
    func slowReader(_ backend: Server.BackendName) throws {
      try serve(backend) { port, last, room, _ in
        let listener = try guest(port, last)
        _ = try listener.ask("listener")
        let slow = try Caller(to: port, receiveBuffer: 4096)
        _ = try slow.ask("slow")
        #expect(try listener.line() == "* slow has joined")
        // Told by the room itself, since the kernel's buffers hold megabytes.
        let stranger = try Stranger.handle()
        let text = String(repeating: "x", count: 65535)
        var heard: String?
        for _ in 0..<1000 {
          room.say(text + "\n", from: stranger)
          heard = try listener.line()
          if heard != text { break }
        }
        #expect(heard == "* slow has left")
        // The last text was told after the others had been told that it has left, or before.
        try listener.send("/who\n")
        repeat { heard = try listener.line() } while heard == text
        #expect(heard == "* here: listener")
      }
    }

    @Test("A drained server says goodbye to all", arguments: backends)
    func drain(_ backend: Server.BackendName) throws {
      try serve(backend) { port, last, _, handle in
        let alice = try guest(port, last)
        let bob = try guest(port, last, notOn: last.value)
        handle.drain()
        for peer in [alice, bob] { #expect(try peer.toEnd() == "* the server is closing\n") }
      }
    }
  }
}
