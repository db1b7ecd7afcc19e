import Foundation
import Glibc
import Testing

/// A program under test on a terminal of its own: keys and standard error are that, standard output where asked. It is
/// no terminal that could send signals; a test sends them.
final class OnTerminal {
  private let terminal: Int32
  private let ours: Int32
  private let process = Process()
  /// Everything that it has drawn.
  private(set) var drawn = ""

  // TIOCSPTLCK and TIOCGPTN, which ioctl_tty(2) has; Swift does not see the functions that make them.
  private static let (lock, name): (UInt, UInt) = (0x4004_5431, 0x8004_5430)

  struct Disappointment: Error, CustomStringConvertible {
    let description: String
  }

  init(
    _ arguments: [String], columns: UInt16, rows: UInt16, environment: [String: String] = [:],
    output: Bool = false
  ) throws {
    terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var (locked, number): (Int32, Int32) = (0, 0)
    try #require(ioctl(terminal, OnTerminal.lock, &locked) == 0)
    try #require(ioctl(terminal, OnTerminal.name, &number) == 0)
    ours = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(ours >= 0)
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    try #require(ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0)
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "switchboard")
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment
      .merging(["TERM": "xterm", "SWIFT_BACKTRACE": "enable=no"]) { $1 }.merging(environment) { $1 }
    let theirs = FileHandle(fileDescriptor: ours)
    (process.standardInput, process.standardError) = (theirs, theirs)
    process.standardOutput = output ? theirs : FileHandle.nullDevice
    try process.run()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    close(terminal)
    close(ours)
  }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Waits until a signal has stopped it: what lets it go on is lost before that.
  func stops() throws {
    let file = "/proc/\(process.processIdentifier)/stat"
    while true {
      let state = try String(contentsOfFile: file, encoding: .utf8)
        .split(separator: ")").last?.split(separator: " ").first
      if state == "T" { return }
      guard process.isRunning else { throw Disappointment(description: "it ended: \(drawn)") }
      take()
    }
  }

  func press(_ key: String) throws {
    try #require(write(terminal, key, key.utf8.count) == key.utf8.count)
  }

  /// Waits until so much of a text has been drawn; the suite's time limit is the deadline.
  func sees(_ text: String, count: Int = 1) throws {
    while drawn.components(separatedBy: text).count <= count {
      guard process.isRunning || hasMore else {
        throw Disappointment(description: "it ended without '\(text)': \(drawn)")
      }
      take()
    }
  }

  private var hasMore: Bool {
    var one = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
    return poll(&one, 1, 0) > 0
  }

  /// Takes what has been drawn, waiting a little for some.
  private func take() {
    var one = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
    guard poll(&one, 1, 100) > 0 else { return }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(terminal, &bytes, bytes.count)
    if count > 0 { drawn += String(decoding: bytes.prefix(count), as: UTF8.self) }
  }

  /// Waits for its end: the exit code, or the signal as a negative number.
  func end() -> Int32 {
    while process.isRunning || hasMore { take() }
    process.waitUntilExit()
    let status = process.terminationStatus
    return process.terminationReason == .exit ? status : -status
  }

  /// Whether lines are edited and shown by the terminal, as shells expect it.
  var isOrdinary: Bool {
    var state = termios()
    guard tcgetattr(ours, &state) == 0 else { return false }
    return state.c_lflag & tcflag_t(ICANON) != 0 && state.c_lflag & tcflag_t(ECHO) != 0
  }
}
