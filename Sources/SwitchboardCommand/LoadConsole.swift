import Switchboard
import SwitchboardBase
import SwitchboardLoad

/// What the user sees of a load while it runs: a line on standard error, drawn anew on a terminal
/// and written once a second elsewhere.
final class LoadConsole: Sendable {
  private let isQuiet: Bool
  private let meter = Lock(LoadMeter(width: Output.errorWidth))

  init(isQuiet: Bool) { self.isQuiet = isQuiet }

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

  func show(_ progress: LoadProgress) {
    guard !isQuiet else { return }
    let line = meter.withLock { $0.line(progress) }
    Output.progress(line)
  }

  /// Takes the line away.
  func clear() { if !isQuiet { Output.endProgress() } }
}
