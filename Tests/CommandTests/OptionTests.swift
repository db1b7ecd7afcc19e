import Foundation
import Glibc
import Testing

/// What users get wrong, and what the command tells them.
@Suite(.timeLimit(.minutes(15)))
struct OptionTests {
  /// A command line with a wrong value, and what the answer must name.
  struct Wrong: Sendable, CustomTestStringConvertible {
    let arguments: [String]
    let named: [String]
    var testDescription: String { arguments.joined(separator: " ") }

    init(_ arguments: String, names named: String...) {
      self.arguments = arguments.split(separator: " ").map(String.init)
      self.named = named
    }
  }

  @Test(arguments: [
    Wrong(
      "serve --backend kqueue", names: "--backend", "'kqueue'",
      "'auto', 'io_uring', 'epoll', 'poll' or 'select'"),
    Wrong(
      "serve --protocol http", names: "--protocol", "'http'",
      "'frames', 'echo', 'line' or 'chat'"),
    Wrong("serve --loops 0", names: "--loops", "'0'", "from 1 to 256"),
    Wrong("serve --accept-budget none", names: "--accept-budget", "'none'", "from 1 to 65536"),
    Wrong("serve --linger-timeout 2", names: "--linger-timeout", "'2'", "ms, s, m or h"),
    Wrong("serve --outbox-limit 0", names: "--outbox-limit", "'0'", "64k or 8m"),
    Wrong("serve --outbox-limit 2g", names: "--outbox-limit", "'2g'", "64k or 8m"),
    Wrong("serve --outbox-limit 4095m", names: "--outbox-limit", "'4095m'", "1073741824"),
    Wrong("serve --high-watermark -1k", names: "--high-watermark", "'-1k'", "64k or 8m"),
    Wrong("serve --high-watermark +1k", names: "--high-watermark", "'+1k'"),
    Wrong("serve --low-watermark k", names: "--low-watermark", "'k'", "64k or 8m"),
    Wrong("serve --low-watermark 65k", names: "'--low-watermark 65k'", "65536 bytes", "raise"),
    Wrong(
      "serve --high-watermark 2m --outbox-limit 1m", names: "'--high-watermark 2m'",
      "1048576 bytes", "raise '--outbox-limit'"),
    Wrong("backends --all", names: "--all"),
    Wrong("serve --port 70000", names: "--port", "'70000'", "0 to 65535"),
    Wrong("serve --port nine", names: "--port", "'nine'", "0 to 65535"),
    Wrong("serve --port=-1", names: "--port", "'-1'", "0 to 65535"),
    Wrong("serve --max-connections 0", names: "--max-connections", "'0'", "from 1"),
    Wrong("serve --idle-timeout 30", names: "--idle-timeout", "'30'", "ms, s, m or h", "'never'"),
    Wrong("serve --idle-timeout 0s", names: "--idle-timeout", "'0s'", "above 0"),
    Wrong("serve --drain-timeout 10", names: "--drain-timeout", "'10'", "ms, s, m or h"),
    Wrong("serve --drain-timeout -1s", names: "--drain-timeout", "'-1s'", "ms, s, m or h"),
    Wrong("serve --drain-timeout 25h", names: "--drain-timeout", "'25h'", "up to 24h"),
    Wrong(
      "serve --drain-timeout 99999999999999999999ms", names: "--drain-timeout", "ms, s, m or h"),
    Wrong(
      "serve --log-level loud", names: "--log-level", "'loud'", "trace, debug, info", "critical"),
    Wrong("serve --dual-stack", names: "--dual-stack", "127.0.0.1", "'--host ::'"),
    Wrong("serve --speed 3", names: "--speed"),
    Wrong("serve --speed -3", names: "--speed"),
    Wrong("serve --port -1", names: "--port", "'-1'", "0 to 65535"),
    Wrong("serve --port", names: "missing value", "--port"),
    Wrong("simulate --tls --protocol proxied", names: "'--tls'", "'--protocol proxied'"),
    Wrong("serve --prot frames", names: "'--prot'", "'--port'"),
    Wrong("load localhost:9090 --connections -1", names: "--connections", "'-1'", "from 0 to"),
    Wrong("load localhost:9090 --rate -5", names: "--rate", "'-5'", "10k"),
    Wrong("load localhost:9090 --rate", names: "missing value", "--rate"),
    Wrong("client -n -1 localhost 9090", names: "-n", "'-1'", "from 1 to 1000000"),
    Wrong("demo -n -1", names: "-n", "'-1'", "from 1 to 100"),
    Wrong("simulate --seeds -1", names: "--seeds", "'-1'", "from 1 to"),
    Wrong("simulate --trace", names: "'--trace'", "'--seed <seed>'"),
    Wrong("simulate --faults awful", names: "--faults", "'awful'", "'harsh'"),
    Wrong("timeline", names: "<file>"),
    Wrong("timeline a.rec --from 2s --to 1s", names: "'--from'", "'--to'"),
    Wrong("explain --out a.html --from 2s", names: "'--from'", "give its file"),
    Wrong("explain a.rec --out a.html --from 2s --to 1s", names: "'--from'", "'--to'"),
    Wrong("backends epoll", names: "'epoll'"),
    Wrong("experiment", names: "<name>"),
    Wrong("compare --connections -1", names: "--connections", "'-1'", "from 1 to 1000000"),
    Wrong("serve --model fibers", names: "--model", "'fibers'", "sequential", "pool"),
    Wrong("serve --model pool --backend epoll", names: "'--model pool'", "'--backend epoll'"),
    Wrong("serve --model threads --loops 2", names: "'--loops'", "'--model threads'"),
    Wrong("serve --threads 4", names: "'--threads'", "'--model pool'"),
    Wrong(
      "serve --model threads --max-connections 100000", names: "'--max-connections 100000'",
      "16384", "lower it"),
    Wrong("load", names: "<host:port>"),
    Wrong("load localhost", names: "'localhost'", "host:port"),
    Wrong("load localhost:0", names: "'localhost:0'", "host:port"),
    Wrong("load localhost:9090 9091", names: "'9091'"),
    Wrong("load mrege a.json", names: "'a.json' is invalid: give a number"),
    Wrong("load localhost:9090 --protocol gopher", names: "--protocol", "'gopher'", "http"),
    Wrong("load https://localhost", names: "'https://localhost'", "http://host:port/path"),
    Wrong("load http://", names: "'http://'", "no host"),
    Wrong("load http://localhost:0/", names: "'http://localhost:0/'", "http://host:port"),
    Wrong("load http://me@localhost", names: "'http://me@localhost'", "'--header'"),
    Wrong("load http://a/,http://b/", names: "'http://a/,http://b/'", "more than one URL"),
    Wrong("load http://a:1,b:2/", names: "'http://a:1,b:2/'", "host:port,host:port", "'--path'"),
    Wrong("load http://localhost/#x", names: "'http://localhost/#x'", "leave it out"),
    Wrong("load http://localhost/ --protocol echo", names: "'http://'", "'--protocol echo'"),
    Wrong("load http://localhost/a --path /b", names: "'--path'", "leave one out"),
    Wrong("load unix:", names: "'unix:'", "unix:/run/app.sock"),
    Wrong("load unix:/\(String(repeating: "x", count: 107))", names: "1 to 107 bytes"),
    Wrong("load localhost:1 --path x", names: "'x' is no path", "'/'"),
    Wrong("load localhost:1 --method CONNECT", names: "CONNECT", "give another"),
    Wrong("load localhost:1 --header x", names: "--header", "'x'", "Name: value"),
    Wrong("load localhost:1 --header Content-Length:5", names: "'Content-Length'", "leave it out"),
    Wrong("load localhost:1 --body x --body-file y", names: "'--body'", "leave one out"),
    Wrong("load localhost:1 --protocol http --size 5", names: "'--size'", "leave it out"),
    Wrong("load localhost:1 --protocol resp", names: "needs '--command'", "'GET key'"),
    Wrong("load localhost:1 --command 'a", names: "--command", "end what a quote begins"),
    Wrong("load localhost:1 --command a --path /", names: "'--command'", "'--path'", "leave one"),
    Wrong(
      "load localhost:1 --command a --protocol http", names: "'--command'", "'--protocol http'"),
    Wrong("load localhost:1 --protocol bytes", names: "needs '--send'"),
    Wrong("load localhost:1 --send x", names: "'--expect-until'", "give one"),
    Wrong(
      "load localhost:1 --send x --expect y --expect-length 1", names: "'--expect-length'",
      "no more than one"),
    Wrong("load localhost:1 --send a\\q", names: "--send", "'a\\q'", "\\x0A"),
    Wrong("load localhost:1 --send x --expect-length 0", names: "--expect-length", "'0'"),
    Wrong(
      "load localhost:1 --rate 5 --connection-rate 5", names: "'--connection-rate'",
      "leave one out"),
    Wrong("load localhost:1 --connection-rate x", names: "--connection-rate", "'x'", "10k"),
    Wrong("load localhost:9090 --size 16..8", names: "--size", "'16..8'", "exp:512"),
    Wrong("load localhost:9090 --rate 0", names: "--rate", "'0'", "10k"),
    Wrong("load localhost:9090 --rate 5 --requests 7", names: "--requests", "--duration"),
    Wrong("load localhost:9090 --burst 5", names: "'--burst'", "'--rate'"),
    Wrong("load localhost:9090 --duration 0s", names: "--duration", "'0s'", "above 0"),
    Wrong("load localhost:9090 --source nine", names: "--source", "'nine'", "127.0.0.2"),
    Wrong("load localhost:9090 --assert p99=5", names: "--assert", "'p99=5'", "5ms"),
    Wrong("load localhost:9090 --out a --csv a", names: "'--out'", "'--csv'", "give two files"),
    Wrong("load localhost:9090 --processes 9 --connections 3", names: "'--processes 9'"),
    Wrong("load localhost:9090 --protocol line --size 4k", names: "1019", "lower"),
    Wrong("load merge", names: "<file>"),
    Wrong("load show", names: "<file>"),
    Wrong("load show a.json b.json", names: "'b.json'"),
    Wrong("load diff a.json b.json --out c.json", names: "'--out c.json'", ".html", "folder"),
    Wrong(
      "load localhost:9090 --against localhost", names: "--against", "'localhost'", "host:port"),
    Wrong(
      "load localhost:9090 --against localhost:9090 --repeat 3", names: "'--repeat 3'",
      "fewer than 4",
      "'--repeat 5'"),
    Wrong(
      "load localhost:9090 --against localhost:9091 --baseline a.json", names: "'--baseline'",
      "'--against'"),
    Wrong("load localhost:9090 --against localhost:9091 --csv a.csv", names: "'--csv'", "'--out'"),
    Wrong("load localhost 0", names: "'0'", "1 to 65535"),
    Wrong("client localhost:9090,localhost:9091", names: "'localhost:9090,localhost:9091'"),
    Wrong("client localhost", names: "'localhost'", "host:port"),
    Wrong("serve localhost", names: "'localhost'", "[::1]:9090"),
    Wrong("serve localhost:70000", names: "'localhost:70000'", "65535"),
    Wrong("serve localhost:0 --port 0", names: "'localhost:0'", "'--port'"),
    Wrong("serve localhost:0 --host ::", names: "'localhost:0'", "'--host'"),
    Wrong("simulate --duration 20", names: "--duration", "'20'", "ms, s, m or h"),
    Wrong("compare --out -", names: "compare: a report is", "'--out'", "folder"),
    Wrong("experiment all --out -", names: "'--out'", "folder"),
    Wrong("timeline a.rec --from 2", names: "--from", "'2'", "ms, s, m or h"),
    Wrong("client -n 0 localhost 9090", names: "-n", "'0'", "from 1 to 1000000"),
    Wrong("client localhost 0", names: "'0'", "1 to 65535"),
    Wrong("client", names: "<host:port>"),
    Wrong("demo -n 101", names: "-n", "'101'", "from 1 to 100"),
    Wrong("experiment waiting-cost --active 0", names: "--active", "'0'", "from 1 to 1024"),
    Wrong("experiment waiting-cost --idle lots", names: "--idle", "'lots'", "from 0 to 10000"),
    Wrong(
      "experiment select-walls", names: "'select-walls'", "'switchboard experiment list'"),
    Wrong("compare --models kqueue", names: "--models", "'kqueue'", "epoll", "io_uring"),
    Wrong("compare --connections 10,0", names: "--connections", "'10,0'", "from 1 to 1000000"),
    Wrong("compare --duration 5m", names: "--duration", "'5m'", "100ms to 60s"),
    Wrong("compare --repeat 0", names: "--repeat", "'0'", "from 1 to 100"),
    Wrong("sell", names: "'sell'"),
  ])
  func `A wrong value is answered with the option, the value and what is allowed`(wrong: Wrong)
    async throws
  {
    try await Spawned.run("switchboard", wrong.arguments) { command in
      try await command.expectEnd(.exit(64))
      #expect(command.errors.count == 1, "one line: \(command.errors)")
      let answer = command.errors.first ?? ""
      for name in wrong.named { #expect(answer.contains(name), "\(answer)") }
      // Which subcommand says so, and where its options are.
      let form = /(switchboard(?: [a-z-]+)*): .+ \(see '(switchboard(?: [a-z-]+)*) --help'\)/
      let match = try #require(answer.wholeMatch(of: form), "\(answer)")
      #expect(match.1 == match.2)
      #expect("switchboard \(wrong.arguments.joined(separator: " "))".hasPrefix(match.1))
      #expect(command.output == [])
    }
  }

  @Test(arguments: [
    ("epoll-server", ["ninety"]), ("poll-server", ["70000"]), ("select-server", ["1", "2"]),
    ("echo-server", ["-1"]), ("chat-server", ["9090", "9091"]),
    ("key-value-server", ["redis"]),
    ("simple-client", []), ("simple-client", ["-n", "0", "localhost", "9090"]),
    ("simple-client", ["-n"]), ("simple-client", ["localhost", "0"]),
  ])
  func `An example that is called wrongly prints its usage`(program: String, arguments: [String])
    async throws
  {
    try await Spawned.run(program, arguments) { example in
      try await example.expectEnd(.exit(64))
      #expect(example.errors.count == 1)
      #expect(example.errors.first?.hasPrefix("usage: \(program)") == true)
    }
  }

  @Test(arguments: [
    [], ["demo"], ["serve"], ["client"], ["load"], ["load", "merge"], ["load", "show"],
    ["backends"],
    ["experiment"], ["experiment", "list"], ["experiment", "waiting-cost"], ["experiment", "run"],
    ["compare"], ["simulate"], ["timeline"], ["top"],
  ])
  func `Help fits 80 columns, and shows an example where there is something to choose`(
    subcommand: [String]
  ) async throws {
    try await Spawned.run("switchboard", subcommand + ["--help"]) { command in
      try await command.expectEnd(.exit(0))
      #expect(command.output.allSatisfy { $0.count <= 80 })
      #expect(command.output.first?.hasPrefix("OVERVIEW: ") == true)
      if subcommand.last != "list" {
        let shown = (["  switchboard"] + subcommand).joined(separator: " ")
        #expect(command.output.contains { $0.hasPrefix(shown) })
      }
    }
  }

  @Test(arguments: [
    [], ["help"], ["help", "serve"], ["load", "-h"], ["experiment", "waiting-cost", "--help"],
  ])
  func `Help that is asked for is no mistake`(arguments: [String]) async throws {
    try await Spawned.run("switchboard", arguments) { command in
      try await command.expectEnd(.exit(0))
      #expect(command.output.first?.hasPrefix("OVERVIEW: ") == true)
      #expect(command.errors == [])
    }
  }

  @Test func `What a user wrote cannot make a second line or command the terminal`() async throws {
    let arguments = ["serve", "--protocol", "a\nb\u{1B}[2Jc"]
    try await Spawned.run("switchboard", arguments) { command in
      try await command.expectEnd(.exit(64))
      #expect(command.errors.count == 1)
      #expect(command.errors.first?.contains("'a b\\x1B[2Jc'") == true, "\(command.errors)")
    }
  }

  @Test func `The version is three numbers`() async throws {
    try await Spawned.run("switchboard", ["--version"]) { command in
      try await command.expectEnd(.exit(0))
      #expect(command.output.first?.wholeMatch(of: /\d+\.\d+\.\d+/) != nil)
    }
  }
}
