import Glibc
import Switchboard

/// What happens at Ctrl-C and SIGTERM: something the first time, the end of the process the second.
final class Interrupts {
  /// Shared with the thread that waits for them.
  private final class Signals: @unchecked Sendable {
    let asked: EndSignals
    init() throws(SystemError) { asked = try EndSignals() }
  }

  private var signals: Signals?
  private var thread: LoopThread?
  /// Readable when nobody wants to know any more.
  private let over: Descriptor

  /// Nil where the system does not let us look out for signals: there either of them ends the
  /// process, as it always does.
  ///
  /// - Parameter first: Called in another thread.
  init?(_ first: @escaping @Sendable () -> Void) {
    guard let signals = try? Signals() else { return nil }
    let made = Linux().eventDescriptor()
    guard made.isSuccess else { return nil }
    let over = Descriptor(rawValue: Int32(made.value))
    self.over = over
    self.signals = signals
    do {
      thread = try LoopThread { Interrupts.watch(signals, until: over, first) }
    } catch {
      _ = Linux().close(over)
      return nil
    }
  }

  private static func watch(
    _ signals: Signals, until over: Descriptor, _ first: @Sendable () -> Void
  ) {
    var asked = [signals.asked.descriptor, over].map {
      pollfd(fd: $0.rawValue, events: Int16(POLLIN), revents: 0)
    }
    while true {
      let count = poll(&asked, nfds_t(asked.count), -1)
      if count < 0, errno == EINTR { continue }
      if count < 0 || asked[1].revents != 0 { return }
      if signals.asked.take() != nil { first() }
    }
  }

  /// From now on a signal does again what it did before.
  func end() {
    guard let thread = thread.take() else { return }
    var one: UInt64 = 1
    _ = withUnsafeBytes(of: &one) { Linux().write(over, from: $0) }
    thread.join()
    signals = nil
    _ = Linux().close(over)
  }

  deinit { end() }
}
