import ArgumentParser
import Switchboard
import SwitchboardBase
import SwitchboardTimeline

/// `switchboard demo`
struct Demo: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve a few clients in three ways at once, and show who waits for whom.",
    usage: "switchboard demo [<options>]",
    discussion: """
      Three servers on free ports of this machine: one that takes a client at a time, one with a \
      thread for each, and an event loop. The same clients call all three at the same moment, and \
      what each of them saw is drawn on one axis. '--transcript' runs the article's session \
      instead, with what its clients say and what the loop's thread did in microseconds. Colour is \
      left out where the output is no terminal or NO_COLOR is set.

      Examples:

        switchboard demo -n 20
        switchboard demo --out race.html
        switchboard demo --transcript
      """)

  @Option(
    name: [.long, .customShort("c"), .customShort("n")],
    help: ArgumentHelp("Clients of each server. (default: 3)", valueName: "n"),
    transform: Read.count(Demonstration.clients))
  var connections = Demonstration.usualClients

  @Flag(help: "The article's session: what the clients say, and who was served when.")
  var transcript = false

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Write a page with the race, complete in itself.", valueName: "html"))
  var out: String?

  @Option(help: ArgumentHelp("Write the drawing of the race.", valueName: "svg"))
  var svg: String?

  func validate() throws {
    if transcript, out != nil || svg != nil {
      throw ValidationError("'--out' and '--svg' are of the race; leave out '--transcript'.")
    }
  }

  func run() throws {
    let code = try reportingFailure(of: "demo") {
      transcript
        ? try Demonstration.transcript(clients: connections, program: "switchboard demo")
        : try Demonstration.race(
          clients: connections, program: "switchboard demo", page: out, svg: svg)
    }
    throw ExitCode(code)
  }
}
