internal import CKernel

/// A descriptor that becomes readable when the process is asked to end, by SIGINT or SIGTERM.
///
/// The first signal is told by the descriptor. The next one ends the process at once, whatever its
/// threads are doing: a callback that hangs, a log that nobody reads, a process 1, for which a signal
/// has no default effect. Two within 100 ms are one wish told twice, as `timeout(1)` and supervisors
/// do.
///
/// The signals are handled, not blocked, so it does not matter which threads there are, and a process
/// that one of them starts inherits nothing. When the last of these is given up, the signals do again
/// what they did before the first. Several at once, as of two servers in a process, are all told.
public struct EndSignals: ~Copyable {
  /// Its number, to be watched for reading.
  public let descriptor: Descriptor
  private let place: Int
  /// What was blocked in the thread that opened it, and which thread that was.
  private let blocked: Int32
  private let thread: UInt64

  /// Handles SIGINT and SIGTERM from now on. They are let through in the calling thread.
  ///
  /// - Throws: `EMFILE` and its kind; `EUSERS` for the 65th at once; `EPERM` and its kind where a
  ///   sandbox refuses `sigaction(2)`.
  public init() throws(SystemError) {
    let system = Linux()
    let made = try system.must(.eventDescriptor) { system.eventDescriptor() }.descriptor
    let outcome = Outcome(raw: ck_ending_open(made.rawValue))
    if let errno = outcome.errno {
      _ = system.close(made)
      throw SystemError(.signalAction, errno)
    }
    descriptor = made
    place = outcome.value
    thread = ck_thread_number()
    blocked = ck_ending_unblock()
  }

  deinit {
    ck_ending_close(place)
    if blocked != 0, thread == ck_thread_number() { ck_ending_block(blocked) }
    _ = Linux().close(descriptor)
  }

  /// Takes what was told: the signal's number, nil when none has come since.
  public borrowing func take() -> Int32? {
    let (system, descriptor) = (Linux(), descriptor)
    var count: UInt64 = 0
    let outcome = unsafe withUnsafeMutableBytes(of: &count) { bytes in
      system.retryingInterrupts { unsafe system.read(descriptor, into: bytes) }
    }
    return outcome.isSuccess ? ck_ending_number() : nil
  }

  /// For programs that may be process 1 of a container, where a signal has no default effect: makes
  /// SIGINT, SIGTERM, SIGHUP and SIGQUIT end this process, as they end any other. Does nothing in
  /// another process, and to a signal that is ignored or handled already. Call it first in `main`.
  public static func endFirstProcess() { ck_end_first_process() }

  /// Ignores SIGPIPE, so that writing to a pipe whose reader has gone is an error and not the end of
  /// the process. For programs; the library leaves it alone, since its sockets do not need it.
  public static func ignoreBrokenPipes() { ck_ignore_sigpipe() }
}
