import Glibc
import Switchboard

/// Lines to standard output and standard error, each written whole and at once, so that whoever
/// reads a pipe sees them when they happen.
///
/// Output that cannot be written is never lost in silence: the process ends with a line that says
/// so and exit code 1, at once, or when it has done what else was asked of it (see ``whenLost``).
/// Only a reader that has gone, as `head` does, hears nothing of it; the exit code is then that of a
/// program which SIGPIPE ended.
public enum Output {
  /// What is to be done when standard output cannot be written.
  public enum Loss: Sendable {
    /// End the process: its output was all that it was for.
    case ends
    /// Go on, for the sake of files that are still to be written or a verdict; ``end(_:)`` tells.
    case isToldAtEnd
    /// The same where the stream was closed from the start: then nobody wants to read it.
    case isToldUnlessClosed
  }

  private struct State {
    var program = "switchboard"
    var loss = Loss.ends
    var failure: Errno?
  }

  private static let state = Lock(State())
  /// A program that SIGPIPE ends has this exit code in a shell.
  private static let readerHasGone: Int32 = 128 + SIGPIPE

  /// What errors begin with: `switchboard load`.
  public static func setProgram(_ name: String) { state.withLock { $0.program = name } }

  /// Says what is to be done when standard output cannot be written.
  public static func whenLost(_ loss: Loss) { state.withLock { $0.loss = loss } }

  /// Writes a line to standard output.
  public static func line(_ text: String) {
    guard state.withLock({ $0.failure }) == nil else { return }
    if StandardStreams.wereClosed(1) { return lose(Errno(rawValue: EBADF)) }
    if let failure = WholeWrite(text + "\n", to: 1).failure { lose(failure) }
  }

  /// Writes a line to standard error. It may hold words of others: what a terminal would obey is
  /// shown as an escape.
  public static func error(_ text: String) {
    _ = WholeWrite(FileName.shown(text) + "\n", to: 2)
  }

  /// Standard output could not be written.
  static func lose(_ failure: Errno) {
    let loss = state.withLock { state in
      state.failure = state.failure ?? failure
      return state.loss
    }
    if case .ends = loss { _exit(end(0)) }
  }

  /// The exit code in place of `code`, when output was lost; and tells that it was.
  public static func end(_ code: Int32) -> Int32 {
    let state = state.withLock { $0 }
    guard let failure = state.failure else { return code }
    if failure.rawValue == EPIPE { return code == 0 ? readerHasGone : code }
    if StandardStreams.wereClosed(1), case .isToldUnlessClosed = state.loss { return code }
    let (reason, cure) = explain(failure)
    error("\(state.program): cannot write standard output: \(reason); \(cure)")
    return code == 0 ? 1 : code
  }

  private static func explain(_ failure: Errno) -> (String, String) {
    switch failure.rawValue {
    case EBADF: ("it is closed", "leave it open, or send it to /dev/null")
    case ENOSPC, EDQUOT: (failure.meaning, "make room there, or send it elsewhere")
    case EFBIG: ("it would be larger than files may be", "raise the limit (`ulimit -f`)")
    default: (failure.meaning, "send it elsewhere")
    }
  }

  // ------------------------------------------------------------------------- terminals

  /// Whether standard output is a terminal.
  public static var isTerminal: Bool { isatty(1) == 1 }

  /// Whether lines on standard error can be drawn anew: on a terminal that understands how.
  public static var canRedraw: Bool { isatty(2) == 1 && variable("TERM") != "dumb" }

  /// Shows on standard error how work is going: in place of the line before where that can be, and on
  /// any terminal cut to its width. It is left out where it would have to wait: nothing is lost by it.
  public static func progress(_ text: String) {
    guard WholeWrite.hasRoom(2) else { return }
    guard isatty(2) == 1 else { return error(text) }
    let room = max(0, errorWidth - 1)
    let shown = FileName.shown(text)
    let cut = shown.count <= room ? shown : shown.prefix(max(0, room - 1)) + (room > 0 ? "…" : "")
    _ = canRedraw ? WholeWrite("\r\u{1B}[2K" + cut, to: 2) : WholeWrite(cut + "\n", to: 2)
  }

  /// Takes that line away.
  public static func endProgress() {
    if canRedraw, WholeWrite.hasRoom(2) { _ = WholeWrite("\r\u{1B}[2K", to: 2) }
  }

  /// Whether standard output is a terminal that understands colour, and the user has not said no
  /// (<https://no-color.org>).
  public static var wantsColor: Bool {
    isTerminal && variable("NO_COLOR").isEmpty && variable("TERM") != "dumb"
  }

  /// The same for standard error.
  public static var wantsColorForErrors: Bool { canRedraw && variable("NO_COLOR").isEmpty }

  private static func variable(_ name: String) -> String {
    unsafe getenv(name).map { unsafe String(cString: $0) } ?? ""
  }

  /// The terminal's width in columns; 80 where standard output is none.
  public static var width: Int { width(of: 1) }
  /// The same for standard error.
  public static var errorWidth: Int { width(of: 2) }

  /// No picture is drawn wider, whatever a terminal says of itself: it would take minutes, and nobody
  /// has such a one.
  private static let widest = 1000

  private static func width(of descriptor: Int32) -> Int {
    var size = winsize()
    guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return min(Int(size.ws_col), widest)
  }
}
