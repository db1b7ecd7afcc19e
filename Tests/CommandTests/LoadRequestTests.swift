import ArgumentParser
import Foundation
import Switchboard
import SwitchboardBase
import SwitchboardLoad
import Testing

@testable import SwitchboardCommand

/// Where load goes, and what is asked there, as it is written.
@Suite("Requests of a load") struct LoadRequestTests {
  private func server(_ host: String, _ port: UInt16) -> LoadTarget.Place {
    .server(HostPort(host: host, port: port))
  }

  @Test func `A target is a server, a socket or a URL`() throws {
    #expect(
      try Read.targets("a:1,unix:/run/x,unix:@y").map(\.place)
        == [server("a", 1), .socket(.unix("/run/x")), .socket(.abstract("y"))])
    for (text, place, path, host) in [
      ("http://a", server("a", 80), nil, "a"), ("http://a:80/", server("a", 80), "/", "a"),
      ("http://a:81/b,c?d=1:2", server("a", 81), "/b,c?d=1:2", "a:81"),
      ("http://[::1]/x", server("[::1]", 80), "/x", "[::1]"),
      ("http://[::1]:5?q", server("[::1]", 5), "/?q", "[::1]:5"),
    ] as [(String, LoadTarget.Place, String?, String)] {
      let target = try #require(Read.targets(text).first)
      #expect(target.place == place && target.path == path && target.host == host, "\(text)")
      #expect(target.isURL)
    }
    #expect(LoadTarget(place: server("::1", 5)).host == "[::1]:5")
    #expect(LoadTarget(place: .socket(.unix("/x"))).host == "localhost")
  }

  @Test func `Bytes are written with escapes`() throws {
    #expect(try Read.bytes("a\\r\\n\\t\\\\\\x00\\xfF") == Array("a\r\n\t\\\0".utf8) + [0xFF])
    #expect(try Read.bytes("ä") == Array("ä".utf8))
    for wrong in ["", "\\", "\\x", "\\x1", "\\x1g", "\\x+1", "\\q"] {
      #expect(throws: ValidationError.self) { try Read.bytes(wrong) }
    }
  }

  @Test(arguments: [
    ("GET key", ["GET", "key"]), ("  SET  a\\x20b  ''  ", ["SET", "a b", ""]),
    ("SET \"a b\\\"\" 'c\\n \"'", ["SET", "a b\"", "c\\n \""]), ("a'b'\"c\"", ["abc"]),
  ])
  func `A command is written as words`(text: String, words: [String]) throws {
    #expect(try Read.command(text) == words.map { Array($0.utf8) })
  }

  @Test func `A rate may be a million`() throws {
    #expect(try Read.rates("1M,2m,3K,4k") == [1e6, 2e6, 3e3, 4e3])
    #expect(LoadAssertion("rate>=1M") != nil)
  }

  @Test(arguments: [
    (["a:1"], LoadProtocol.frames), (["http://a"], .http), (["a:1", "--path", "/"], .http),
    (["a:1", "--command", "x"], .resp), (["a:1", "--send", "x", "--expect", "y"], .bytes),
    (["a:1", "--protocol", "line"], .line),
  ])
  func `Options say what is spoken`(words: [String], spoken: LoadProtocol) throws {
    let load = try #require(try Load.parseAsRoot(words) as? LoadServers)
    let targets = try load.servers.all()
    #expect(try load.asking.speaking(load.shape.speaking, to: targets) == spoken)
  }

  @Test func `A rate of connections is one of requests that make them`() throws {
    for (words, rate, churn) in [
      (["--connection-rate", "500"], 500.0, 1),
      (["--connection-rate", "1k", "--churn", "3"], 3000, 3),
    ] {
      let load = try #require(try Load.parseAsRoot(["a:1"] + words) as? LoadServers)
      let options = try load.shape.options(on: [.loopback(port: 1)], speaking: .echo, nil)
      #expect(options.rates == [rate] && options.churn == churn)
    }
  }
}

extension LoadTests {
  @Test func `Any server is asked for what one writes`() async throws {
    try await LoadTests.serving(["--protocol", "line"]) { server in
      let base = ["load", server, "-c", "2", "--requests", "300", "--quiet", "--processes", "2"]
      for expected in [
        ["--expect", "OK hi\\n"], ["--expect-length", "6"], ["--expect-until", "\\n"],
      ] {
        let words = base + ["--send", "ECHO hi\\n"] + expected
        try await Spawned.run("switchboard", words) { load in
          try await load.expectEnd(.exit(0))
          #expect(
            load.output.contains { $0.contains("300 requests due, all answered, every reply") })
        }
      }
      let json = base + ["--send", "ECHO hi\\n", "--expect-until", "\\n", "--json", "-"]
      try await Spawned.run("switchboard", json) { load in
        try await load.expectEnd(.exit(0))
        #expect(load.output.count == 1 && load.output.first?.hasPrefix("{") == true)
      }
      // It speaks no HTTP: that is told in a line.
      let url = ["load", "http://\(server)/", "-c", "1", "--duration", "100ms", "--quiet"]
      try await Spawned.run("switchboard", url) { load in
        try await load.expectEnd(.exit(1))
        let text = load.output.joined(separator: " ")
        #expect(text.contains("wrong reply (first: no status line of HTTP/1"), "\(text)")
      }
    }
  }

  @Test func `A body that is no file is told before anything is sent`() async throws {
    let words = ["load", "http://127.0.0.1:1/", "--body-file", "/nowhere/body"]
    try await Spawned.run("switchboard", words) { load in
      try await load.expectEnd(.exit(1))
      #expect(load.errors.count == 1)
      #expect(load.errors.first?.contains("'/nowhere/body'") == true, "\(load.errors)")
    }
  }
}
