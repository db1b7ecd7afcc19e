import Glibc
import Switchboard

/// Lines to standard output and standard error, each written whole and at once, so that whoever
/// reads a pipe sees them when they happen.
public enum Output {
  /// Writes a line to standard output. A reader that has gone is no reason to stop.
  public static func line(_ text: String) { write(text, to: 1) }

  /// Writes a line to standard error.
  public static func error(_ text: String) { write(text, to: 2) }

  /// A file that cannot be written.
  public struct Unwritable: Error, CustomStringConvertible {
    /// One line, with the next action.
    public let description: String
  }

  /// Makes a file of a text, in place of one that is there.
  public static func write(_ text: String, toFile path: String) throws(Unwritable) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    var isWritten = descriptor >= 0 && write(all: text, to: descriptor)
    let reason = Errno(rawValue: errno).meaning
    if descriptor >= 0 { isWritten = close(descriptor) == 0 && isWritten }
    guard isWritten else {
      throw Unwritable(
        description: "cannot write '\(path)': \(reason); give a file that can be written")
    }
  }

  private static func write(_ text: String, to descriptor: Int32, ending: String = "\n") {
    _ = write(all: text + ending, to: descriptor)
  }

  /// Writes a text to its end: whether that was possible.
  private static func write(all text: String, to descriptor: Int32) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var offset = 0
      while offset < bytes.count {
        let count = unsafe Glibc.write(
          descriptor, bytes.baseAddress.unsafelyUnwrapped + offset, bytes.count - offset)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        offset += count
      }
      return true
    }
  }

  /// Whether standard output is a terminal.
  public static var isTerminal: Bool { isatty(1) == 1 }

  /// Whether standard error is a terminal.
  public static var isErrorTerminal: Bool { isatty(2) == 1 }

  /// Writes a line to standard error in place of the one before, as terminals do.
  public static func redraw(_ text: String) { write("\r\u{1B}[2K" + text, to: 2, ending: "") }

  /// Whether standard output is a terminal that understands colour, and the user has not said no
  /// (<https://no-color.org>).
  public static var wantsColor: Bool {
    let variable = { (name: String) in
      unsafe getenv(name).map { unsafe String(cString: $0) } ?? ""
    }
    return isTerminal && variable("NO_COLOR").isEmpty && variable("TERM") != "dumb"
  }

  /// The terminal's width in columns; 80 where standard output is none.
  public static var width: Int { width(of: 1) }
  /// The same for standard error.
  public static var errorWidth: Int { width(of: 2) }

  private static func width(of descriptor: Int32) -> Int {
    var size = winsize()
    guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}

/// The wall clock as the article's client prints it: local time, milliseconds after a comma.
public func logTimestamp() -> String {
  var time = timespec()
  unsafe clock_gettime(CLOCK_REALTIME, &time)
  var local = unsafe tm()
  unsafe localtime_r(&time.tv_sec, &local)
  let pad = { (value: Int32, width: Int) in
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
  let date = unsafe [pad(local.tm_year + 1900, 4), pad(local.tm_mon + 1, 2), pad(local.tm_mday, 2)]
  let clock = unsafe [pad(local.tm_hour, 2), pad(local.tm_min, 2), pad(local.tm_sec, 2)]
  return date.joined(separator: "-") + " " + clock.joined(separator: ":") + ","
    + pad(Int32(time.tv_nsec / 1_000_000), 3)
}
