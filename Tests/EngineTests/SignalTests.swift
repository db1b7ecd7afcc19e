import Foundation
import Switchboard
import Testing

extension Engine {
  /// What a server does with the signals of its process.
  @Suite struct Signals {
    @Test(
      "A server leaves signals as it found them, however it ends",
      arguments: Server.BackendName.alone, ["signals", "blocked"])
    func leaves(_ backend: Server.BackendName, _ how: String) throws {
      let ends = "stopped returned\ndrained returned\nrefused threw\ntaken threw\nlooked"
      #expect(try helper(how, backend.rawValue) == ends)
    }

    @Test(
      "Processes that callbacks and jobs start inherit no blocked signal",
      arguments: Server.BackendName.alone)
    func children(_ backend: Server.BackendName) throws {
      #expect(try helper("children", backend.rawValue) == "same")
    }

    /// Whether a signal has been sent to a process and has not reached any of its threads.
    private func isPending(_ signal: Int32, for process: Int32) -> Bool {
      let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
      let line = status?.split(separator: "\n").first { $0.hasPrefix("ShdPnd:") }
      let pending = line?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } ?? 0
      return pending & 1 << UInt64(signal - 1) != 0
    }

    @Test(
      "The second signal ends a process whose callback hangs",
      arguments: Server.BackendName.alone, [SIGTERM, SIGINT])
    func hung(_ backend: Server.BackendName, _ signal: Int32) throws {
      let process = helperProcess(["hung", backend.rawValue])
      let pipe = Pipe()
      process.standardOutput = pipe
      try process.run()
      defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
      func line() -> String {
        String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
          .trimmingCharacters(in: .whitespacesAndNewlines)
      }
      let peer = try Client(to: try #require(UInt16(line())))
      try peer.send([1])
      #expect(line() == "hung")
      kill(process.processIdentifier, signal)
      // Two within a moment of the first one's arrival are one wish.
      #expect(eventually { !isPending(signal, for: process.processIdentifier) })
      usleep(200_000)
      #expect(process.isRunning, "the first one asks")
      kill(process.processIdentifier, signal)
      #expect(eventually(seconds: 30) { !process.isRunning })
      #expect(process.terminationReason == .uncaughtSignal)
      #expect(process.terminationStatus == signal)
    }
  }
}
