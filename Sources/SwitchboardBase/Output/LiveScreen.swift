import Switchboard
import Synchronization

/// A whole screen that is drawn five times a second, and at each key, by a thread of its own.
///
/// Whoever works does nothing for it. What it draws it asks for, with the size that the terminal has at that moment.
package final class LiveScreen: Sendable {
  private let shared: Shared
  private let thread: OwnedThread

  /// How long a frame stands, and how long the rest of a key's bytes is waited for, in milliseconds.
  private static let (interval, patience) = (200, 25)
  /// Keys that are taken before the next frame.
  private static let keysAtOnce = 64

  private final class Shared: Sendable {
    let isOver = Atomic<Bool>(false)
    /// Readable when it is over.
    let wake: Descriptor
    let draw: @Sendable (_ columns: Int, _ rows: Int) -> [String]
    let press: @Sendable (TerminalKeys.Key) -> Void

    init(
      _ wake: Descriptor, _ draw: @escaping @Sendable (Int, Int) -> [String],
      _ press: @escaping @Sendable (TerminalKeys.Key) -> Void
    ) {
      (self.wake, self.draw, self.press) = (wake, draw, press)
    }

    func run() {
      var keys = TerminalKeys()
      while !isOver.load(ordering: .acquiring) {
        let size = TerminalScreen.size
        TerminalScreen.draw(size.map { draw($0.columns, $0.rows) } ?? [])
        takeKeys(&keys)
      }
    }

    private func takeKeys(_ keys: inout TerminalKeys) {
      var wait = LiveScreen.interval
      for _ in 0..<LiveScreen.keysAtOnce where !isOver.load(ordering: .acquiring) {
        guard let byte = TerminalScreen.key(within: wait, or: wake) else {
          if let key = keys.pause() { press(key) }
          return
        }
        if let key = keys.take(byte) { press(key) }
        wait = keys.isWaiting ? LiveScreen.patience : 0
      }
    }
  }

  /// Takes the terminal and begins to draw; nil where it has none that is large enough.
  ///
  /// - Parameters:
  ///   - least: The smallest terminal that it is drawn on.
  ///   - draw: The lines for so many columns and rows. Called in another thread.
  ///   - press: Called with each key, in that thread.
  package init?(
    least: (columns: Int, rows: Int), draw: @escaping @Sendable (Int, Int) -> [String],
    press: @escaping @Sendable (TerminalKeys.Key) -> Void
  ) {
    guard let size = TerminalScreen.size, size.columns >= least.columns, size.rows >= least.rows
    else { return nil }
    let made = Linux().eventDescriptor()
    guard made.isSuccess else { return nil }
    let wake = Descriptor(rawValue: Int32(made.value))
    let shared = Shared(wake, draw, press)
    guard TerminalScreen.take(), let thread = try? OwnedThread({ shared.run() }) else {
      TerminalScreen.giveBack()
      _ = Linux().close(wake)
      return nil
    }
    (self.shared, self.thread) = (shared, thread)
  }

  /// Gives the terminal back; once.
  package func end() {
    shared.isOver.store(true, ordering: .releasing)
    var one: UInt64 = 1
    _ = unsafe withUnsafeBytes(of: &one) { unsafe Linux().write(shared.wake, from: $0) }
    thread.join()
    TerminalScreen.giveBack()
    _ = Linux().close(shared.wake)
  }
}
