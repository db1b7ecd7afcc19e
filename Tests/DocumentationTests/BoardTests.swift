import Switchboard
import TestSupport
import Testing

/// The protocol of docs/SESSIONS.md does what the page says it does.
@Suite(.serialized, .timeLimit(.minutes(15)))
struct BoardTests {
  private func serve(
    _ backend: Server.BackendName, _ body: (UInt16, ServerHandle) throws -> Void
  ) throws {
    let (board, pool) = (Board(), try OffloadPool(threads: 1))
    defer { pool.close() }
    try serving(BoardSession(board, pool), on: backend, body)
  }

  // snippet test
  @Test("A watcher is told of a new note", arguments: backends)
  func watch(_ backend: Server.BackendName) throws {
    let (board, pool) = (Board(), try OffloadPool())
    defer { pool.close() }
    let configure = { (server: inout Server) in server.loops = 2 }
    try serving(BoardSession(board, pool), on: backend, configure: configure) { port, _ in
      let (reader, writer) = (try Caller(to: port), try Caller(to: port))
      for caller in [reader, writer] { #expect(try caller.line() == "the board is open") }
      #expect(try reader.ask("watch tea") == "ok")
      #expect(try writer.ask("pin tea at five o'clock") == "ok")
      #expect(try reader.line() == "tea: at five o'clock")
    }
  }
  // end

  @Test("The page's conversation", arguments: backends)
  func conversation(_ backend: Server.BackendName) throws {
    try serve(backend) { port, _ in
      let caller = try Caller(to: port)
      try caller.send("read tea\npin tea at five\nread tea\ncount tea\ncount milk\nread\nbye\n")
      #expect(
        try caller.toEnd() == """
          the board is open
          nothing
          ok
          at five
          2
          0
          say pin NAME TEXT, read NAME, watch NAME, count NAME or bye
          bye

          """)
    }
  }

  @Test("A count that is under way is answered before a drained server ends", arguments: backends)
  func drain(_ backend: Server.BackendName) throws {
    try serve(backend) { port, handle in
      let caller = try Caller(to: port)
      #expect(try caller.line() == "the board is open")
      #expect(try caller.ask("pin tea at five") == "ok")
      try caller.send("count tea\ncount tea\n")
      #expect(try caller.line() == "2")
      handle.drain()
      let rest = try caller.toEnd()
      #expect(rest == "2\n")
    }
  }

  @Test("A line that is too long is the last", arguments: backends)
  func tooLong(_ backend: Server.BackendName) throws {
    try serve(backend) { port, _ in
      let caller = try Caller(to: port)
      try caller.send(String(repeating: "x", count: 300))
      #expect(try caller.toEnd() == "the board is open\na line has at most 256 bytes\n")
    }
  }

  @Test("The README's session shouts", arguments: backends)
  func shout(_ backend: Server.BackendName) throws {
    try serving(Shout(), on: backend) { port, _ in
      let caller = try Caller(to: port)
      #expect(try caller.line() == "Say something.")
      #expect(try caller.ask("hello, World 2!") == "HELLO, WORLD 2!")
    }
  }
}
