import Switchboard
import SwitchboardBase
import SwitchboardLab
import Synchronization

/// What the user sees of a simulation while it runs: a screen on a terminal that has room for it, and a line elsewhere.
/// One thread's, which runs the seeds.
final class SimulationConsole {
  private let state: Lock<SimulationScreen>
  private let live: LiveScreen?
  private let progress = ProgressLine()
  private let start = ContinuousClock.now
  private var lastShown = ContinuousClock.now
  /// What is to be written when the screen is gone, and how much was left out.
  private var held: [String] = []
  private var leftOut = 0
  private let ending = Ending()

  private final class Ending: Sendable {
    let isAsked = Atomic<Bool>(false)
  }

  /// Lines that are kept while a screen is shown.
  private static let most = 1000

  init(seeds: Int, duration: Duration?, wantsScreen: Bool) {
    let state = Lock(SimulationScreen(seeds: seeds, duration: duration))
    let (start, ending, isColored) = (self.start, self.ending, Output.wantsColorForErrors)
    self.state = state
    live =
      !wantsScreen
      ? nil
      : LiveScreen(least: SimulationScreen.least) { columns, rows in
        // A line as wide as the screen would begin another one.
        state.withLock { $0 }
          .lines(after: .now - start, columns: columns - 1, rows: rows, color: isColored)
      } press: { key in
        guard key == .character("q") else { return }
        state.withLock { $0.end() }
        ending.isAsked.store(true, ordering: .relaxed)
      }
  }

  /// Somebody has asked for the end.
  var isOver: Bool { ending.isAsked.load(ordering: .relaxed) }

  /// A seed begins.
  func begin(_ seed: UInt64) { state.withLock { $0.begin(seed) } }

  /// It has passed.
  func add(_ report: SimulationReport) {
    state.withLock { $0.add(report) }
    show()
  }

  /// It has failed.
  func fail(_ sentence: String, replay: String) {
    state.withLock { $0.fail(sentence) }
    tell("switchboard simulate: \(sentence)")
    tell("  to replay: \(replay)")
  }

  /// A line on standard error, as soon as it can be seen there.
  func tell(_ line: String) {
    guard live != nil else {
      progress.clear()
      return Output.error(line)
    }
    if held.count < SimulationConsole.most { held.append(line) } else { leftOut += 1 }
  }

  private func show() {
    guard live == nil else { return }
    let now = ContinuousClock.now
    // What is over within a second needs no line.
    guard now - lastShown >= .seconds(1) else { return }
    lastShown = now
    progress.show(state.withLock { $0.line(after: now - start) })
  }

  /// Takes the screen or the line away, and says what was held back.
  func end() {
    if let live { live.end() } else { progress.clear() }
    held.forEach(Output.error)
    if leftOut > 0 {
      Output.error("switchboard simulate: \(Figures.counted(leftOut, "line")) more are left out")
    }
  }
}
