import Foundation
import Glibc
import Testing

/// `switchboard serve --proxy-protocol` and `relay --send-proxy`, with each other and with programs of others.
@Suite(.timeLimit(.minutes(15)))
struct ProxyTests {
  /// Where a program of others is; nil where it is not installed, and what needs it is left out.
  static func program(_ name: String) -> String? {
    ["/usr/sbin/", "/usr/bin/", "/usr/local/sbin/", "/usr/local/bin/"].map { $0 + name }
      .first { access($0, X_OK) == 0 }
  }

  @Test(arguments: [
    (["--proxy-protocol", "v2"], "--trust"),
    (["--trust", "10.0.0.0/8"], "--proxy-protocol"),
    (["--proxy-protocol", "v3", "--trust", "10.0.0.0/8"], "v3"),
    (["--proxy-protocol", "any", "--trust", "10.0.0.1/8"], "'10.0.0.1/8' is nobody to trust"),
    (["--proxy-protocol", "any", "--trust", "10.0.0.0/8,"], "'' is nobody to trust"),
    (["--proxy-protocol", "any", "--trust", "::1", "--trust", "x"], "'x' is nobody to trust"),
  ])
  func `What cannot be meant is one clear line`(options: [String], answer: String) async throws {
    for command in [["serve", "--port", "0"], ["relay", "0", "1"]] {
      try await Spawned.run("switchboard", command + options) { server in
        try await server.expectEnd(.exit(64))
        #expect(server.errors.first?.contains(answer) == true)
      }
    }
  }

  @Test(arguments: ServeTests.backends + ["threads", "pool", "sequential"])
  func `A peer is called by the address that its proxy tells`(model: String) async throws {
    let options = [
      "--proxy-protocol", "any", "--trust", "192.0.2.0/24,127.0.0.1", "--trust", "::1",
    ]
    let arguments = ["serve", "--port", "0", "--model", model] + options
    try await Spawned.run("switchboard", arguments) { server in
      let port = try await server.listeningPort()
      let peer = try PlainSocket.connected(to: port)
      try peer.write("PROXY TCP4 203.0.113.9 198.51.100.2 1000 443\r\n^abc$")
      #expect(try peer.read(4) == "*bcd")
      peer.end()
      _ = try await server.line("peer 203.0.113.9:1000 closed: the peer finished")
    }
  }

  @Test func `A wrong header is told of with its fault`() async throws {
    let options = ["--proxy-protocol", "v2", "--trust", "127.0.0.0/8"]
    try await Spawned.run("switchboard", ["serve", "--port", "0"] + options) { server in
      let port = try await server.listeningPort()
      let peer = try PlainSocket.connected(to: port)
      try peer.write("GET / HTTP/1.1\r\n\r\n")
      let line = try await server.line("closed a connection from 127.0.0.1:", on: .errors)
      #expect(line.contains("it does not begin with a PROXY header of version 2"))
    }
  }

  @Test(arguments: ["v1", "v2"])
  func `A relay tells a server behind whose each connection is`(version: String) async throws {
    let trust = ["--proxy-protocol", version, "--trust", "127.0.0.1"]
    try await Spawned.run("switchboard", ["serve", "--port", "0"] + trust) { server in
      let port = try await server.listeningPort()
      // Two relays: the second passes on what the first one told.
      let second = ["relay", "0", "127.0.0.1:\(port)", "--send-proxy", version] + trust
      try await Spawned.run("switchboard", second) { inner in
        let inside = try await inner.listeningPort()
        let first = ["relay", "0", "127.0.0.1:\(inside)", "--send-proxy", version]
        try await Spawned.run("switchboard", first) { outer in
          let peer = try PlainSocket.connected(to: try await outer.listeningPort())
          let name = "127.0.0.1:\(try peer.localPort)"
          try peer.write("^abc$")
          #expect(try peer.read(4) == "*bcd")
          peer.end()
          _ = try await server.line("peer \(name) closed: the peer finished")
        }
      }
    }
  }

