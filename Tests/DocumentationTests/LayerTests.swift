import Foundation
import Testing

/// The layers of docs/ARCHITECTURE.md hold: an arrow points down.
@Suite struct LayerTests {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// From the lowest to the highest: each names only what stands before it.
  private static let order = [
    "Switchboard/Kernel", "Switchboard/Loop", "Switchboard/Readiness", "Switchboard/Reactor",
    "Switchboard/Completion", "Switchboard/Ring", "Switchboard/Server", "Switchboard/Observing",
    "Switchboard/Simulation",
    "SwitchboardProtocols",
    "SwitchboardLab/Output", "SwitchboardLab", "SwitchboardLab/Charts", "SwitchboardLab/Report",
    "SwitchboardLab/Sessions", "SwitchboardLab/Load", "SwitchboardLab/Timeline",
    "SwitchboardLab/Experiments", "SwitchboardLab/Simulated",
    "SwitchboardCommand",
  ]

  /// Arrows that run up today. What is mended is taken out here; nothing is added.
  private static let known: Set<String> = [
    "Switchboard/Kernel -> Switchboard/Loop: Slab",
    "Switchboard/Loop -> Switchboard/Completion: Completion",
    "Switchboard/Reactor -> Switchboard/Observing: SlowCallback",
    "Switchboard/Server -> Switchboard/Observing: LoopObserver",
    "Switchboard/Server -> Switchboard/Observing: Observed",
    "Switchboard/Server -> Switchboard/Observing: ObservedSessions",
    "Switchboard/Server -> Switchboard/Observing: RecordRing",
    "Switchboard/Server -> Switchboard/Observing: ServerRecorder",
  ]

  @Test func `each layer names only layers beneath it`() throws {
    let sources = try SourceLayers(root: Self.root.appending(path: "Sources"))
    #expect(sources.layers.subtracting(Self.order) == [], "layers without a place in the order")
    let upward = sources.upward(Self.order)
    for use in upward where !Self.known.contains(use.arrow) { Issue.record("\(use)") }
    let mended = Self.known.subtracting(upward.map(\.arrow))
    #expect(mended == [], "these are mended: take them out of the list")
  }
}
