import Foundation
import Testing

/// What the command says of itself, and to who mistypes it.
@Suite(.timeLimit(.minutes(15)))
struct ComplaintTests {
  @Test(arguments: [
    (["demoo"], "demo"), (["laod", "localhost:9090"], "load"), (["timelin", "x"], "timeline"),
    (["experiment", "lst"], "experiment list"),
  ])
  func `A mistyped subcommand is answered with the near one`(arguments: [String], near: String)
    async throws
  {
    try await Spawned.run("switchboard", arguments) { command in
      try await command.expectEnd(.exit(64))
      #expect(command.errors.count == 1)
      #expect(command.errors.first?.contains("; did you mean 'switchboard \(near)'?") == true)
    }
  }

  @Test func `What is near to no subcommand is answered with none`() async throws {
    try await Spawned.run("switchboard", ["frobnicate"]) { command in
      try await command.expectEnd(.exit(64))
      #expect(command.errors.first?.contains("did you mean") == false)
    }
  }

  /// The examples as the sources have them.
  private static func examples() throws -> [String] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/SwitchboardCommand").standardizedFileURL
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    return try files.filter { $0.pathExtension == "swift" }.flatMap { file in
      try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        .filter { $0.hasPrefix("        switchboard ") && !$0.contains("<") }
        .map { String($0.drop { $0 == " " }).replacing("\\\\", with: "\\") }
    }
  }

  @Test func `Every example of the help can be copied from a terminal of 80 columns`() async throws
  {
    let commands = [
      "", "demo", "serve", "relay", "client", "load run", "load merge", "load show", "load diff",
      "compare",
      "experiment", "experiment run", "experiment all", "experiment waiting-cost", "simulate",
      "timeline", "top", "backends", "explain",
    ]
    var lines: [String] = []
    for words in commands {
      let arguments = words.split(separator: " ").map(String.init) + ["--help"]
      try await Spawned.run("switchboard", arguments) { command in
        try await command.expectEnd(.exit(0))
        lines += command.output
      }
    }
    #expect(lines.allSatisfy { $0.count <= 80 })
    let shown = Set(lines.map { $0.drop { $0 == " " } })
    for example in try ComplaintTests.examples() { #expect(shown.contains(example[...])) }
  }
}
