import ArgumentParser
import Glibc
import SwitchboardBase
import SwitchboardReport

/// Where a report goes.
struct ReportOutput: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Write a report into this folder: report.html, report.md and the pictures as .svg.",
      valueName: "folder"))
  var out: String?

  func validate() throws {
    guard out == "-" else { return }
    throw ValidationError("A report is several files: give '--out' a folder, not standard output.")
  }

  /// The folder, made before anything is measured, so that a wrong one costs no time.
  /// A report is written whatever becomes of the terminal.
  func folder() throws -> ReportFolder? {
    if out != nil { Output.whenLost(.isToldAtEnd) }
    return try out.map { try ReportFolder($0) }
  }

  /// Tells on standard error which files have been written, if some have.
  func tell(_ files: [String]) {
    guard let first = files.first else { return }
    Output.error("wrote \(first), and \(files.count - 1) files beside it")
  }
}

/// A process that lives only as long as its standard input.
enum EndOfInput {
  /// Has the system end this process with SIGIO when the last writer of its standard input has
  /// gone. It takes no thread: experiments count those.
  static func endsThisProcess() {
    signal(SIGIO, SIG_DFL)
    // Whoever started this may have left it blocked, as threads of Dispatch do.
    var wanted = sigset_t()
    sigemptyset(&wanted)
    sigaddset(&wanted, SIGIO)
    pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
    _ = fcntl(0, F_SETOWN, getpid())
    _ = fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_ASYNC)
    // Whoever was the last to write may have gone before anybody would be told.
    var input = pollfd(fd: 0, events: 0, revents: 0)
    if poll(&input, 1, 0) > 0, input.revents & Int16(POLLHUP) != 0 { exit(0) }
  }
}
