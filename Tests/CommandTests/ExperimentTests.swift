import Foundation
import Glibc
import SwitchboardReport
import Testing

@testable import SwitchboardCommand

/// Experiments as a user runs them.
@Suite(.timeLimit(.minutes(15)))
struct ExperimentTests {
  private func inFolder(_ body: (URL) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "experiment-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder)
  }

  @Test func `The list names every experiment with its claim, in 80 columns`() async throws {
    try await Spawned.run("switchboard", ["experiment", "list"]) { command in
      try await command.expectEnd(.exit(0))
      #expect(command.output.count { !$0.hasPrefix(" ") } == 13)
      #expect(command.output.allSatisfy { $0.count <= 80 })
    }
  }

  @Test func `An experiment that counts holds its claim, and its report is written`() async throws {
    try await inFolder { folder in
      let words = ["experiment", "epoll-control-calls", "--quick", "--out", folder.path]
      try await Spawned.run("switchboard", words) { command in
        try await command.expectEnd(.exit(0))
        #expect(command.output.contains { $0.contains("✓ held") })
        #expect(command.errors.last?.contains(folder.path + "/report.html") == true)
      }
      for name in ["report.html", "report.md", "epoll-control-calls.svg"] {
        let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
        #expect(text.contains("epoll_ctl"))
      }
    }
  }

  @Test func `A server under test ends with the experiment`() async throws {
    try await Spawned.run("switchboard", ["experiment", "select-wall", "--quick"]) { command in
      try await command.line("epoll: ", on: .errors)
      let end = try await command.ended()
      // Whether the claim holds is up to the machine's haste; that there is a verdict is not.
      #expect([.exit(0), .exit(2), .exit(3)].contains(end))
      #expect(try children(of: command.pid) == [])
    }
  }

  @Test func `A server under test ends when the experiment that started it has gone`() async throws
  {
    // An experiment holds the other end, and lets go of it however it ends.
    let lifeline = Pipe()
    let words = ["experiment", "subject", "serve", "--port", "0"]
    try await Spawned.run("switchboard", words, input: lifeline) { server in
      _ = try await server.listeningPort()
      try lifeline.fileHandleForWriting.close()
      try await server.expectEnd(.signal(SIGIO))
    }
  }

  @Test func `A folder that cannot be written is told before anything is measured`() async throws {
    let words = ["experiment", "select-wall", "--out", "/proc/none"]
    try await Spawned.run("switchboard", words) { command in
      try await command.expectEnd(.exit(1))
      #expect(command.errors.count == 1)
      #expect(command.errors.first?.contains("--out") == true)
    }
  }

  @Test func `What cannot be tried is undecided, with its reason and an exit code of its own`()
    async throws
  {
    try await inFolder { folder in
      let words = ["experiment", "select-wall", "--quick", "--out", folder.path]
      try await Spawned.run("switchboard", words, descriptorLimit: 300) { command in
        try await command.expectEnd(.exit(3))
        #expect(command.output.contains { $0.contains("? undecided") && $0.contains("4,000") })
        #expect(command.errors.contains { $0.contains("not for figures") })
      }
      let page = try String(contentsOf: folder.appending(path: "report.html"), encoding: .utf8)
      #expect(page.contains("could not be tried"))
    }
  }

  @Test func `One claim that failed outweighs those that are undecided`() {
    let (held, failed) = (Verdict(true, "1"), Verdict(false, "2"))
    let open = Verdict.undecided("3")
    #expect(RunExperiment.exitCode([]) == nil && RunExperiment.exitCode([held, held]) == nil)
    #expect(RunExperiment.exitCode([held, open])?.rawValue == 3)
    #expect(RunExperiment.exitCode([open, failed, held])?.rawValue == 2)
  }

  private func children(of pid: Int32) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
      let status = try? String(contentsOfFile: "/proc/\(name)/status", encoding: .utf8)
      return status?.contains("PPid:\t\(pid)\n") == true
    }
  }
}
