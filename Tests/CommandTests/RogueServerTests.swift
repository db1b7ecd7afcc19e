import Testing

/// A server that breaks the protocol is told from one that keeps it.
@Suite(.timeLimit(.minutes(15)))
struct RogueServerTests {
  /// Runs one connection against a server, and answers the client's ERROR line without the time.
  private func complaint(
    about converse: @escaping @Sendable (PlainSocket) throws -> Void
  ) async throws -> String {
    let port = try RogueServer.start(converse)
    return try await Spawned.run("simple-client", ["127.0.0.1", "\(port)"]) { client in
      try await client.expectEnd(.exit(1))
      #expect(client.errors == ["1 of 1 connections failed"])
      let line = try #require(client.output.first { $0.hasPrefix("ERROR:") })
      let form = /ERROR:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}:(.*)/
      return String(try #require(line.wholeMatch(of: form)).1)
    }
  }

  @Test func `A wrong greeting is named, with what was expected`() async throws {
    let complaint = try await complaint { peer in
      try peer.write("!")
      _ = try peer.read(1)
    }
    #expect(complaint == "conn0 expected b'*', received b'!' as its greeting")
  }

  @Test func `A wrong answer is named, with what was expected`() async throws {
    let complaint = try await complaint { peer in
      try peer.write("*")
      _ = try peer.read("^abc$de^abte$f".utf8.count)
      try peer.write("bcdXcuf")
      _ = try peer.read(1)
    }
    #expect(complaint == "conn0 expected b'bcdbcuf', received b'bcdXcuf'")
  }

  @Test func `An answer beyond the right one is named, with what was expected`() async throws {
    let complaint = try await complaint { peer in
      try peer.write("*")
      _ = try peer.read("^abc$de^abte$f".utf8.count)
      try peer.write("bcdbcuf!")
      _ = try peer.read(1)
    }
    #expect(complaint == "conn0 expected b'bcdbcuf', received b'bcdbcuf!'")
  }

  @Test func `A server that closes before it greets is named`() async throws {
    let complaint = try await complaint { _ in }
    #expect(complaint == "conn0 expected b'*'; the server closed the connection")
  }

  @Test func `A server that closes in the middle of an answer is named, with what is missing`()
    async throws
  {
    let complaint = try await complaint { peer in
      try peer.write("*")
      _ = try peer.read("^abc$de^abte$f".utf8.count)
      try peer.write("bcd")
    }
    #expect(complaint == "conn0 expected b'bcuf'; the server closed the connection")
  }

  @Test func `A port where nobody listens is named, with the next action`() async throws {
    let (socket, port) = try PlainSocket.bound()
    defer { withExtendedLifetime(socket) {} }
    try await Spawned.run("simple-client", ["127.0.0.1", "\(port)"]) { client in
      try await client.expectEnd(.exit(1))
      let line = try #require(client.output.first)
      #expect(line.contains("conn0 connect 127.0.0.1:\(port): connection refused"))
      #expect(line.contains("check that a server is listening there"))
    }
  }
}
