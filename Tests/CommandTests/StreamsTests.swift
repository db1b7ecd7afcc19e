import Foundation
import SwitchboardBase
import Testing

/// Results on standard output, and nothing else; progress and notices on standard error.
@Suite(.timeLimit(.minutes(15)), .serialized)
struct StreamsTests {
  private func inFolder(_ body: (URL) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder)
  }

  private func serving(_ options: [String] = [], _ body: (String) async throws -> Void) async throws
  {
    try await Spawned.run("switchboard", ["serve", "0", "--backend", "epoll"] + options) { server in
      try await body("127.0.0.1:\(try await server.listeningPort())")
      #expect(server.errors == [])
      server.send(SIGTERM)
      try await server.expectEnd(.exit(0))
    }
  }

  private func object(_ lines: [String]) throws -> [String: Any] {
    let text = lines.joined(separator: "\n")
    return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test func `A load's result is JSON where that is asked for, and so is what is made of it`()
    async throws
  {
    try await inFolder { folder in
      let file = folder.appending(path: "a.json").path
      try await serving { server in
        let words = ["load", server, "-c", "2", "--duration", "0.3s", "--warm-up", "0s"]
        try await Spawned.run("switchboard", words + ["--out", "-"]) { load in
          try await load.expectEnd(.exit(0))
          #expect(try object(load.output)["format"] as? String == "switchboard load 2")
          #expect(load.errors.contains { $0.hasPrefix("Rate ") })
          try load.output.joined().write(toFile: file, atomically: true, encoding: .utf8)
        }
        try await Spawned.run("switchboard", words) { load in
          try await load.expectEnd(.exit(0))
          #expect(load.output.first?.hasPrefix(server) == true)
          #expect(load.errors.allSatisfy { $0.contains(" p50 ") || $0.hasPrefix("connecting") })
        }
      }
      for words in [["merge", file, file], ["show", file]] {
        try await Spawned.run("switchboard", ["load"] + words + ["-o", "-"]) { load in
          try await load.expectEnd(.exit(0))
          #expect(try object(load.output)["result"] != nil)
        }
        try await Spawned.run("switchboard", ["load"] + words + ["--csv", "-"]) { load in
          try await load.expectEnd(.exit(0))
          #expect(load.output.first?.hasPrefix("start_s,") == true)
          #expect(load.output.last?.hasPrefix("all,") == true)
        }
        try await Spawned.run("switchboard", ["load"] + words) { load in
          try await load.expectEnd(.exit(0))
          #expect(load.errors == [])
        }
      }
    }
  }

  @Test func `Two servers by turns are both in the file, from which they can be compared again`()
    async throws
  {
    try await inFolder { folder in
      let file = folder.appending(path: "both.json").path
      try await serving { server in
        for processes in ["1", "2"] {
          let words = [
            "load", server, "--against", server, "--repeat", "4", "-c", "2", "--duration", "60ms",
            "--warm-up", "20ms", "--processes", processes,
          ]
          try await Spawned.run("switchboard", words + ["--out", file]) { load in
            try await load.expectEnd(.exit(0))
            #expect(load.output.count { $0.hasPrefix("Rate ") } == 2)
            #expect(load.output.contains { $0.hasPrefix("By turns") })
            #expect(load.output.contains { $0.contains("4 runs second, 4 first") })
            // Whether there was time for a line of progress is up to the machine; which run it is of is not.
            #expect(load.errors.allSatisfy { $0.contains("/8 first") || $0.contains("/8 second") })
            try await Spawned.run("switchboard", ["load", "show", file]) { show in
              try await show.expectEnd(.exit(0))
              #expect(show.output == load.output)
            }
          }
        }
      }
      let all = try object([try String(contentsOfFile: file, encoding: .utf8)])
      for side in ["result", "against"] {
        let replicates = (all[side] as? [String: Any])?["replicates"] as? [Any]
        #expect(replicates?.count == 4)
      }
      let lines = try #require(all["comparison"] as? [[String: Any]])
      #expect(lines.map { $0["figure"] as? String } == ["rate", "p50", "p99"])
      #expect(lines.allSatisfy { $0["verdict"] is String })
      for words in [
        ["merge", file], ["show", file, "--baseline", file], ["show", file, "--csv", "-"],
      ] {
        try await Spawned.run("switchboard", ["load"] + words) { load in
          try await load.expectEnd(.exit(1))
          #expect(load.errors.count == 1 && load.errors[0].contains("holds two servers"))
          #expect(load.output == [])
        }
      }
    }
  }

  @Test func `What a server did is drawn, or a page, and what was written is told beside it`()
    async throws
  {
    try await inFolder { folder in
      let recording = folder.appending(path: "a.rec").path
      try await serving(["--record", recording]) { server in
        try await Spawned.run("switchboard", ["client", server, "--quiet"]) {
          try await $0.expectEnd(.exit(0))
          #expect($0.output.count == 1 && $0.output[0].hasPrefix("Elapsed: ") && $0.errors == [])
        }
      }
      try await Spawned.run("switchboard", ["timeline", recording]) {
        try await $0.expectEnd(.exit(0))
        #expect($0.output.first?.hasPrefix("Who was served when") == true && $0.errors == [])
      }
      let svg = folder.appending(path: "a.svg").path
      for option in ["--out", "-o", "--output"] {
        let words = ["timeline", recording, option, "-", "--svg", svg, "--clients", "2"]
        try await Spawned.run("switchboard", words) {
          try await $0.expectEnd(.exit(0))
          #expect($0.output.first?.hasPrefix("<!doctype html>") == true)
          #expect($0.output.last?.hasSuffix("</html>") == true)
          #expect($0.errors == ["wrote \(svg)"])
        }
      }
    }
  }

  @Test func `A comparison is its table`() async throws {
    try await inFolder { folder in
      let words = [
        "compare", "--models", "epoll", "-c", "1", "--rounds", "1", "--duration", "100ms", "--out",
        folder.appending(path: "report").path,
      ]
      try await Spawned.run("switchboard", words) { command in
        try await command.expectEnd(.exit(0))
        for text in ["This takes about", "round 1 of 1", "wrote "] {
          #expect(command.errors.contains { $0.contains(text) }, "\(text)")
          #expect(!command.output.contains { $0.contains(text) }, "\(text)")
        }
        #expect(command.output.contains { $0.contains("epoll") })
      }
    }
  }

  @Test func `An experiment is its verdict, and a report is no single file`() async throws {
    try await Spawned.run("switchboard", ["experiment", "epoll-control-calls", "--quick"]) {
      command in
      try await command.expectEnd(.exit(0))
      #expect(command.output.contains { $0.contains("held") })
      #expect(!command.output.contains { $0.hasPrefix("note: ") })
    }
    try await Spawned.run("switchboard", ["compare", "--out", "-"]) { command in
      try await command.expectEnd(.exit(64))
      #expect(command.errors.count == 1 && command.errors[0].contains("folder"))
    }
  }

  @Test func `Seeds are counted beside the tally`() async throws {
    try await Spawned.run("switchboard", ["simulate", "--seeds", "1000000000", "--duration", "3s"])
    {
      try await $0.expectEnd(.exit(0))
      #expect($0.output.first == "faults by kind:" && $0.output.last == "every seed passed")
      #expect(!$0.errors.isEmpty && $0.errors.allSatisfy { $0.contains(" seeds, 0 failed") })
    }
    try await Spawned.run("switchboard", ["simulate", "--seed", "7", "--protocol", "echo"]) {
      try await $0.expectEnd(.exit(0))
      #expect($0.output.count == 1 && $0.errors == [])
    }
  }

  @Test(arguments: [
    ["backends"], ["experiment", "list"], ["experiment", "waiting-cost", "--idle", "40"],
  ])
  func `What is asked is answered, with nothing beside it`(words: [String]) async throws {
    try await Spawned.run("switchboard", words) { command in
      try await command.expectEnd(.exit(0))
      #expect(!command.output.isEmpty && command.errors == [])
    }
  }
}
