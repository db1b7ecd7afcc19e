import Foundation

/// Which layer of the sources names which, by what each file defines and names.
///
/// Inside a module Swift has no imports, so nothing but this holds its layers. A layer is a folder of a
/// module, or the files that lie in the module itself. A module's own name comes before one that others
/// have, too; what two files of a module define, or two other modules, is passed over, and so is what
/// stands in a comment or a string.
struct SourceLayers {
  /// A name that a file of one layer takes from another.
  struct Use: Hashable, Comparable, CustomStringConvertible {
    let file: String
    let name: String
    let from: String
    let to: String

    var description: String { "\(file) names \(name): \(from) -> \(to)" }

    static func < (a: Use, b: Use) -> Bool { (a.file, a.name) < (b.file, b.name) }
  }

  fileprivate struct Source {
    let path: String
    let layer: String
    var module: Substring { layer.prefix { $0 != "/" } }
    /// What other files can name.
    let defined: Set<String>
    /// What stands inside of that as well.
    let own: Set<String>
    let named: Set<String>
  }

  let uses: [Use]

  /// - Parameter root: The folder that holds the modules.
  init(root: URL) throws {
    var sources: [Source] = []
    let paths = try FileManager.default.subpathsOfDirectory(atPath: root.path)
    for path in paths.sorted() where path.hasSuffix(".swift") {
      let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
      sources.append(Source(path, words: SourceLayers.words(of: text)))
    }
    let everywhere = SourceLayers.owners(of: sources)
    let within = Dictionary(grouping: sources, by: \.module).mapValues(SourceLayers.owners)
    var own: [String: Set<String>] = [:]
    for source in sources { own[source.layer, default: []].formUnion(source.own) }
    var found: [Use] = []
    for source in sources {
      for name in source.named.subtracting(own[source.layer, default: []]) {
        guard let owner = within[source.module]?[name] ?? everywhere[name], owner.count == 1,
          owner[0] != source.layer
        else { continue }
        found.append(Use(file: source.path, name: name, from: source.layer, to: owner[0]))
      }
    }
    uses = found.sorted()
  }

  /// Which layers define a name.
  private static func owners(of sources: [Source]) -> [String: [String]] {
    var owners: [String: [String]] = [:]
    for source in sources {
      for name in source.defined { owners[name, default: []].append(source.layer) }
    }
    return owners
  }

  /// What runs up, in an order from the lowest layer to the highest; a circle has one such arrow at least.
  /// Between modules the compiler sees to that, and a name may mean another thing there.
  func upward(_ order: [String]) -> [Use] {
    let rank = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
    return uses.filter {
      $0.from.prefix { $0 != "/" } == $0.to.prefix { $0 != "/" }
        && rank[$0.to, default: .max] >= rank[$0.from, default: .max]
    }
  }

  /// All layers that name or are named.
  var layers: Set<String> { Set(uses.flatMap { [$0.from, $0.to] }) }

  // ---------------------------------------------------------------------------- reading

  fileprivate static let definers: Set<String> = [
    "struct", "class", "enum", "protocol", "actor", "typealias",
  ]
  /// Beside `private`, which hides a name from other files as well.
  fileprivate static let hiders: Set<String> = ["private", "fileprivate"]

  /// A file's words with the depth of braces they stand at; no comments, no strings.
  private static func words(of text: String) -> [(word: Substring, depth: Int)] {
    var found: [(Substring, Int)] = []
    var depth = 0
    var rest = text[...]
    while let first = rest.first {
      if rest.hasPrefix("//") {
        rest = rest.drop { $0 != "\n" }
      } else if rest.hasPrefix("/*") {
        rest = rest.range(of: "*/").map { rest[$0.upperBound...] } ?? ""
      } else if first == "\"" {
        rest = afterString(rest)
      } else if first.isLetter || first == "_" {
        let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        found.append((word, depth))
        rest = rest[word.endIndex...]
      } else {
        depth += first == "{" ? 1 : first == "}" ? -1 : 0
        rest = rest.dropFirst()
      }
    }
    return found
  }

  private static func afterString(_ text: Substring) -> Substring {
    let mark = text.hasPrefix("\"\"\"") ? "\"\"\"" : "\""
    var rest = text.dropFirst(mark.count)
    while !rest.isEmpty, !rest.hasPrefix(mark) {
      rest = rest.dropFirst(rest.first == "\\" ? 2 : 1)
    }
    return rest.dropFirst(mark.count)
  }
}

extension SourceLayers.Source {
  fileprivate init(_ path: String, words: [(word: Substring, depth: Int)]) {
    self.path = path
    let parts = path.split(separator: "/")
    layer = parts.dropLast().prefix(2).joined(separator: "/")
    var (defined, own): (Set<String>, Set<String>) = ([], [])
    for (place, entry) in words.enumerated().dropLast()
    where SourceLayers.definers.contains(String(entry.word)) {
      let name = String(words[place + 1].word)
      own.insert(name)
      let before = place > 0 ? String(words[place - 1].word) : ""
      if entry.depth == 0, !SourceLayers.hiders.contains(before) { defined.insert(name) }
    }
    self.defined = defined
    self.own = own
    named = Set(words.lazy.map { String($0.word) }.filter { $0.first?.isUppercase ?? false })
  }
}
