import Glibc
import Testing

/// The end of a server: the first signal drains it, the second one ends it.
@Suite(.timeLimit(.minutes(15)))
struct SignalTests {
  private func serving(
    _ options: [String] = [], _ body: (Spawned, PlainSocket) async throws -> Void
  ) async throws {
    try await Spawned.run("switchboard", ["serve", "--port", "0"] + options) { server in
      let peer = try PlainSocket.connected(to: try await server.listeningPort())
      #expect(try peer.read(1) == "*")
      try await body(server, peer)
    }
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func `A signal drains the server with a client connected, and it exits with 0`(signal: Int32)
    async throws
  {
    try await serving { server, peer in
      server.send(signal)
      #expect(try peer.read(1) == "", "the peer sees an orderly end")
      peer.end()
      try await server.expectEnd(.exit(0))
      #expect(server.output.contains("draining: 1 connected"))
      #expect(server.output.last == "drained: 1 finished, 0 cut off")
      #expect(server.errors == [])
    }
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func `An example server drains too`(signal: Int32) async throws {
    try await Spawned.run("select-server", ["0"]) { server in
      let peer = try PlainSocket.connected(to: try await server.listeningPort())
      #expect(try peer.read(1) == "*")
      server.send(signal)
      #expect(try peer.read(1) == "")
      peer.end()
      try await server.expectEnd(.exit(0))
    }
  }

  @Test func `A frame that is open may be finished before a drained server ends`() async throws {
    try await serving { server, peer in
      try peer.write("^ab")
      #expect(try peer.read(2) == "bc")
      server.send(SIGTERM)
      try await server.line("draining: 1 connected")
      try peer.write("c$")
      #expect(try peer.read(2) == "d")
      peer.end()
      try await server.expectEnd(.exit(0))
    }
  }

  @Test func `A second SIGTERM ends a draining server at once`() async throws {
    try await serving(["--drain-timeout", "1h"]) { server, peer in
      try peer.write("^ab")
      #expect(try peer.read(2) == "bc")
      server.send(SIGTERM)
      try await server.line("draining: 1 connected")
      // Two within 100 ms would be one wish told twice.
      try await Task.sleep(for: .milliseconds(150))
      server.send(SIGTERM)
      try await server.expectEnd(.signal(SIGTERM))
    }
  }

  @Test func `One wish that is told twice, as timeout does, drains a server`() async throws {
    try await serving { server, peer in
      server.send(SIGTERM)
      server.send(SIGINT)
      #expect(try peer.read(1) == "", "the peer sees an orderly end")
      peer.end()
      try await server.expectEnd(.exit(0))
      #expect(server.output.last == "drained: 1 finished, 0 cut off")
    }
  }

  @Test func `A peer that does not finish is cut off when the drain timeout ends`() async throws {
    try await serving(["--drain-timeout", "50ms"]) { server, peer in
      try peer.write("^ab")
      #expect(try peer.read(2) == "bc")
      server.send(SIGTERM)
      try await server.expectEnd(.exit(0))
      #expect(server.output.last == "drained: 0 finished, 1 cut off")
    }
  }

  @Test func `A silent peer is closed when the idle timeout ends`() async throws {
    try await serving(["--idle-timeout", "50ms"]) { server, peer in
      #expect(try peer.read(1) == "")
      try await server.line("closed: idle for too long")
    }
  }
}
