import ArgumentParser
import Switchboard
import SwitchboardLab

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

        switchboard timeline FILE -o FILE.html
        switchboard timeline FILE --from 1200ms --to 1300ms
        switchboard timeline FILE --trace FILE.json
      """)

  @Argument(help: "The recording.", completion: .file())
  var file: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Write a page that can be zoomed, complete in itself.", valueName: "html"))
  var output: String?

  @Option(help: ArgumentHelp("Write the trace event format of Chrome.", valueName: "json"))
  var trace: String?

  @Option(help: ArgumentHelp("Write a drawing 900 points wide.", valueName: "svg"))
  var svg: String?

  @Option(
    help: ArgumentHelp("Leave out what was before.", valueName: "time"), transform: Read.timeout)
  var from: Timeout?

  @Option(
    help: ArgumentHelp("Leave out what comes later.", valueName: "time"), transform: Read.timeout)
  var to: Timeout?

  @Option(
    help: ArgumentHelp(
      "Clients with a row in the terminal or the drawing. (default: 40)", valueName: "n"),
    transform: Read.count(1...1_000_000))
  var clients = 40

  func validate() throws {
    if let from = from?.duration, let to = to?.duration, from >= to {
      throw ValidationError(
        "'--from \(self.from!)' is not before '--to \(self.to!)': nothing is left.")
    }
  }

  func run() throws {
    try reportingFailure(of: "timeline") {
      let recording = try RecordingFile.read(file)
        .clipped(from: from?.duration, to: to?.duration)
      let timeline = Timeline(recording)
      if output == nil, trace == nil, svg == nil {
        let lines = timeline.lines(
          width: Output.width, color: Output.wantsColor, clients: clients)
        return lines.forEach(Output.line)
      }
      if let output { try write(timeline.page(title: name), to: output) }
      if let trace { try write(timeline.trace(), to: trace) }
      if let svg { try write(timeline.svg(width: 900, clients: clients), to: svg) }
    }
  }

  /// The file's own name.
  private var name: String { file.split(separator: "/").last.map(String.init) ?? file }

  private func write(_ text: String, to path: String) throws {
    try Output.write(text, toFile: path)
    Output.line("wrote \(path)")
  }
}
