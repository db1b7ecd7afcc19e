import ArgumentParser
import Switchboard
import SwitchboardBase
import SwitchboardTimeline

/// `switchboard top`
struct Top: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look at a running server, through the recording that it writes.",
    usage: "switchboard top <file> [<options>]",
    discussion: """
      The file is one that 'switchboard serve --record FILE' writes, or a pipe, or - for standard \
      input. On a terminal: how busy each loop is, its turns and its lag, the connections, and slow \
      callbacks as they come; keys sort, and open one connection. Elsewhere, and with --plain, a \
      table is printed once, or each second with --for. What a recording does not hold is not shown: \
      bytes that are not sent yet, and addresses.

      Examples: a server in one terminal and this in another; and without a file that grows:

        switchboard top FILE
        switchboard top FILE --sort waits --for 10s --plain
        switchboard serve --record /dev/stdout 8080 | switchboard top -
      """)

  @Argument(help: "The recording.", completion: .file())
  var file: String

  @Option(help: "What connections are put in order by.")
  var sort = TopOrder.rate

  @Option(
    name: [.long, .customShort("c")],
    help: ArgumentHelp("Connections in the printed table. (default: 20)", valueName: "n"),
    transform: Read.count(1...1000))
  var connections = 20

  @Option(
    help: ArgumentHelp(
      "Show callbacks that took so long or longer. (default: 10ms)", valueName: "time"),
    transform: Read.timeAboveZero)
  var slowCallback: Timeout?

  @Option(
    name: .customLong("for"),
    help: ArgumentHelp(
      "End after so long; where there is no terminal, print each second until then.",
      valueName: "time"),
    transform: Read.timeAboveZero)
  var duration: Timeout?

  @Flag(help: "Print the table, on a terminal too.")
  var plain = false

  func run() throws {
    try reportingFailure(of: "top") {
      let watching = try TopWatching(
        file, order: sort, slowLimit: slowCallback?.duration ?? .milliseconds(10))
      let interrupts = Interrupts { watching.stop() }
      defer { interrupts?.end() }
      let end = duration?.duration.map { Linux().now() + $0 }
      if !plain, Output.isTerminal, let screen = watching.screen() {
        defer { screen.end() }
        return try watching.follow(until: end)
      }
      let lines = {
        watching.lines(
          columns: Output.width, connections: connections, color: Output.wantsColor)
      }
      try watching.print(until: end, lines)
    }
  }
}

extension TopOrder: ExpressibleByArgument {}
