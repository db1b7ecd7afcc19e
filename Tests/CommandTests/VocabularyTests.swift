import ArgumentParser
import SwitchboardBase
import Testing

@testable import SwitchboardCommand

/// The words of the command line that all subcommands share.
@Suite("Vocabulary") struct VocabularyTests {
  @Test(arguments: [
    ("500ms", Duration.milliseconds(500)), ("2s", .seconds(2)), ("1m", .seconds(60)),
    ("1.5s", .milliseconds(1500)), (".5s", .milliseconds(500)), ("0s", .zero),
    ("1h", .seconds(3600)),
    ("250us", .microseconds(250)), ("250µs", .microseconds(250)), ("7ns", .nanoseconds(7)),
    ("0.25h", .seconds(900)), ("1.0000000004s", .seconds(1)),
  ])
  func `A time is a number and its unit`(text: String, time: Duration) {
    #expect(Figures.time(text) == time)
  }

  @Test(arguments: [
    "", "s", "10", "10 s", "+1s", "-1s", "1e3s", "0x1s", ".s", "1.s", "1.2.3s", "nans", "infs",
    "1d",
    "99999999999999999999ns", "9223372036854775807s", "2562048h", "١s", "1,5s",
  ])
  func `What is no time is none`(text: String) { #expect(Figures.time(text) == nil) }

  @Test func `Every option that takes a time reads it alike`() throws {
    #expect(try Read.time("0s").duration == .zero)
    #expect(try Read.time("1500us").duration == .microseconds(1500))
    #expect(try Read.timeAboveZero("24h").duration == .seconds(86_400))
    #expect(try Read.timeOrNever("never").duration == nil)
    #expect(try CompareReading.duration("0.5s").duration == .milliseconds(500))
    for text in ["0s", "25h", "5"] {
      #expect(throws: ValidationError.self) { try Read.timeAboveZero(text) }
      #expect(throws: ValidationError.self) { try Read.timeOrNever(text) }
      #expect(throws: ValidationError.self) { try CompareReading.duration(text) }
    }
  }

  @Test(arguments: [
    (["localhost:9090"], "localhost", 9090), (["[::1]:9090"], "[::1]", 9090),
    (["localhost", "9090"], "localhost", 9090), (["::1", "9090"], "::1", 9090),
    (["[::1]", "9090"], "[::1]", 9090), (["9090"], "localhost", 9090),
    (["127.0.0.1:1"], "127.0.0.1", 1),
  ])
  func `A server is named in one word or in two`(words: [String], host: String, port: UInt16) throws
  {
    let server = try ServerArguments.parse(words).one()
    #expect(server.name == host && server.port == port)
  }

  @Test(arguments: [
    ["localhost"], ["localhost:"], [":9090"], ["localhost:0"], ["localhost:+1"],
    ["localhost:65536"],
    ["0"], ["a:1,b:2"], ["a:1", "2"], ["[::1]:1", "2"], ["a:1,"],
  ])
  func `What names no server is refused`(words: [String]) {
    #expect(throws: (any Error).self) { try ServerArguments.parse(words).one() }
  }

  @Test func `Several servers have commas between`() throws {
    let servers = try ServerArguments.parse(["a:1,[::1]:2,3"]).all()
    #expect(
      servers.map(\.name) == ["a", "[::1]", "localhost"] && servers.map(\.port) == [1, 2, 3])
  }

  @Test(arguments: [
    ("load a:1 --json x", "load a:1 --out x"), ("load a:1 --json=x", "load a:1 --out=x"),
    ("load merge a b --json x", "load merge a b --out x"),
    ("load --json x merge a b", "load merge --out x a b"),
    ("load --quiet merge a", "load merge --quiet a"),
    ("load --csv merge a:1", "load --csv merge a:1"),
    ("timeline f --output x --clients 3", "timeline f --out x --connections 3"),
    ("compare --rounds 1", "compare --repeat 1"),
    ("simulate --seconds 20", "simulate --duration 20s"),
    ("simulate --seconds=20", "simulate --duration=20s"),
    ("simulate --seconds x", "simulate --duration x"),
    ("load --help", "load run --help"), ("load -h", "load run -h"), ("help load", "help load run"),
    ("load merge --help", "load merge --help"), ("serve --json x", "serve --json x"), ("", ""),
  ])
  func `Spellings of earlier versions are today's`(old: String, new: String) {
    let words = { (line: String) in line.split(separator: " ").map(String.init) }
    #expect(Spelling.present(words(old)) == words(new))
  }

  @Test(arguments: ["demo", "client", "load run", "compare", "timeline", "top"])
  func `Connections are counted by one name`(command: String) async throws {
    try await Spawned.run(
      "switchboard", command.split(separator: " ").map(String.init) + ["--help"]
    ) {
      try await $0.expectEnd(.exit(0))
      #expect($0.output.contains { $0.contains("-c, ") && $0.contains("--connections <") })
    }
  }

  @Test func `No help mentions what is spelled otherwise now`() async throws {
    for command in ["load", "timeline", "compare", "simulate"] {
      try await Spawned.run("switchboard", [command, "--help"]) {
        try await $0.expectEnd(.exit(0))
        let text = $0.output.joined(separator: "\n")
        for old in ["--json", "--output", "--clients", "--rounds", "--seconds"] {
          #expect(!text.contains(old), "\(command): \(old)")
        }
      }
    }
  }

  @Test func `A server listens where one word says`() async throws {
    for word in ["127.0.0.1:0", "0"] {
      try await Spawned.run("switchboard", ["serve", word, "--backend", "epoll"]) { server in
        let port = try await server.listeningPort()
        #expect(server.output.first == "listening on 127.0.0.1:\(port) (epoll)")
        for words in [["127.0.0.1:\(port)"], ["\(port)"], ["localhost", "\(port)"]] {
          try await Spawned.run("switchboard", ["client", "--quiet"] + words) {
            try await $0.expectEnd(.exit(0))
          }
        }
        try await Spawned.run("simple-client", ["localhost:\(port)"]) { client in
          try await client.expectEnd(.exit(0))
          try TranscriptTests.check(client.output, connections: 1)
        }
      }
    }
  }
}
