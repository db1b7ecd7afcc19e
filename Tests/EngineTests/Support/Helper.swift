import Foundation
import Testing

/// The helper program beside the tests.
func helperProcess(_ arguments: [String]) -> Process {
  let process = Process()
  process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "EngineHelper")
  process.arguments = arguments
  return process
}

/// What the helper prints.
func helper(_ arguments: String...) throws -> String {
  let process = helperProcess(arguments)
  let pipe = Pipe()
  process.standardOutput = pipe
  try process.run()
  let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  #expect(process.terminationStatus == 0)
  return text.trimmingCharacters(in: .whitespacesAndNewlines)
}
