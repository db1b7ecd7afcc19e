import Dispatch
import Switchboard
import SwitchboardBase
import SwitchboardTimeline
import Synchronization

/// Reads a recording as it grows, for a screen or a table.
final class TopWatching: Sendable {
  fileprivate let state: Lock<State>
  private let isOver = Atomic<Bool>(false)
  private let wake = DispatchSemaphore(value: 0)

  fileprivate struct State {
    let tail: RecordingTail
    var screen: TopScreen
    let slowLimit: Duration
    /// When the server was looked for last.
    var asked: Instant?
    var process = RecordedProcess.isGone
  }

  /// How long nobody looks whether something has come, in milliseconds.
  private static let pause = 100
  /// How often the server is looked for.
  fileprivate static let checks = Duration.seconds(1)

  /// Opens a recording.
  init(_ file: String, order: TopOrder, slowLimit: Duration) throws(FileTrouble) {
    var screen = TopScreen(title: file)
    screen.order = order
    state = Lock(State(tail: try RecordingTail(file), screen: screen, slowLimit: slowLimit))
  }

  /// Ends it. Any thread.
  func stop() {
    isOver.store(true, ordering: .releasing)
    wake.signal()
  }

  /// Takes the terminal; nil where there is none.
  func screen() -> LiveScreen? {
    let isColored = Output.wantsColorForErrors
    return LiveScreen(least: (1, 1)) { [self] columns, rows in
      // A line as wide as the screen would begin another one.
      state.withLock { $0.screen.lines(columns: columns - 1, rows: rows, color: isColored) }
    } press: { [self] key in
      if state.withLock({ $0.screen.press(key) }) { stop() }
    }
  }

  /// The table as it is now.
  func lines(columns: Int, connections: Int, color: Bool) -> [String] {
    state.withLock { state in
      state.screen.table(columns: columns, connections: connections, color: color)
    }
  }

  /// Reads until somebody ends it.
  func follow(until end: Instant?) throws {
    while !isOver.load(ordering: .acquiring) {
      let isBehind = try look()
      if let end, Linux().now() >= end { return }
      if !isBehind { _ = wake.wait(timeout: .now() + .milliseconds(TopWatching.pause)) }
    }
  }

  /// Prints what there is; with an end, each second until then or until nothing more can come.
  func print(until end: Instant?, _ lines: () -> [String]) throws {
    while try look(), !isOver.load(ordering: .acquiring) {}
    guard let end else {
      try state.withLock { state throws(FileTrouble) in try state.requireHead() }
      return lines().forEach(Output.line)
    }
    var isFirst = true
    while true {
      if !isFirst { Output.line("") }
      isFirst = false
      lines().forEach(Output.line)
      let now = Linux().now()
      if now >= end || isOver.load(ordering: .acquiring) || state.withLock({ $0.hasEnded }) {
        return
      }
      try follow(until: min(end, now + .seconds(1)))
    }
  }

  /// Takes in what has come. Whether there is more.
  private func look() throws(FileTrouble) -> Bool {
    try state.withLock { state throws(FileTrouble) in try state.look() }
  }
}

extension TopWatching.State {
  fileprivate var hasEnded: Bool {
    if case .ended = screen.standing { return true }
    return false
  }

  fileprivate mutating func look() throws(FileTrouble) -> Bool {
    let records = try tail.next()
    if screen.activity == nil, let head = tail.head { screen.begin(head, slowLimit: slowLimit) }
    screen.add(records)
    screen.standing = standing
    if let activity = screen.activity {
      screen.clock = activity.time(of: Linux().now().nanoseconds)
    }
    return tail.standing == .behind
  }

  private var standing: TopScreen.Standing {
    mutating get {
      guard let head = tail.head else { return .waiting }
      switch tail.standing {
      case .behind: return .reading(tail.share)
      case .over: return .ended("its writer has gone")
      case .upToDate:
        let now = Linux().now()
        if asked.map({ now.since($0) >= TopWatching.checks }) ?? true {
          (asked, process) = (now, RecordedProcess(head))
        }
        if process == .isGone { return .ended("no process \(head.process) runs here") }
        return tail.isFull ? .full : .runs
      }
    }
  }

  fileprivate mutating func requireHead() throws(FileTrouble) {
    try tail.requireHead()
  }
}
