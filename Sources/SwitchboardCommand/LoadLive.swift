import Switchboard
import SwitchboardBase
import SwitchboardLoad

/// A load's screen on the terminal, drawn of what the run has told; the threads that measure do nothing for it.
final class LoadLive: Sendable {
  private let state: Lock<LoadScreen>
  private let screen: LiveScreen

  /// Takes the terminal and begins to draw; nil where it has none that is large enough.
  ///
  /// - Parameter stop: Called in another thread when somebody has pressed the key for it.
  init?(_ options: LoadOptions, label: String, stop: @escaping @Sendable () -> Void) {
    let state = Lock(LoadScreen(options, label: label))
    let isColored = Output.wantsColorForErrors
    let screen = LiveScreen(least: LoadScreen.least) { columns, rows in
      let screen = state.withLock { $0 }
      return screen.lines(at: LoadLive.now, columns: columns, rows: rows, color: isColored)
    } press: { key in
      LoadLive.press(key, state, stop)
    }
    guard let screen else { return nil }
    (self.state, self.screen) = (state, screen)
  }

  private static var now: Double { Double(Linux().now().nanoseconds) / 1e9 }

  /// The connections stand, and the load begins.
  func begins() { state.withLock { $0.begins(at: LoadLive.now) } }

  /// Something happened.
  func show(_ news: LoadProgress) { state.withLock { $0.note(news, at: LoadLive.now) } }

  /// Gives the terminal back; once.
  func end() { screen.end() }

  private static func press(
    _ key: TerminalKeys.Key, _ state: Lock<LoadScreen>, _ stop: () -> Void
  ) {
    switch key {
    case .character(" "), .character("f"): state.withLock { $0.freeze(at: LoadLive.now) }
    case .character("r"): state.withLock { $0.rescale() }
    case .character("q"):
      state.withLock { $0.end() }
      stop()
    default: break
    }
  }
}
