import Foundation
import Testing

/// The layers of docs/ARCHITECTURE.md hold: an arrow points down.
@Suite struct LayerTests {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// From the lowest to the highest: each names only what stands before it.
  private static let order = [
    "Switchboard/Kernel", "Switchboard/Filters", "Switchboard/Loop", "Switchboard/Connecting",
    "Switchboard/Readiness",
    "Switchboard/Reactor", "Switchboard/Completion", "Switchboard/Ring", "Switchboard/Sessions",
    "Switchboard/Relay",
    "Switchboard/Observing", "Switchboard/Blocking", "Switchboard/Server",
    "Switchboard/Simulation",
    "SwitchboardProtocols/Framing", "SwitchboardProtocols",
    "SwitchboardTesting", "SwitchboardTLS",
    "SwitchboardBase/Text", "SwitchboardBase/Output", "SwitchboardBase",
    "SwitchboardArticle/Sessions", "SwitchboardArticle",
    "SwitchboardTimeline", "SwitchboardTimeline/Top",
    "SwitchboardLoad/Statistics", "SwitchboardLoad/Load",
    "SwitchboardReport/Charts", "SwitchboardReport/Report", "SwitchboardReport/Loads",
    "SwitchboardLab", "SwitchboardLab/Experiments", "SwitchboardLab/Simulated",
    "SwitchboardLab/Explained", "SwitchboardLab/Failing",
    "SwitchboardCommand",
  ]

  /// The second column of the table in docs/ARCHITECTURE.md.
  private static func documented() throws -> [String] {
    let page = try String(
      contentsOf: root.appending(path: "docs/ARCHITECTURE.md"), encoding: .utf8)
    return page.split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|")
      guard cells.count == 3, let place = cells[1].split(separator: "`").dropFirst().first,
        place.hasSuffix("/")
      else { return nil }
      return String(place.dropLast())
    }
  }

  @Test func `the page shows the layers in their order`() throws {
    let (page, engine) = (try Self.documented(), Self.order.filter { $0.hasPrefix("Switchboard/") })
    #expect(page.filter { $0.hasPrefix("Switchboard/") } == engine)
    let ours = Self.modules(Self.order)
    #expect(Self.modules(page).filter { $0.hasPrefix("Switchboard") } == ours)
  }

  /// Each module of some layers once, in their order.
  private static func modules(_ layers: [String]) -> [Substring] {
    layers.map { $0.prefix { $0 != "/" } }.reduce(into: []) { found, module in
      if found.last != module { found.append(module) }
    }
  }

  @Test func `a backend has thirteen requirements at most`() throws {
    let path = "Sources/Switchboard/Completion/Backend.swift"
    let text = try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
    let contract = try #require(text.components(separatedBy: "protocol Backend").dropFirst().first)
    let lines = contract.components(separatedBy: "\n}")[0].split(separator: "\n")
    let isRequirement = #/^ +(mutating |static )*(func|var) /#
    let requirements = lines.filter { $0.firstMatch(of: isRequirement) != nil }
    #expect((8...13).contains(requirements.count))
  }

  @Test func `each layer names only layers beneath it`() throws {
    let sources = try SourceLayers(root: Self.root.appending(path: "Sources"))
    #expect(sources.layers.subtracting(Self.order) == [], "layers without a place in the order")
    for use in sources.upward(Self.order) { Issue.record("\(use)") }
  }
}