  @Test(arguments: ["v1", "v2"])
  func `Load and the client begin with a header of their own`(version: String) async throws {
    let trust = ["--proxy-protocol", version, "--trust", "127.0.0.0/8"]
    try await Spawned.run("switchboard", ["serve", "--port", "0"] + trust) { server in
      let place = "127.0.0.1:\(try await server.listeningPort())"
      let load = ["load", place, "--connections", "2", "--requests", "50", "--quiet"]
      let (header, client) = (["--proxy-protocol", version], ["client", place, "--quiet"])
      for command in [load, client] {
        try await Spawned.run("switchboard", command + header) { try await $0.expectEnd(.exit(0)) }
      }
      #expect(server.errors.isEmpty)
      // Who sends none is closed.
      try await Spawned.run("switchboard", client) { try await $0.expectEnd(.exit(1)) }
    }
  }

  // ------------------------------------------------------------------------------ with others

  /// Runs a program in the foreground with a file of settings, which is its last argument, while `body` does something.
  ///
  /// - Parameters:
  ///   - words: Its path and its other arguments.
  ///   - input: What it has as its standard input.
  private func with(
    _ words: [String], _ settings: String, input: FileHandle = .nullDevice,
    _ body: (Spawned) async throws -> Void
  ) async throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "switchboard-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "settings")
    try settings.replacing("FOLDER", with: folder.path).write(
      to: file, atomically: true, encoding: .utf8)
    let arguments = Array(words.dropFirst()) + [file.path]
    try await Spawned.run(URL(filePath: words[0]), arguments, input, body)
  }

  /// Runs HAProxy, which passes on what it accepts: whoever connects before it runs waits.
  private func withHAProxy(
    accepting: String = "", to server: String, listeningOn listener: PlainSocket,
    _ body: () async throws -> Void
  ) async throws {
    let settings = """
      global
        maxconn 100
      defaults
        mode tcp
        timeout connect 5s
        timeout client 30s
        timeout server 30s
      listen front
        bind fd@0 \(accepting)
        unique-id-format %{+X}o\\ %ci:%cp_%rt
        server behind \(server)

      """
    let words = [try #require(Self.program("haproxy")), "-db", "-f"]
    try await with(words, settings, input: listener.handle) { _ in try await body() }
  }

  /// Runs nginx with a block of settings. What it says first comes when it listens.
  private func withNginx(
    _ block: String, _ body: (Spawned) async throws -> Void
  ) async throws {
    let module = "/usr/lib/nginx/modules/ngx_stream_module.so"
    let settings = """
      \(access(module, R_OK) == 0 ? "load_module \(module);" : "")
      daemon off; master_process off; pid FOLDER/pid; error_log stderr notice;
      events { worker_connections 64; }
      \(block)

      """
    let nginx = try #require(Self.program("nginx"))
    try await with([nginx, "-e", "/dev/null", "-c"], settings) { nginx in
      try await nginx.line("event method", on: .errors)
      try await body(nginx)
    }
  }

  /// Asks the frames server behind a port.
  private func ask(_ port: UInt16) throws -> PlainSocket {
    let peer = try PlainSocket.connected(to: port)
    try peer.write("^abc$")
    #expect(try peer.read(4) == "*bcd")
    return peer
  }

  @Test(
    .enabled(if: program("haproxy") != nil, "HAProxy is not installed"),
    arguments: [
      "send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id",
      "send-proxy check-send-proxy check inter 50ms",
      "send-proxy-v2 check-send-proxy check inter 50ms",
    ])
  func `HAProxy as a sender`(options: String) async throws {
    let version = options.contains("v2") ? "v2" : "v1"
    let trust = ["--proxy-protocol", version, "--trust", "127.0.0.1"]
    try await Spawned.run("switchboard", ["serve", "--port", "0"] + trust) { server in
      let (listener, front) = try PlainSocket.listening()
      let behind = "127.0.0.1:\(try await server.listeningPort()) \(options)"
      try await withHAProxy(to: behind, listeningOn: listener) {
        let peer = try ask(front)
        let name = "127.0.0.1:\(try peer.localPort)"
        peer.end()
        _ = try await server.line("peer \(name) closed: the peer finished")
        #expect(!server.errors.contains { $0.contains("closed a connection") })
      }
    }
  }

  @Test(
    .enabled(if: program("haproxy") != nil, "HAProxy is not installed"), arguments: ["v1", "v2"])
  func `HAProxy as a receiver`(version: String) async throws {
    let trust = ["--proxy-protocol", "v2", "--trust", "127.0.0.1"]
    try await Spawned.run("switchboard", ["serve", "--port", "0"] + trust) { server in
      let (listener, front) = try PlainSocket.listening()
      let behind = "127.0.0.1:\(try await server.listeningPort()) send-proxy-v2"
      try await withHAProxy(accepting: "accept-proxy", to: behind, listeningOn: listener) {
        let relay = ["relay", "0", "127.0.0.1:\(front)", "--send-proxy", version]
        try await Spawned.run("switchboard", relay) { relay in
          let peer = try ask(try await relay.listeningPort())
          let name = "127.0.0.1:\(try peer.localPort)"
          peer.end()
          // Through both, the peer is who connected to the first.
          _ = try await server.line("peer \(name) closed: the peer finished")
        }
      }
    }
  }

  @Test(.enabled(if: program("nginx") != nil, "nginx is not installed"))
  func `nginx as a sender`() async throws {
    let trust = ["--proxy-protocol", "v1", "--trust", "127.0.0.1"]
    try await Spawned.run("switchboard", ["serve", "--port", "0"] + trust) { server in
      let (front, port) = (try PlainSocket.freePort(), try await server.listeningPort())
      let block = """
        stream { server { listen 127.0.0.1:\(front); proxy_pass 127.0.0.1:\(port); proxy_protocol on; } }
        """
      try await withNginx(block) { _ in
        let peer = try ask(front)
        let name = "127.0.0.1:\(try peer.localPort)"
        peer.end()
        _ = try await server.line("peer \(name) closed: the peer finished")
      }
    }
  }

  @Test(
    .enabled(if: program("nginx") != nil, "nginx is not installed"), arguments: ["v1", "v2"])
  func `nginx as a receiver`(version: String) async throws {
    try await Spawned.run("switchboard", ["serve", "--port", "0"]) { server in
      let (front, port) = (try PlainSocket.freePort(), try await server.listeningPort())
      let block = """
        stream {
          log_format told "told of $proxy_protocol_addr:$proxy_protocol_port";
          access_log /dev/stdout told;
          server { listen 127.0.0.1:\(front) proxy_protocol; proxy_pass 127.0.0.1:\(port); }
        }
        """
      try await withNginx(block) { nginx in
        let relay = ["relay", "0", "127.0.0.1:\(front)", "--send-proxy", version]
        try await Spawned.run("switchboard", relay) { relay in
          let peer = try ask(try await relay.listeningPort())
          let name = "127.0.0.1:\(try peer.localPort)"
          peer.end()
          _ = try await nginx.line("told of \(name)")
        }
      }
    }
  }

  @Test(
    .enabled(
      if: program("nginx") != nil && program("curl") != nil, "nginx or curl is not installed"))
  func `curl as a sender, through a relay, to a server of HTTP`() async throws {
    let front = try PlainSocket.freePort()
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map { "\($0)_temp_path FOLDER/\($0);" }
    let block = """
      http {
        access_log off; \(paths.joined(separator: " "))
        server {
          listen 127.0.0.1:\(front) proxy_protocol;
          return 200 "$proxy_protocol_addr:$proxy_protocol_port";
        }
      }
      """
    try await withNginx(block) { _ in
      let relay = [
        "relay", "0", "127.0.0.1:\(front)", "--proxy-protocol", "v1", "--trust", "127.0.0.1",
        "--send-proxy", "v2",
      ]
      try await Spawned.run("switchboard", relay) { relay in
        let url = "http://127.0.0.1:\(try await relay.listeningPort())/"
        let words = ["-s", "--haproxy-protocol", "-w", " %{local_ip}:%{local_port}", url]
        try await Spawned.run(URL(filePath: try #require(Self.program("curl"))), words) { curl in
          try await curl.expectEnd(.exit(0))
          let said = curl.output.first?.split(separator: " ") ?? []
          #expect(said.count == 2 && said.first == said.last, "\(curl.output)")
        }
      }
    }
  }
}
