import Foundation
import Testing

/// docs/ARCHITECTURE.md walks a byte from the kernel to a session and back: what it names is there, and it is as
/// short as it says.
@Suite struct ByteWayTests {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// One way: what the page says of it, and its rows.
  private struct Way {
    let summary: String
    var files: [String] = []
    /// The session's own among them.
    var functions = 1
  }

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// What stands between backquotes.
  private static func names(_ cell: Substring) -> [String] {
    cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
      .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
  }

  private static func ways() throws -> [Way] {
    let page = try text("docs/ARCHITECTURE.md")
    let section = try #require(page.components(separatedBy: "## A byte's way\n").dropFirst().first)
    var ways: [Way] = []
    for line in section.components(separatedBy: "\n## ")[0].split(separator: "\n") {
      if line.hasPrefix("On ") { ways.append(Way(summary: String(line))) }
      let cells = line.split(separator: "|")
      guard cells.count == 2, !names(cells[0]).isEmpty, !ways.isEmpty else { continue }
      let files = names(cells[0])
      let sources = try files.map { try text("Sources/Switchboard/" + $0) }
      for function in names(cells[1]) {
        #expect(
          sources.contains { $0.contains("func \(function)(") || $0.contains("func \(function)<") },
          "\(function) is in none of \(files)")
        ways[ways.count - 1].functions += 1
      }
      ways[ways.count - 1].files += files
    }
    return ways
  }

  @Test func `each function is in its file, and there are as many as the page says`() throws {
    let ways = try Self.ways()
    #expect(ways.map { $0.summary.prefix(6) } == ["On epo", "On io_"])
    for way in ways {
      let files = Set(way.files)
      let folders = Set(files.map { $0.prefix { $0 != "/" } })
      #expect(
        way.summary.hasSuffix(
          ": \(way.functions) functions, \(files.count) files, \(folders.count) folders."),
        "\(way.functions), \(files.count), \(folders.count)")
      #expect(way.functions < 25 && files.count < 12 && folders.count < 6)
    }
  }
}
