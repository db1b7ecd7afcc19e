import Foundation
import Glibc
import Switchboard
import Testing

/// `switchboard serve`: protocols, backends and loops.
@Suite(.timeLimit(.minutes(15)))
struct ServeTests {
  /// What this machine can wait with.
  static let backends: [String] = {
    let chosen = Server.BackendName.auto.choice().backend.rawValue
    return ["select", "poll", "epoll"] + (chosen == "io_uring" ? [chosen] : [])
  }()

  private func serving(
    _ options: [String], _ body: (Spawned, UInt16) async throws -> Void
  ) async throws {
    try await Spawned.run("switchboard", ["serve", "--port", "0"] + options) { server in
      try await body(server, try await server.listeningPort())
    }
  }

  @Test func `The backend that auto takes is named in a line of its own`() async throws {
    let choice = Server.BackendName.auto.choice()
    let reason = choice.reason.map { " (\($0))" } ?? ""
    try await serving([]) { server, port in
      #expect(
        server.output == [
          "backend: \(choice.backend.rawValue)\(reason)",
          "listening on 127.0.0.1:\(port) (\(choice.backend.rawValue))",
        ])
      let count = try await settle(server.pid, onThreads: 1)
      #expect(count == 1)
    }
  }

  @Test(arguments: backends)
  func `A peer that connects and closes is a line each`(backend: String) async throws {
    try await serving(["--backend", backend]) { server, port in
      let peer = try PlainSocket.connected(to: port)
      #expect(try peer.read(1) == "*")
      peer.end()
      let closed = try await server.line("closed: the peer finished")
      let name = try #require(closed.wholeMatch(of: /peer (127\.0\.0\.1:\d+) closed: .*/)).1
      #expect(server.output.suffix(2).first == "peer \(name) connected")
    }
  }

  @Test func `At level warning peers are served and not spoken of`() async throws {
    let arguments = ["serve", "--host", "0.0.0.0", "--port", "0", "--log-level", "warning"]
    try await Spawned.run("switchboard", arguments) { server in
      let line = try await server.line("other machines can reach", on: .errors)
      let port = try #require(line.firstMatch(of: /:(\d+);/).flatMap { UInt16($0.1) })
      let peer = try PlainSocket.connected(to: port)
      try peer.write("^abc$")
      #expect(try peer.read(4) == "*bcd")
      server.send(SIGTERM)
      #expect(try peer.read(1) == "")
      peer.end()
      try await server.expectEnd(.exit(0))
      #expect(server.output == [])
    }
  }

  @Test(arguments: backends)
  func `Two loops are two threads, and drain together`(backend: String) async throws {
    try await serving(["--backend", backend, "--loops", "2"]) { server, port in
      let count = try await settle(server.pid, onThreads: 2)
      #expect(count == 2)
      for _ in 0..<8 {
        let peer = try PlainSocket.connected(to: port)
        try peer.write("^abc$")
        #expect(try peer.read(4) == "*bcd")
      }
      server.send(SIGTERM)
      try await server.expectEnd(.exit(0))
      #expect(server.output.count { $0.hasPrefix("drained: ") } == 2)
    }
  }

  @Test func `A pinned loop has one processor, and not the other's`() async throws {
    try await serving(["--loops", "2", "--pin"]) { server, _ in
      // The log's thread ends when there is nothing to say.
      _ = try await settle(server.pid, onThreads: 2)
      let tasks = "/proc/\(server.pid)/task"
      let allowed = try FileManager.default.contentsOfDirectory(atPath: tasks).map { task in
        let status = try String(contentsOfFile: "\(tasks)/\(task)/status", encoding: .utf8)
        return String(try #require(status.firstMatch(of: /Cpus_allowed_list:\s+(\S+)/)).1)
      }
      #expect(allowed.count == 2)
      #expect(allowed.allSatisfy { Int($0) != nil })
      #expect(Set(allowed).count == min(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }
  }

  @Test func `Echo sends back what it is sent`() async throws {
    try await serving(["--protocol", "echo"]) { server, port in
      let peer = try PlainSocket.connected(to: port)
      try peer.write("abc\u{0}^$")
      #expect(try peer.read(6) == "abc\u{0}^$")
    }
  }

  @Test func `Line answers its commands`() async throws {
    // The ring's kernel threads would be counted too.
    try await serving(["--protocol", "line", "--backend", "epoll"]) { server, port in
      let peer = try PlainSocket.connected(to: port)
      try peer.write("PING\nSLEEP 1\nREVERSE abc\nQUIT\n")
      #expect(try peer.read(100) == "OK PONG\nOK slept 1\nOK cba\nOK bye\n")
      let count = try await settle(server.pid, onThreads: 1)
      #expect(count == 1)
      let other = try PlainSocket.connected(to: port)
      try other.write("HASH abc\nQUIT\n")
      #expect(try other.read(100) == "OK bcb5b1cc8e5e9165\nOK bye\n")
      let later = try await settle(server.pid, onThreads: 2)
      #expect(later == 2, "the pool has a thread since its first work")
      for peer in [peer, other] { peer.end() }
      server.send(SIGTERM)
      try await server.expectEnd(.exit(0))
    }
  }

  @Test func `Chat lets peers talk to each other`() async throws {
    try await serving(["--protocol", "chat", "--loops", "2"]) { server, port in
      try chat(port)
    }
  }

  @Test func `The chat example does the same`() async throws {
    try await Spawned.run("chat-server", ["0"]) { server in
      try chat(try await server.listeningPort())
      server.send(SIGTERM)
      try await server.expectEnd(.exit(0))
    }
  }

  @Test func `The echo example sends back what it is sent`() async throws {
    try await Spawned.run("echo-server", ["0"]) { server in
      let peer = try PlainSocket.connected(to: try await server.listeningPort())
      try peer.write("hello")
      #expect(try peer.read(5) == "hello")
      peer.end()
      server.send(SIGTERM)
      try await server.expectEnd(.exit(0))
    }
  }

  @Test func `The key-value example answers, and ends when it is told to`() async throws {
    try await Spawned.run("key-value-server", ["0"]) { server in
      let peer = try PlainSocket.connected(to: try await server.listeningPort())
      try peer.write("SET key value\r\nGET key\r\n")
      #expect(try peer.read(16) == "+OK\r\n$5\r\nvalue\r\n")
      peer.end()
      server.send(SIGTERM)
      try await server.expectEnd(.exit(0))
    }
  }

  private func chat(_ port: UInt16) throws {
    let (alice, bob) = (try PlainSocket.connected(to: port), try PlainSocket.connected(to: port))
    func expect(_ peer: PlainSocket, _ text: String) throws {
      #expect(try peer.read(text.utf8.count) == text)
    }
    try alice.write("alice\n")
    let question = "* what is your name?\n"
    try expect(alice, question + "* welcome, alice; here: nobody else; say /who or /quit\n")
    try bob.write("bob\nhello, alice\n")
    try expect(bob, question + "* welcome, bob; here: alice; say /who or /quit\n")
    try expect(alice, "* bob has joined\nbob: hello, alice\n")
    bob.end()
    try expect(alice, "* bob has left\n")
  }
}
