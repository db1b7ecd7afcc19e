import Foundation
import Testing

/// The article's session: three clients at once against one server thread.
@Suite(.timeLimit(.minutes(15)))
struct TranscriptTests {
  /// What one connection prints, without what comes before its name.
  static let conversation = [
    "connected...", "sending b'^abc$de^abte$f'", "received b'bcdbcuf'",
    "sending b'xyz^123'", "received b'234'",
    "sending b'25$^ab0000$abab'", "received b'36bc1111'", "disconnecting",
  ]

  /// Checks the lines of a client's run with so many connections, and its elapsed time.
  static func check(_ lines: [String], connections: Int) throws {
    let form = /INFO:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}:(conn\d+) (.*)/
    var said: [String: [String]] = [:]
    for line in lines.dropLast() {
      let match = try #require(line.wholeMatch(of: form), "not in the article's form: \(line)")
      said[String(match.1), default: []].append(String(match.2))
    }
    let names = (0..<connections).map { "conn\($0)" }
    #expect(said.keys.sorted() == names.sorted())
    for name in names { #expect(said[name] == TranscriptTests.conversation) }
    // All run at once: everybody has connected before anybody has disconnected.
    let lastConnected = lines.lastIndex { $0.hasSuffix("connected...") }
    let firstEnd = lines.firstIndex { $0.hasSuffix("disconnecting") }
    #expect(try #require(lastConnected) < (try #require(firstEnd)))
    let elapsed = lines.last?.wholeMatch(of: /Elapsed: (\d+\.\d+)/).flatMap { Double($0.1) }
    #expect(try #require(elapsed) >= 2.2)
  }

  @Test(arguments: ["select", "poll", "epoll"])
  func `Three clients have the article's conversation with each example server`(
    mechanism: String
  ) async throws {
    try await Spawned.run("\(mechanism)-server", ["0"]) { server in
      let port = try await server.listeningPort()
      #expect(server.output == ["listening on 127.0.0.1:\(port), waiting with \(mechanism)"])
      try await Spawned.run("simple-client", ["-n", "3", "localhost", "\(port)"]) { client in
        try await client.expectEnd(.exit(0))
        try TranscriptTests.check(client.output, connections: 3)
        #expect(client.errors == [])
      }
      try await server.lines("closed: the peer finished", count: 3)
      #expect(server.output.count { $0.hasSuffix(" connected") } == 3)
      let count = try await settle(server.pid, onThreads: 1)
      #expect(count == 1)
    }
  }

  @Test(arguments: ServeTests.backends)
  func `The command's server and client have the same conversation`(backend: String)
    async throws
  {
    try await Spawned.run("switchboard", ["serve", "--backend", backend, "--port", "0"]) { server in
      let port = try await server.listeningPort()
      #expect(server.output == ["listening on 127.0.0.1:\(port) (\(backend))"])
      let arguments = ["client", "-n", "3", "127.0.0.1", "\(port)"]
      try await Spawned.run("switchboard", arguments) { client in
        try await client.expectEnd(.exit(0))
        try TranscriptTests.check(client.output, connections: 3)
      }
      let count = try await settle(server.pid, onThreads: 1)
      #expect(count == 1)
    }
  }

  @Test func `A quiet client prints the elapsed time alone`() async throws {
    try await Spawned.run("epoll-server", ["0"]) { server in
      let port = try await server.listeningPort()
      let arguments = ["client", "--quiet", "127.0.0.1", "\(port)"]
      try await Spawned.run("switchboard", arguments) { client in
        try await client.expectEnd(.exit(0))
        #expect(client.output.count == 1)
        let elapsed = client.output.first?.wholeMatch(of: /Elapsed: (\d+\.\d+)/)?.1
        #expect(try #require(elapsed.flatMap { Double($0) }) >= 2.2)
      }
    }
  }

  @Test func `Clients beyond the descriptor limit wait and are served in their turn`()
    async throws
  {
    try await Spawned.run("epoll-server", ["0"], descriptorLimit: 64) { server in
      let port = try await server.listeningPort()
      try await Spawned.run("simple-client", ["-n", "48", "127.0.0.1", "\(port)"]) { client in
        try await client.expectEnd(.exit(0))
        #expect(client.output.count { $0.hasSuffix("disconnecting") } == 48)
      }
      try await server.line("accepting paused")
      try await server.line("accepting again")
    }
  }
}

/// The number of threads that a process at rest has, as the kernel tells it: the one that writes the log
/// goes when there is nothing to write. Waits for that, to the test's time limit.
func settle(_ pid: Int32, onThreads wanted: Int) async throws -> Int {
  while true {
    let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    let count = try #require(status.firstMatch(of: /Threads:\s+(\d+)/).flatMap { Int($0.1) })
    if count == wanted { return count }
    try await Task.sleep(for: .milliseconds(5))
  }
}
