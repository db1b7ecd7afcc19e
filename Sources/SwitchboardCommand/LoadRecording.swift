import ArgumentParser
import Glibc
import Switchboard
import SwitchboardBase
import SwitchboardLoad
import SwitchboardTimeline

/// What the server that is loaded writes down meanwhile.
struct LoadRecording: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Tell where slow requests spent their time: in the client and the kernel, waiting for the server's loop, in its "
        + "handler, or waiting to write; of what that server, on this machine, writes with --record.",
      valueName: "file"),
    completion: .file())
  var serverRecording: String?

  /// How long after the load the file is read: a server adds to it fifty times a second.
  private static let patience: UInt32 = 100_000
  /// By how much a machine's clocks may have been set against each other while it ran, in nanoseconds.
  private static let drift: UInt64 = 5_000_000_000

  /// What contradicts it, in one line.
  func validate(_ shape: LoadShape, servers: [LoadTarget]) throws {
    guard serverRecording != nil else { return }
    let isSocket = servers.contains { if case .socket = $0.place { true } else { false } }
    let mistakes = [
      (
        servers.count > 1 || !shape.against.isEmpty,
        "is of one server: name one, without '--against'"
      ),
      (isSocket, "tells connections apart by their ports: load the server over TCP"),
      (shape.pipeline > 1, "tells requests apart by their connections: leave out '--pipeline'"),
      (shape.processes > 1, "is for one process: leave out '--processes'"),
      ((shape.repeats ?? 1) > 1, "is for one run: leave out '--repeat'"),
    ]
    if let mistake = mistakes.first(where: \.0) {
      throw ValidationError("'--server-recording' \(mistake.1).")
    }
  }

  /// Finds out before the run whether there is a recording.
  func prepare() throws {
    guard let path = serverRecording else { return }
    if let status = FileCalls.status(path), !status.isOrdinary {
      throw FileTrouble(path, "is no file; give one that 'switchboard serve --record FILE' writes")
    }
    let tail = try RecordingTail(path)
    _ = try tail.next()
    try tail.requireHead()
  }

  /// Where the time of a load's requests went; nil where nobody asks. What cannot be said has a reason, and a load that
  /// was measured is not lost for it.
  func spans(of traces: RequestTraces) -> LoadSpans? {
    guard let path = serverRecording else { return nil }
    usleep(LoadRecording.patience)
    do {
      let tail = try RecordingTail(path)
      var records = try tail.next()
      try tail.requireHead()
      guard let head = tail.head, LoadRecording.isOfThisMachine(head) else {
        return LoadSpans(
          reason:
            "The server's recording is of another machine, or of before this one started: record on this one, "
            + "where the load is.")
      }
      var finder = SpanFinder(traces, backend: head.backend)
      for record in records { finder.add(record) }
      while tail.standing == .behind {
        records = try tail.next()
        for record in records { finder.add(record) }
      }
      return finder.finish()
    } catch {
      return LoadSpans(reason: "Nothing is known of the server: \(error).")
    }
  }

  /// Whether both clocks began at the same moment there and here. Machines that started together differ in their
  /// connections, at the latest.
  private static func isOfThisMachine(_ head: RecordingFile.Head) -> Bool {
    let here = ServeObserving.wallClock() &- Linux().now().nanoseconds
    let there = head.wallClock &- head.start.nanoseconds
    return min(here &- there, there &- here) <= drift
  }
}
