import ArgumentParser
import Switchboard
import SwitchboardBase
import SwitchboardLab
import SwitchboardTimeline

/// `switchboard explain`
struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a page that teaches six ways to serve, step by step on one clock.",
    usage: "switchboard explain [<recording>] --out <html> [<options>]",
    discussion: """
      One at a time, a thread each, select, poll, epoll and io_uring serve the same clients. The four \
      loops are real traces of this library's own loop over a simulated kernel, each with its \
      digest; the two that block are a model, which says so. The page is complete in itself and \
      asks no network for anything: step on and back, play, change the clients, let one of them \
      ask for something slow, and see who pays. docs/EXPLAIN.md says how to read it.

      With a file that 'switchboard serve --record FILE' has written, or is writing, the page plays what a loop of \
      that server did instead: its waits, callbacks and sends.

      Examples:

        switchboard explain --out explain.html
        switchboard explain FILE --from 1200ms --to 1210ms --out explain.html
      """)

  @Argument(help: "A recording to play.", completion: .file())
  var recording: String?

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Where the page goes.", valueName: "html"))
  var out: String

  @Option(
    help: ArgumentHelp("Leave out what was before, of a recording.", valueName: "time"),
    transform: Read.time)
  var from: Timeout?

  @Option(
    help: ArgumentHelp("Leave out what comes later, of a recording.", valueName: "time"),
    transform: Read.time)
  var to: Timeout?

  func validate() throws {
    if recording == nil, from != nil || to != nil {
      throw ValidationError("'--from' and '--to' are of a recording: give its file, too.")
    }
    if let from = from?.duration, let to = to?.duration, from >= to {
      throw ValidationError("'--from' is not before '--to': nothing is left; make it earlier.")
    }
  }

  func run() throws {
    try reportingFailure(of: "explain") {
      let file = try OutputFile(out)
      var delivery = Delivery()
      delivery.add(try page(), to: file)
      try delivery.deliver()
    }
  }

  private func page() throws -> String {
    guard let recording else { return try ExplainPage.html() }
    let whole = try RecordingFile.read(recording)
    return ExplainPage.html(
      of: whole.clipped(from: from?.duration, to: to?.duration), title: FileName.shown(recording))
  }
}
