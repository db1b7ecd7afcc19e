import ArgumentParser
import Switchboard
import SwitchboardLab

/// `switchboard demo`
struct Demo: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a server and a few clients, and show who was served when.",
    discussion: """
      Starts an epoll server on a free port of this machine, in one thread, runs the clients \
      against it in another, and draws what the server's thread did: the whole run, and its first \
      moments in microseconds. Colour is left out where the output is no terminal or NO_COLOR is \
      set.

      Example:

        switchboard demo -n 5
      """)

  @Option(
    name: [.long, .customShort("c"), .customShort("n")],
    help: ArgumentHelp("Clients, each a connection with a row. (default: 3)", valueName: "n"),
    transform: Read.count(1...100))
  var connections = 3

  func run() throws {
    let run = try reportingFailure(of: "demo") {
      try Linux().raiseDescriptorLimit()
      return try runRecorded(
        connections: connections, ready: { Output.error("listening on \($0) (epoll)") },
        log: Output.line)
    }
    Output.line("Elapsed: \(run.client.elapsed.inSeconds)")
    Output.line("")
    let picture = Timeline(run.server).lines(width: Output.width, color: Output.wantsColor)
    picture.forEach(Output.line)
    if run.client.failed > 0 {
      Output.error("switchboard demo: \(run.client.failed) of \(connections) clients failed")
      throw ExitCode(1)
    }
  }
}
