internal import CKernel

/// A descriptor that becomes readable when the process is asked to end (`signalfd(2)`).
///
/// Open it in the main thread before other threads are started: SIGINT and SIGTERM are blocked in
/// the opening thread and in those it starts later, and come through the descriptor instead.
public struct EndSignals: ~Copyable {
  /// Its number, to be watched for reading.
  public let descriptor: Descriptor

  /// Blocks SIGINT and SIGTERM in this thread and opens the descriptor.
  public init() throws(SystemError) {
    descriptor = try Linux().must(.signalDescriptor) { Outcome(raw: ck_signal_descriptor()) }
      .descriptor
  }

  deinit { _ = Linux().close(descriptor) }

  /// Takes one signal, nil when there is none, and gives both signals their default effect back:
  /// the next one ends the process at once, even if the loop hangs.
  public borrowing func take() -> Int32? {
    let number = Outcome(raw: ck_take_signal(descriptor.rawValue))
    guard number.isSuccess else { return nil }
    ck_release_signals()
    return Int32(clamping: number.value)
  }

  /// Ignores SIGPIPE, so that a write to a closed pipe or socket is an error and not the end of
  /// the process. Sockets of this library do not need it; pipes do.
  static func ignoreBrokenPipes() { ck_ignore_sigpipe() }
}
