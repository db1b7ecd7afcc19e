import Foundation
import Testing

/// The Swift in the documentation is code that is compiled and tested.
///
/// A marked piece of a source file begins with a line `// snippet NAME` and ends with `// end`.
/// Pieces of one name are put together, with an empty line between. A block in a page stands behind
/// an invisible `<!-- snippet NAME -->`; one without it may equal any piece.
@Suite struct SnippetTests {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The marked pieces of this folder, and of the one that is built where OpenSSL is, by name.
  private static let snippets: [String: String] = {
    var found: [String: [String]] = [:]
    for folder in ["Tests/DocumentationTests", "Tests/TLS/Tests/TLSTests"] {
      let path = root.appending(path: folder).path
      for name in try! FileManager.default.contentsOfDirectory(atPath: path).sorted()
      where name.hasSuffix(".swift") && name != "SnippetTests.swift" {
        let text = try! String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
        for (name, piece) in pieces(of: text) { found[name, default: []].append(piece) }
      }
    }
    return found.mapValues { $0.joined(separator: "\n\n") }
  }()

  private static func pieces(of text: String) -> [(String, String)] {
    var found: [(String, String)] = []
    var open: (name: String, lines: [String])?
    for line in text.components(separatedBy: "\n") {
      let trimmed = line.trimmingCharacters(in: .whitespaces)
      if trimmed.hasPrefix("// snippet ") {
        open = (String(trimmed.dropFirst("// snippet ".count)), [])
      } else if trimmed == "// end", let piece = open {
        found.append((piece.name, unindented(piece.lines)))
        open = nil
      } else {
        open?.lines.append(line)
      }
    }
    return found
  }

  private static func unindented(_ lines: [String]) -> String {
    let margin = lines.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
    return lines.map { String($0.dropFirst(margin)) }.joined(separator: "\n")
  }

  /// The Swift blocks of a page, with the names in front of them.
  private static func blocks(of page: String) -> [(name: String?, text: String)] {
    var found: [(String?, String)] = []
    var (name, lines): (String?, [String]?) = (nil, nil)
    for line in page.components(separatedBy: "\n") {
      if let block = lines {
        lines = block + [line]
        guard line == "```" else { continue }
        found.append((name, block.joined(separator: "\n")))
        (name, lines) = (nil, nil)
      } else if line == "```swift" {
        lines = []
      } else if let match = line.wholeMatch(of: /<!-- snippet (.+) -->/) {
        name = String(match.1)
      }
    }
    return found
  }

  @Test(arguments: [
    "README.md", "docs/SESSIONS.md", "docs/CONNECTIONS.md", "docs/FRAMING.md",
    "docs/RELIABILITY.md", "docs/TESTING.md", "docs/TLS.md",
  ])
  func `Every Swift block of a page is code that is compiled`(page: String) throws {
    let text = try String(contentsOf: Self.root.appending(path: page), encoding: .utf8)
    for block in Self.blocks(of: text) {
      if let name = block.name {
        #expect(block.text == Self.snippets[name], "\(page), \(name)")
      } else {
        #expect(
          Self.snippets.values.contains(block.text),
          "\(page): no marked piece equals the block that begins '\(block.text.prefix(60))'")
      }
    }
  }

  @Test func `The page on sessions shows the protocol in pieces`() throws {
    let page = Self.root.appending(path: "docs/SESSIONS.md")
    let names = Self.blocks(of: try String(contentsOf: page, encoding: .utf8)).map(\.name)
    #expect(names.count > 10)
    #expect(!names.contains(nil))
  }
}
