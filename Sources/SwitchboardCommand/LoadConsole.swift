import Switchboard
import SwitchboardBase
import SwitchboardLoad

/// What the user sees of a load while it runs.
final class LoadConsole: Sendable {
  private struct State {
    /// Which of several runs this is.
    var label = ""
    var meter = LoadMeter(width: Output.errorWidth)
  }

  private let progress: ProgressLine
  private let state = Lock(State())

  init(isQuiet: Bool) { progress = ProgressLine(isQuiet: isQuiet) }

  /// Another run begins.
  ///
  /// - Parameter label: What its lines begin with; nothing where there is one run alone.
  func begin(_ label: String) {
    let room = max(0, Output.errorWidth - label.count)
    state.withLock { $0 = State(label: label, meter: LoadMeter(width: room)) }
  }

  /// Runs with the line, to the end or to Ctrl-C: what was measured until then counts. A second
  /// Ctrl-C ends the process.
  func run(_ run: LoadRun) throws -> LoadResult {
    let interrupts = Interrupts { run.stop() }
    defer {
      clear()
      interrupts?.end()
    }
    return try run.run(progress: show)
  }

  func show(_ news: LoadProgress) {
    progress.show(state.withLock { $0.label + $0.meter.line(news) })
  }

  /// Takes the line away.
  func clear() { progress.clear() }
}
