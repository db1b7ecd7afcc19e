import Switchboard
import SwitchboardBase
import SwitchboardLoad
import Synchronization

/// A load's screen on the terminal. A thread of its own draws it five times a second, of what the run has told; the
/// threads that measure do nothing for it.
final class LoadLive: Sendable {
  private let shared: Shared
  private let thread: OwnedThread

  /// How long a frame stands.
  private static let interval = 200

  private final class Shared: Sendable {
    let screen: Lock<LoadScreen>
    let isOver = Atomic<Bool>(false)
    /// Readable when it is over.
    let wake: Descriptor
    let isColored = Output.wantsColorForErrors
    let stop: @Sendable () -> Void

    init(_ screen: LoadScreen, _ wake: Descriptor, _ stop: @escaping @Sendable () -> Void) {
      (self.screen, self.wake, self.stop) = (Lock(screen), wake, stop)
    }

    func draw() {
      guard let size = TerminalScreen.size else { return TerminalScreen.draw([]) }
      let screen = screen.withLock { $0 }
      TerminalScreen.draw(
        screen.lines(
          at: LoadLive.now, columns: size.columns, rows: size.rows, color: isColored))
    }

    func press(_ key: UInt8) {
      switch Character(UnicodeScalar(key)) {
      case " ", "f": screen.withLock { $0.freeze(at: LoadLive.now) }
      case "r": screen.withLock { $0.rescale() }
      case "q":
        screen.withLock { $0.end() }
        stop()
      default: break
      }
    }
  }

  /// Takes the terminal and begins to draw; nil where it has none that is large enough.
  ///
  /// - Parameter stop: Called in another thread when somebody has pressed the key for it.
  init?(_ options: LoadOptions, label: String, stop: @escaping @Sendable () -> Void) {
    guard let size = TerminalScreen.size, size.columns >= LoadScreen.least.columns,
      size.rows >= LoadScreen.least.rows
    else { return nil }
    let made = Linux().eventDescriptor()
    guard made.isSuccess else { return nil }
    let wake = Descriptor(rawValue: Int32(made.value))
    let shared = Shared(LoadScreen(options, label: label), wake, stop)
    guard TerminalScreen.take(),
      let thread = try? OwnedThread({
        while !shared.isOver.load(ordering: .acquiring) {
          shared.draw()
          let key = TerminalScreen.key(within: LoadLive.interval, or: shared.wake)
          if let key { shared.press(key) }
        }
      })
    else {
      TerminalScreen.giveBack()
      _ = Linux().close(wake)
      return nil
    }
    (self.shared, self.thread) = (shared, thread)
  }

  private static var now: Double { Double(Linux().now().nanoseconds) / 1e9 }

  /// The connections stand, and the load begins.
  func begins() { shared.screen.withLock { $0.begins(at: LoadLive.now) } }

  /// Something happened.
  func show(_ news: LoadProgress) { shared.screen.withLock { $0.note(news, at: LoadLive.now) } }

  /// Gives the terminal back; once.
  func end() {
    shared.isOver.store(true, ordering: .releasing)
    var one: UInt64 = 1
    _ = withUnsafeBytes(of: &one) { Linux().write(shared.wake, from: $0) }
    thread.join()
    TerminalScreen.giveBack()
    _ = Linux().close(shared.wake)
  }
}
