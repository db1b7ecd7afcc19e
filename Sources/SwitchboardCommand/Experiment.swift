import ArgumentParser
import Switchboard
import SwitchboardLab

/// `switchboard experiment`
struct Experiment: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure a claim about concurrent servers on this machine.",
    discussion: """
      Example:

        switchboard experiment waiting-cost
      """,
    subcommands: [List.self, WaitingCostCommand.self])

  /// What there is to measure.
  static let all: [ParsableCommand.Type] = [WaitingCostCommand.self]

  /// `switchboard experiment list`
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the experiments.")

    func run() {
      for experiment in Experiment.all {
        let configuration = experiment.configuration
        Output.line("\(configuration.commandName ?? "")  \(configuration.abstract)")
      }
    }
  }
}

/// `switchboard experiment waiting-cost`
struct WaitingCostCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "waiting-cost",
    abstract: "What one wait costs with select, poll and epoll when most connections are idle.",
    discussion: """
      Opens that many loopback connections, lets bytes wait unread in the active ones, and times \
      many waits of each mechanism: the system call, and collecting what is ready. Takes about two \
      seconds.

      Example:

        switchboard experiment waiting-cost --active 1 --idle 900
      """)

  @Option(
    help: ArgumentHelp("Connections with something to receive. (default: 64)", valueName: "n"),
    transform: Read.count(1...1024))
  var active = 64

  @Option(
    help: ArgumentHelp("Connections with nothing to receive. (default: 900)", valueName: "n"),
    transform: Read.count(0...10_000))
  var idle = 900

  func run() throws {
    try reportingFailure(of: "experiment waiting-cost") {
      try Linux().raiseDescriptorLimit()
      let result = try WaitingCost(active: active, idle: idle).run()
      result.lines.forEach(Output.line)
    }
  }
}
