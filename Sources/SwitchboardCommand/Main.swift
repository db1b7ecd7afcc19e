import ArgumentParser

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
      Demo.self, Serve.self, Client.self, Load.self, TimelineCommand.self, Backends.self,
      Experiment.self,
    ])
}
