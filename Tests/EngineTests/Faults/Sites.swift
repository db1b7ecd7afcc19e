import Foundation

/// A place in the sources where a call of the kernel's contract is made.
struct Site: Hashable, Comparable, Sendable {
  /// Below `Sources/Switchboard`.
  var file: String
  /// `Proactor.accept`
  var function: String
  /// The requirement that is called: `accept`; of a ring's operations, the one that is prepared.
  var requirement: String

  /// `Proactor.accept · accept`
  var name: String { "\(function) · \(requirement)" }
  static func < (a: Site, b: Site) -> Bool {
    (a.file, a.function, a.requirement) < (b.file, b.function, b.requirement)
  }
}

/// Every call site of the kernel's contract, found by reading the sources, so that a new one cannot
/// be forgotten.
struct Sites {
  struct Place { var line: Int, site: Site }
  /// By file.
  private(set) var places: [String: [Place]] = [:]
  /// Requirements that can fail, by name.
  private(set) var requirements: Set<String> = []
  var all: Set<Site> { Set(places.values.joined().map(\.site)) }

  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  static let folder = root.appending(path: "Sources/Switchboard").path
  /// What stands in for the kernel, makes no calls of its own, or is the kernel's own side.
  private static let excepted = [
    "Simulation/", "Kernel/Linux.swift",
    "Kernel/KernelDecorator.swift",
  ]

  static let found = try! Sites()

  private init() throws {
    let files = FileManager.default.enumerator(atPath: Self.folder)!.compactMap { $0 as? String }
      .filter { $0.hasSuffix(".swift") }
    for file in ["Kernel/Kernel.swift", "Kernel/RingCalls.swift"] {
      requirements.formUnion(Self.requirements(in: try Self.lines(of: file)))
    }
    for file in files where !Self.excepted.contains(where: file.hasPrefix) {
      let lines = try Self.lines(of: file)
      for (number, line) in lines.enumerated()
      where !line.drop(while: \.isWhitespace).hasPrefix("//") {
        for name in called(in: line) {
          let function = Self.function(around: number, in: lines)
          let site = Site(file: file, function: function, requirement: name)
          places[file, default: []].append(Place(line: number + 1, site: site))
        }
      }
    }
  }

  private static func lines(of file: String) throws -> [Substring] {
    try String(contentsOfFile: folder + "/" + file, encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false)
  }

  /// The functions of the protocols that answer an `Outcome`.
  private static func requirements(in lines: [Substring]) -> Set<String> {
    var names: Set<String> = []
    var isInside = false
    var name: String?
    for line in lines {
      if line.hasPrefix("public protocol"), line.contains("Kernel") { isInside = true }
      if line.hasPrefix("}") { isInside = false }
      guard isInside else { continue }
      if let match = line.firstMatch(of: /^  func (\w+)\(/) { name = String(match.1) }
      if line.contains("-> Outcome"), let found = name {
        names.insert(found)
        name = nil
      }
    }
    return names
  }

  /// The requirements that a line calls, and the operations that it prepares.
  private func called(in line: Substring) -> [String] {
    guard ["ystem.", "ck_prepare_", "inux", "kernel."].contains(where: line.contains) else {
      return []
    }
    let calls = line.matches(of: /(?:^|\W)(?:system|linux|kernel|Linux\(\))\.(\w+)\(/)
      .map { String($0.1) }.filter(requirements.contains)
    return calls + line.matches(of: /ck_prepare_(\w+)\(/).map { "ring " + $0.1 }
  }

  /// The type and function that a line belongs to.
  private static func function(around number: Int, in lines: [Substring]) -> String {
    var (function, type) = ("", "")
    var limit = Int.max
    for line in lines[...number].reversed() {
      let indent = line.prefix(while: { $0 == " " }).count
      guard indent < limit, line.contains(where: { !$0.isWhitespace }) else { continue }
      if function.isEmpty,
        let match = line.firstMatch(of: /\b(?:func|var) (\w+)|\b(init)\(|\b(deinit)\b/),
        indent <= 2
      {
        function = String(match.1 ?? match.2 ?? match.3 ?? "")
        limit = max(indent, 1)
      }
      if indent == 0, let match = line.firstMatch(of: /\b(?:struct|class|extension|enum) (\w+)/) {
        type = String(match.1)
        break
      }
    }
    return "\(type).\(function)"
  }

  /// The site of one of these requirements next to a line: a call may go over several.
  func site(_ requirements: [String], file: String, line: Int) -> Site? {
    let candidates = (places[file] ?? []).filter {
      requirements.contains($0.site.requirement) && abs($0.line - line) <= 4
    }
    return candidates.min { abs($0.line - line) < abs($1.line - line) }?.site
  }
}
