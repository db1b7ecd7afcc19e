import Switchboard

/// What a server tells its operator while it serves: lines on standard output and standard error that
/// it never waits for, whatever becomes of them. A pager that is stopped, a pipe that is full, a disk
/// without room cost lines, which are counted and told of, and no service.
public enum Log {
  private struct Streams {
    let output: LogStream
    let errors: LogStream
  }

  /// Where both go to the same place, they go in one order.
  private static let streams: Streams = {
    let errors = LogStream()
    if isOnePlace() { return Streams(output: errors, errors: errors) }
    let output = LogStream { failure in
      errors.add(
        "warning: the log cannot be written (\(failure.meaning)), serving goes on; "
          + "make room for it, or start again with another", to: 2)
    }
    return Streams(output: output, errors: errors)
  }()
  private static let isUsed = Lock(false)

  private static func isOnePlace() -> Bool {
    guard let output = FileCalls.status(of: 1), let errors = FileCalls.status(of: 2) else {
      return false
    }
    return output.isSame(as: errors)
  }

  /// A line on standard output. Any thread; it takes as long as taking a lock.
  public static func line(_ text: String) { add(text, to: 1) }

  /// A line on standard error; the same.
  public static func error(_ text: String) { add(text, to: 2) }

  private static func add(_ text: String, to descriptor: Int32) {
    isUsed.withLock { $0 = true }
    let stream = descriptor == 1 ? streams.output : streams.errors
    // Words of others may be in it.
    stream.add(FileName.shown(text), to: descriptor)
  }

  /// Whether a line has been written, so that what follows it should be, too.
  public static var isBegun: Bool { isUsed.withLock { $0 } }

  /// Waits, at the end of the process, until all lines are written: a second for one that takes none,
  /// at most five for one that is slow. What is lost then is told on standard error, if that takes it.
  public static func finish() {
    guard isBegun else { return }
    let missing = streams.output.finish()
    guard streams.output !== streams.errors else { return tell(missing) }
    tell(missing)
    _ = streams.errors.finish()
  }

  private static func tell(_ missing: Int) {
    guard missing > 0 else { return }
    let text = "warning: the log ends without its last \(Figures.counted(missing, "line"))"
    if streams.output === streams.errors {
      _ = WholeWrite(text + "\n", to: 2, while: { false })
    } else {
      streams.errors.add(text, to: 2)
    }
  }
}
