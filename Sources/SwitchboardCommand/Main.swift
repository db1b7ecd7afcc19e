import ArgumentParser
import Switchboard
import SwitchboardLab

/// The `switchboard` command.
@main
struct Main: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "switchboard",
    abstract: "Event-driven TCP servers: one thread that never blocks serves every connection.",
    discussion: """
      See the whole thing at work, server, clients and a picture of who was served when:

        switchboard demo

      Or in two terminals:

        switchboard serve --port 9090
        switchboard client -n 3 localhost 9090
      """,
    version: "0.1.0",
    subcommands: [
      Demo.self, Serve.self, Client.self, Load.self, Compare.self, Experiment.self, Simulate.self,
      TimelineCommand.self, Backends.self,
    ])

  /// Runs what the command line asks for. A mistake in it is one line on standard error.
  static func main() {
    EndSignals.endFirstProcess()
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch {
      if let complaint = Complaint(about: error, arguments) { Output.error(complaint.line) }
      // Help, versions and exit codes are left to the parser, which then has nothing to complain.
      exit(withError: exitCode(for: error).isSuccess ? error : exitCode(for: error))
    }
  }
}
