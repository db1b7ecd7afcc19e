import Switchboard
import SwitchboardLab
import Testing

/// `switchboard backends`: what a machine offers.
@Suite(.timeLimit(.minutes(15)))
struct BackendsTests {
  @Test func `Every way to wait and every feature has a row, in 80 plain columns`() async throws {
    try await Spawned.run("switchboard", ["backends"]) { command in
      try await command.expectEnd(.exit(0))
      #expect(command.errors == [])
      #expect(command.output.allSatisfy { $0.count <= 80 })
      #expect(!command.output.contains { $0.contains("\u{1B}") })
      for name in ["select", "poll", "epoll"] {
        #expect(command.output.contains { $0.hasPrefix("  \(name) ") && $0.contains(" yes ") })
      }
      let names = [
        "io_uring", "rings", "silent successes", "registered ring", "direct descriptors",
        "multishot accept", "multishot receive", "deferred work", "ordinary descriptors",
        "incremental buffers", "open descriptors", "listen queue", "locked memory",
        "io_uring_disabled",
      ]
      for name in names { #expect(command.output.contains { $0.hasPrefix("  \(name) ") }) }
      let chosen = Server.BackendName.auto.choice().backend.rawValue
      #expect(command.output.last == "auto takes \(chosen) here.")
    }
  }

  @Test func `What auto takes is what the features say`() {
    let lacks = RingProbe.features().contains { $0.isNeeded && $0.hindrance != nil }
    #expect(lacks == (Server.BackendName.auto.choice().backend != .ioUring))
  }

  /// A machine whose kernel is a little too old.
  private static let old: Offer = {
    var offer = Offer.here()
    offer.system = "Linux 6.8.0, processors 0-3"
    offer.ringAbsence = "this kernel is too old: incremental provided buffers need Linux 6.12"
    offer.chosen = .epoll
    for place in offer.features.indices {
      let isNew = offer.features[place].name == "incremental buffers"
      offer.features[place].hindrance = isNew ? "EINVAL, invalid argument" : nil
    }
    return offer
  }()

  @Test func `What is missing says why, in 80 columns`() {
    let lines = Self.old.lines(color: false)
    #expect(lines.allSatisfy { $0.count <= 80 })
    #expect(lines.first == "Linux 6.8.0, processors 0-3")
    let row = lines.firstIndex { $0.hasPrefix("  io_uring  no   this kernel is too old:") }
    #expect(row.map { lines[$0 + 1].hasPrefix("                 ") } == true)
    #expect(
      lines.contains("  incremental buffers  6.12   no   EINVAL, invalid argument"),
      "\(lines.joined(separator: "\n"))")
    #expect(lines.last == "auto takes epoll here.")
  }

  @Test(arguments: [30, 40, 50, 60])
  func `On a narrow terminal remarks stand below what they belong to`(width: Int) {
    let lines = Self.old.lines(width: width, color: false)
    #expect(lines.allSatisfy { $0.count <= max(width, 39) })
    #expect(lines.contains { $0.hasPrefix("    this kernel is too") } == (width < 42))
    #expect(lines.contains { $0.contains("INVAL") })
  }

  @Test func `Colours change nothing but colour`() {
    let plain = Self.old.lines(color: false)
    let painted = Self.old.lines(color: true)
    #expect(plain != painted)
    #expect(painted.map { $0.replacing(/\u{1B}\[\d+m/, with: "") } == plain)
  }
}
