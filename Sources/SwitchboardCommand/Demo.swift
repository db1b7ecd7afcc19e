import ArgumentParser
import Switchboard
import SwitchboardBase
import SwitchboardTimeline

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
    let code = try reportingFailure(of: "demo") {
      try Demonstration.show(clients: connections, program: "switchboard demo")
    }
    throw ExitCode(code)
  }
}
