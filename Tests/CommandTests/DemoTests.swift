import Foundation
import SwitchboardBase
import SwitchboardLab
import Testing

/// The demo and experiments, as users see them.
@Suite(.timeLimit(.minutes(15)))
struct DemoTests {
  /// The program of its own, which is quickly built, and the command's.
  private static let demos = [["demo"], ["switchboard", "demo"]]

  @Test(arguments: demos)
  func `The demo's transcript is the article's, and then who was served when, in 80 plain columns`(
    words: [String]
  ) async throws {
    try await Spawned.run(words[0], words.dropFirst() + ["--transcript"]) { demo in
      try await demo.expectEnd(.exit(0))
      #expect(demo.errors.count == 1)
      let blank = try #require(demo.output.firstIndex(of: ""))
      #expect(demo.errors.first?.wholeMatch(of: /listening on 127\.0\.0\.1:\d+ \(epoll\)/) != nil)
      try TranscriptTests.check(Array(demo.output[..<blank]), connections: 3)
      let picture = demo.output[(blank + 1)...]
      #expect(picture.allSatisfy { $0.count <= 80 })
      #expect(!picture.contains { $0.contains("\u{1B}") })
      #expect(picture.first?.hasPrefix("Who was served when: 3 clients") == true)
      // A row for each client in the whole run, and again in the close-up of the first burst.
      for name in ["conn0", "conn1", "conn2"] {
        let rows = picture.filter { $0.hasPrefix(name) }
        #expect(rows.count == 2)
        // Connected and three exchanges, then the end.
        #expect(rows.first?.count { $0 == "●" } ?? 0 >= 4)
      }
      #expect(picture.contains { $0.hasPrefix("thread  C") })
    }
  }

  @Test(arguments: demos)
  func `The demo is a race of three servers on one axis, and says what to try next`(
    words: [String]
  ) async throws {
    try await Spawned.run(words[0], words.dropFirst() + ["-n", "2"]) { demo in
      try await demo.expectEnd(.exit(0))
      #expect(demo.errors == [])
      #expect(demo.output.allSatisfy { $0.count <= 80 })
      #expect(demo.output.first?.contains("the same 2 clients, served in three ways") == true)
      let heads = [
        "One client at a time: 1 thread, done after ",
        "A thread for each client: 3 threads, done after ",
        "One event loop for all: 1 thread, done after ",
      ]
      for head in heads { #expect(demo.output.contains { $0.hasPrefix(head) }) }
      #expect(demo.output.count { $0.hasPrefix("conn0 ") } == 3)
      let program = words[0] == "demo" ? "swift run demo" : "switchboard demo"
      let next = try #require(demo.output.firstIndex(of: "To try next:"))
      #expect(demo.output[(next + 1)...].allSatisfy { $0.hasPrefix("  \(program) -") })
    }
  }

  @Test func `A page and a drawing of the race are complete in themselves`() async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/race-\(UUID())"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (page, svg) = (folder + "/race.html", folder + "/race.svg")
    try await Spawned.run("demo", ["-n", "20", "--out", page, "--svg", svg]) { demo in
      try await demo.expectEnd(.exit(0))
      #expect(demo.output.count { $0.hasPrefix("and 12 more clients; the last waited ") } == 3)
    }
    for path in [page, svg] {
      let text = try String(contentsOfFile: path, encoding: .utf8)
      #expect(text.contains("prefers-color-scheme:dark"))
      #expect(text.replacing("http://www.w3.org/2000/svg", with: "").contains("http") == false)
      #expect(text.utf8.count < 200_000)
    }
  }

  @Test(arguments: [["-n", "0"], ["-n", "101"], ["-n"], ["-n", "x"], ["5"], ["--help"]])
  func `What the demo does not understand is answered by its usage, in one line`(
    arguments: [String]
  ) async throws {
    try await Spawned.run("demo", arguments) { demo in
      try await demo.expectEnd(.exit(64))
      #expect(demo.output == [])
      #expect(
        demo.errors == [
          "usage: demo [-n N] [--transcript | --out HTML --svg SVG]    (N clients, from 1 to 100; "
            + "3 if left out)"
        ])
    }
  }

  @Test func `The cost of waiting is a row for each mechanism`() async throws {
    let arguments = ["experiment", "waiting-cost", "--active", "4", "--idle", "40"]
    try await Spawned.run("switchboard", arguments) { command in
      try await command.expectEnd(.exit(0))
      #expect(command.output.first == "One wait, with 4 connections active among 40 idle")
      for call in ["epoll_wait(2)", "poll(2)", "select(2)"] {
        let row = command.output.first { $0.contains(" \(call) ") }
        #expect(row?.contains(/\d+\.\d µs +\d+\.\d µs +\d+\.\d µs +\d+\.\d ×/) == true)
      }
      #expect(command.output.allSatisfy { $0.count <= 80 })
    }
  }

  @Test func `Too few descriptors for the experiment is one line with the next action`()
    async throws
  {
    let arguments = ["experiment", "waiting-cost"]
    try await Spawned.run("switchboard", arguments, descriptorLimit: 100) { command in
      try await command.expectEnd(.exit(1))
      #expect(command.errors.count == 1)
      #expect(command.errors.first?.contains("1960 descriptors") == true)
      #expect(command.errors.first?.contains("ulimit -n") == true)
    }
  }

  @Test func `The list of experiments names each with its claim`() async throws {
    try await Spawned.run("switchboard", ["experiment", "list"]) { command in
      try await command.expectEnd(.exit(0))
      let names = command.output.filter { !$0.hasPrefix(" ") }.map { $0.prefix { $0 != " " } }
      #expect(names.map(String.init) == Trials.all.map { $0.name } + ["waiting-cost"])
      #expect(command.output.count >= 2 * names.count)
    }
  }
}
