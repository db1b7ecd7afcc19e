import ArgumentParser
import Glibc
import Switchboard
import SwitchboardBase

/// The `switchboard` command.
@main
struct Main: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "switchboard",
    abstract: "Event-driven TCP servers: one thread that never blocks serves every connection.",
    discussion: """
      See the whole thing at work, server, clients and a picture of who was served when:

        switchboard demo

      Or in two terminals:

        switchboard serve localhost:9090
        switchboard client -n 3 localhost:9090
      """,
    version: version,
    subcommands: [
      Demo.self, Explain.self, Serve.self, RelayCommand.self, Client.self, Load.self, Compare.self,
      Experiment.self, Simulate.self, TimelineCommand.self, Top.self, Backends.self,
    ])

  /// Runs what the command line asks for. A mistake in it is one line on standard error.
  static func main() {
    StandardStreams.prepare()
    EndSignals.endFirstProcess()
    // On fewer columns the parser's help comes out wrong, or traps. It asks for this wherever it
    // makes one, also for an error that shows none.
    if Output.width < 40 { setenv("COLUMNS", "40", 1) }
    let code = run(Spelling.present(Array(ProcessStart.arguments.dropFirst())))
    Log.finish()
    Glibc.exit(Output.end(code))
  }

  /// The exit code.
  private static func run(_ arguments: [String]) -> Int32 {
    Output.setProgram(Complaint.command(in: arguments))
    do {
      var command = try parseAsRoot(arguments)
      try command.run()
      return 0
    } catch {
      if let complaint = Complaint(about: error, arguments) { Output.error(complaint.line) }
      let code = exitCode(for: error)
      // Help, a version, a script for a shell.
      let message = code.isSuccess ? fullMessage(for: error) : ""
      if !message.isEmpty { Output.line(message) }
      return code.rawValue
    }
  }
}
