import Foundation
import Glibc
import Testing

/// Where a server listens, and what stands in its way.
@Suite(.timeLimit(.minutes(15)))
struct AddressTests {
  static let hasIPv6 =
    (try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8))?
    .contains("00000000000000000000000000000001") ?? false
  /// The lowest port that anybody may listen on.
  static let firstFreePort =
    (try? String(contentsOfFile: "/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding: .utf8))
    .flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) } ?? 1024

  @Test(arguments: ["switchboard", "epoll-server"])
  func `A port in use is one line with the next action`(program: String) async throws {
    try await Spawned.run("epoll-server", ["0"]) { first in
      let port = "\(try await first.listeningPort())"
      let arguments = program == "switchboard" ? ["serve", "--port", port] : [port]
      try await Spawned.run(program, arguments) { second in
        try await second.expectEnd(.exit(1))
        #expect(second.output == [])
        #expect(second.errors.count == 1)
        let line = try #require(second.errors.first)
        #expect(line.contains("bind 127.0.0.1:\(port): address already in use"))
        #expect(line.contains("choose another port"))
      }
    }
  }

  @Test(.enabled(if: geteuid() != 0 && AddressTests.firstFreePort > 81))
  func `A forbidden port is one line with the next action`() async throws {
    try await Spawned.run("switchboard", ["serve", "--port", "81"]) { server in
      try await server.expectEnd(.exit(1))
      #expect(server.errors.count == 1)
      #expect(server.errors.first?.contains("choose a port above 1023") == true)
    }
  }

  @Test(arguments: [
    ("nosuch.invalid", "cannot resolve host 'nosuch.invalid'"),
    ("192.0.2.1", "use an address that this machine has"),
  ])
  func `A host that cannot be listened on is one line with the next action`(
    host: String, answer: String
  ) async throws {
    try await Spawned.run("switchboard", ["serve", "--host", host, "--port", "0"]) { server in
      try await server.expectEnd(.exit(1))
      #expect(server.errors.count == 1)
      #expect(server.errors.first?.contains(answer) == true)
    }
  }

  @Test(.enabled(if: AddressTests.hasIPv6), arguments: ["::1", "[::1]"])
  func `A server on the IPv6 loopback address serves`(host: String) async throws {
    let arguments = ["serve", "--host", host, "--port", "0", "--backend", "epoll"]
    try await Spawned.run("switchboard", arguments) { server in
      let port = try await server.listeningPort()
      #expect(server.output == ["listening on [::1]:\(port) (epoll)"])
      try await Spawned.run("simple-client", ["::1", "\(port)"]) { client in
        try await client.expectEnd(.exit(0))
        try TranscriptTests.check(client.output, connections: 1)
      }
      #expect(server.errors == [])
    }
  }

  @Test(.enabled(if: AddressTests.hasIPv6))
  func `A dual-stack server takes an IPv4 peer`() async throws {
    let arguments = ["serve", "--host", "::", "--dual-stack", "--port", "0"]
    try await Spawned.run("switchboard", arguments) { server in
      let port = try await server.listeningPort()
      let peer = try PlainSocket.connected(to: port)
      #expect(try peer.read(1) == "*")
    }
  }

  @Test(.enabled(if: AddressTests.hasIPv6))
  func `An IPv6 server leaves IPv4 alone unless it is asked to`() async throws {
    try await Spawned.run("switchboard", ["serve", "--host", "::", "--port", "0"]) { server in
      let port = try await server.listeningPort()
      #expect(throws: PlainSocket.Failure.self) { try PlainSocket.connected(to: port) }
    }
  }

  @Test func `A server that other machines can reach says so, and warnings come alone if asked`()
    async throws
  {
    let arguments = ["serve", "--host", "0.0.0.0", "--port", "0", "--log-level", "warning"]
    try await Spawned.run("switchboard", arguments) { server in
      let warning = try await server.line("other machines can reach", on: .errors)
      #expect(warning.hasPrefix("warning: other machines can reach 0.0.0.0:"))
      server.send(SIGTERM)
      try await server.expectEnd(.exit(0))
      #expect(server.output == [])
    }
  }
}
