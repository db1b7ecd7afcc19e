import ArgumentParser
import Switchboard
import SwitchboardBase
import SwitchboardTimeline

/// `switchboard timeline`
struct TimelineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "timeline",
    abstract: "Draw what a server recorded: who was served when, and what the loops waited for.",
    usage: "switchboard timeline <file> [<options>]",
    discussion: """
      The file is one that 'switchboard serve --record FILE' wrote; that server may be running \
      still, or have been killed. Without options the picture goes to the terminal. Times are \
      counted from the first callback. Colour is left out where the output is no terminal or \
      NO_COLOR is set.

      Examples: a page to zoom in, for any browser; a tenth of a second in the terminal; and a \
      trace for ui.perfetto.dev or chrome://tracing:

        switchboard timeline FILE --out FILE.html
        switchboard timeline FILE --from 1200ms --to 1300ms
        switchboard timeline FILE --trace FILE.json
      """)

  @Argument(help: "The recording.", completion: .file())
  var file: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Write a page that can be zoomed, complete in itself.", valueName: "html"))
  var out: String?

  @Option(help: ArgumentHelp("Write the trace event format of Chrome.", valueName: "json"))
  var trace: String?

  @Option(help: ArgumentHelp("Write a drawing 900 points wide.", valueName: "svg"))
  var svg: String?

  @Option(
    help: ArgumentHelp("Leave out what was before.", valueName: "time"), transform: Read.time)
  var from: Timeout?

  @Option(
    help: ArgumentHelp("Leave out what comes later.", valueName: "time"), transform: Read.time)
  var to: Timeout?

  @Option(
    name: [.long, .customShort("c")],
    help: ArgumentHelp(
      "Connections with a row in the terminal or the drawing. (default: 40)", valueName: "n"),
    transform: Read.count(1...1_000_000))
  var connections = 40

  func validate() throws {
    if let from = from?.duration, let to = to?.duration, from >= to {
      throw ValidationError("'--from' is not before '--to': nothing is left; make it earlier.")
    }
  }

  func run() throws {
    try reportingFailure(of: "timeline") {
      var delivery = Delivery()
      let files = try [out, trace, svg].map { try $0.map { try OutputFile($0) } }
      // A page alone is made without holding the recording; what comes through a pipe is read once.
      if let page = files[0], trace == nil, svg == nil {
        let text = try RecordingFile.page(
          of: file, title: FileName.shown(name), from: from?.duration, to: to?.duration)
        delivery.add(text, to: page)
        return try delivery.deliver()
      }
      let timeline = Timeline(
        try RecordingFile.read(file).clipped(from: from?.duration, to: to?.duration))
      if trace == nil, svg == nil {
        let lines = timeline.lines(
          width: Output.width, color: Output.wantsColor, clients: connections)
        return lines.forEach(Output.line)
      }
      if files[0] != nil { delivery.add(timeline.page(title: FileName.shown(name)), to: files[0]) }
      if files[1] != nil { delivery.add(timeline.trace(), to: files[1]) }
      if files[2] != nil {
        delivery.add(timeline.svg(width: 900, clients: connections), to: files[2])
      }
      try delivery.deliver()
    }
  }

  /// The file's own name.
  private var name: String {
    file.utf8.split(separator: UInt8(ascii: "/")).last.map { String(decoding: $0, as: UTF8.self) }
      ?? file
  }
}
