import Switchboard
import SwitchboardBase
import SwitchboardLoad

/// What the user sees of a load while it runs: a screen on a terminal that has room for it, and a line elsewhere.
final class LoadConsole: Sendable {
  private struct State {
    /// Which of several runs this is.
    var label = ""
    var meter = LoadMeter(width: Output.errorWidth)
    var live: LoadLive?
  }

  private let progress: ProgressLine
  private let wantsScreen: Bool
  private let state = Lock(State())

  /// - Parameters:
  ///   - isQuiet: Show nothing.
  ///   - isPlain: Show a line everywhere.
  init(isQuiet: Bool, isPlain: Bool = false) {
    progress = ProgressLine(isQuiet: isQuiet)
    wantsScreen = !isQuiet && !isPlain
  }

  /// Another run begins.
  ///
  /// - Parameter label: What its lines begin with; nothing where there is one run alone.
  func begin(_ label: String) {
    let room = max(0, Output.errorWidth - label.count)
    state.withLock { $0 = State(label: label, meter: LoadMeter(width: room)) }
  }

  /// Runs, to the end or to Ctrl-C: what was measured until then counts. A second Ctrl-C ends the process.
  func run(_ run: LoadRun) throws -> LoadResult {
    let interrupts = interrupts { run.stop() }
    open(run.options) { run.stop() }
    defer {
      clear()
      interrupts?.end()
    }
    return try run.run(whenConnected: begins, progress: show)
  }

  /// Ctrl-C and SIGTERM: the first gives the terminal back before it does what it is for, so that a second, which
  /// ends the process at once, finds it as it was.
  func interrupts(_ stop: @escaping @Sendable () -> Void) -> Interrupts? {
    Interrupts { [self] in
      clear()
      stop()
    }
  }

  /// Takes the screen, if there is one.
  ///
  /// - Parameter stop: Ends the run early; called in another thread.
  func open(_ options: LoadOptions, stop: @escaping @Sendable () -> Void) {
    guard wantsScreen else { return }
    let label = state.withLock { $0.label }
    let live = LoadLive(options, label: label, stop: stop)
    state.withLock { $0.live = live }
  }

  /// The connections stand, and the load begins.
  func begins() { state.withLock { $0.live }?.begins() }

  func show(_ news: LoadProgress) {
    let (live, line) = state.withLock { ($0.live, $0.label + $0.meter.line(news)) }
    if let live { live.show(news) } else { progress.show(line) }
  }

  /// Takes the screen or the line away.
  func clear() {
    let live = state.withLock { state in
      defer { state.live = nil }
      return state.live
    }
    if let live { live.end() } else { progress.clear() }
  }
}
