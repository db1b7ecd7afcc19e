import Switchboard
import SwitchboardBase

/// A server while it runs, of what its recording tells: its loops, its connections, its slow callbacks, and one
/// connection in detail. It makes no call and reads no clock.
package struct TopScreen: Sendable {
  /// How far reading is, and what is known of who writes.
  package enum Standing: Hashable, Sendable {
    /// Nothing has come yet.
    case waiting
    /// The part of the file that was read.
    case reading(Double?)
    /// The server runs.
    case runs
    /// Nothing more comes, for a reason.
    case ended(String)
    /// As large as it may be, while the server runs on.
    case full
  }

  /// What it is called, and what may be shown of it on a terminal.
  package let title: String
  package var standing = Standing.waiting
  package var order = TopOrder.rate
  package private(set) var activity: Activity?
  /// The clock now, in nanoseconds since recording began; nil where only the recording's own time is known.
  package var clock: UInt64?
  /// The connection that the bar is on, by what tells it from others; nil for the first.
  package private(set) var selected: UInt64?
  /// Whether that one is shown in detail.
  package internal(set) var isOpen = false
  /// The connections in the order in which they were drawn last, and how many fitted.
  private(set) var listed: [UInt64] = []
  private(set) var page = 1

  /// What a loop does is in the file a fiftieth of a second later, and is read a tenth after that.
  private static let delay = LoopActivity.second / 5

  /// As far down as one can go.
  static let most = 1000

  /// A screen without anything.
  ///
  /// - Parameter title: The file's name, of any bytes.
  package init(title: String) { self.title = FileName.shown(title) }

  /// Records have come.
  package mutating func begin(_ head: RecordingFile.Head, slowLimit: Duration) {
    activity = Activity(head, slowLimit: slowLimit)
  }

  /// More of them.
  package mutating func add(_ records: [LoopRecord]) { activity?.add(records) }

  // --------------------------------------------------------------------------------- time

  /// The moment that is shown: the clock's where the server runs, and the end of what is known where it does not.
  var now: UInt64 {
    let last = activity?.last ?? 0
    guard standing == .runs, let clock else { return last }
    return max(last, clock)
  }

  /// The last whole second: what rates are of.
  var second: UInt64 {
    // While the server runs, what it did is known a little later.
    let known = standing == .runs ? now - min(now, TopScreen.delay) : now
    let current = known / LoopActivity.second
    return current > 0 ? current - 1 : 0
  }

  // --------------------------------------------------------------------------------- keys

  /// Does what a key is for. Whether it is the end.
  package mutating func press(_ key: TerminalKeys.Key) -> Bool {
    switch key {
    case .character("q") where isOpen, .escape where isOpen, .backspace where isOpen,
      .enter where isOpen:
      isOpen = false
    case .character("q"): return true
    case .character("s"):
      let all = TopOrder.allCases
      order = all[((all.firstIndex(of: order) ?? 0) + 1) % all.count]
    case .character(let letter):
      if let chosen = TopOrder.allCases.first(where: { $0.key == letter }) { order = chosen }
    case .enter:
      selected = selected ?? listed.first
      isOpen = selected != nil
    case .up: move(by: -1)
    case .down: move(by: 1)
    case .pageUp: move(by: -page)
    case .pageDown: move(by: page)
    case .home: selected = nil
    case .end: selected = listed.last
    case .escape, .backspace: break
    }
    return false
  }

  private mutating func move(by step: Int) {
    guard !listed.isEmpty else { return }
    let place = selected.flatMap { listed.firstIndex(of: $0) } ?? 0
    let next = max(0, min(listed.count - 1, place + step))
    // The first is whoever is first, so that the bar stays at the top.
    selected = next == 0 && !isOpen ? nil : listed[next]
  }

  /// Notes what is drawn: keys go by what somebody saw.
  mutating func note(listed: [UInt64], page: Int) {
    (self.listed, self.page) = (listed, max(1, page))
    if let selected, !isOpen, !listed.contains(selected) { self.selected = nil }
  }
}
