import ArgumentParser
import Glibc
import Logging
import Switchboard
import SwitchboardBase
import SwitchboardTimeline

/// The options of `switchboard serve` that show what its loops do.
struct ServeObserving: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Write down what the loops do, for 'switchboard timeline FILE': waits, callbacks, bytes. \
      (default: no)
      """, valueName: "file"))
  var record: String?

  @Option(
    help: ArgumentHelp(
      "How large that file may become; what comes later is only counted. (default: 64m)",
      valueName: "bytes"),
    transform: Read.size(4096...1 << 32))
  var recordLimit: Size?

  @Option(
    help: ArgumentHelp(
      """
      Tell of callbacks that take longer, such as 10ms, and who waited meanwhile; at most five a \
      second for each loop. (default: no)
      """, valueName: "time"),
    transform: Read.time)
  var slowCallback: Timeout?

  func validate() throws {
    if recordLimit != nil, record == nil {
      throw ValidationError("'--record-limit' goes with '--record FILE': add it.")
    }
  }

  /// Begins to write, if that is wanted.
  func startRecording(of server: Server) throws -> RecordingWriter? {
    guard let record else { return nil }
    let head = RecordingFile.Head(
      loops: server.loops, start: Linux().now(), wallClock: ServeObserving.wallClock(),
      backend: server.backend.rawValue, process: getpid())
    return try RecordingWriter(to: record, head, limit: recordLimit?.bytes ?? 64 << 20)
  }

  /// Ends it, and tells what has become of it.
  func finish(_ writer: RecordingWriter, _ logger: Logger) {
    let (outcome, file) = (writer.finish(), record ?? "")
    let shown = FileName.shown(file)
    if let failure = outcome.failure {
      logger.warning(
        "recording ended early: \(FileTrouble(writing: file, failure))")
    } else if outcome.leftOut > 0 {
      let count = Figures.grouped(outcome.leftOut)
      logger.warning("'\(shown)' is full: \(count) records left out; raise '--record-limit'")
    }
    guard outcome.bytes > 0 else { return }
    logger.info("recorded: \(Figures.grouped(outcome.bytes)) bytes in '\(shown)'")
  }

  /// Nanoseconds since 1970.
  static func wallClock() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
