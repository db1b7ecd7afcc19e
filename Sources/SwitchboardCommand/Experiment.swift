import ArgumentParser
import Switchboard
import SwitchboardBase
import SwitchboardLab
import SwitchboardReport

/// `switchboard experiment`
struct Experiment: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Try claims about concurrent servers on this machine.",
    discussion: """
      Each experiment makes a claim, tries it here, and says by which figures it held, or did not. \
      With --out it also writes a report: a page that opens from disk, Markdown, and pictures.

      Examples: what there is; one of them; all of them (some minutes):

        switchboard experiment list
        switchboard experiment select-wall
        switchboard experiment all --out report/
      """,
    subcommands: [List.self, RunExperiment.self, WaitingCostCommand.self, Subject.self],
    defaultSubcommand: RunExperiment.self)

  /// `switchboard experiment list`
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the experiments.")

    func run() {
      let width = min(100, Output.width)
      for trial in Trials.all {
        let head = "\(trial.name) (about \(trial.seconds) s)"
        Output.line(Output.wantsColor ? "\u{1B}[1m\(head)\u{1B}[0m" : head)
        for line in Prose.wrapped(trial.claim, to: width - 2) { Output.line("  \(line)") }
      }
      Output.line("waiting-cost (about 2 s)")
      for line in Prose.wrapped(
        "What one wait costs with select, poll and epoll when most connections are idle.",
        to: width - 2)
      {
        Output.line("  \(line)")
      }
    }
  }
}

/// `switchboard experiment NAME`
struct RunExperiment: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run one experiment, or all.",
    discussion: """
      'run' may be left out. Before a claim is looked at, controls are: that all clients were served, \
      that the load generator and the machine had time to spare. Exit code 2 means that a claim did not \
      hold on this machine, 3 that none failed and some could not be decided here.

      Examples:

        switchboard experiment run select-wall
        switchboard experiment all --quick --out report/
      """)

  @Argument(help: "The experiment's name, or 'all'; 'switchboard experiment list' has them.")
  var name: String

  @OptionGroup var output: ReportOutput

  @Flag(help: "Fewer sizes and shorter runs: to see that it works, not for figures.")
  var quick = false

  func validate() throws {
    guard name != "all", Trials.named(name) == nil else { return }
    let near = Spellings.nearest(to: name, of: Trials.all.map { $0.name })
    let meant = near.map { "Did you mean '\($0)'? " } ?? ""
    throw ValidationError(
      "There is no experiment '\(name)'. \(meant)'switchboard experiment list' shows what there is."
    )
  }

  func run() throws {
    try reportingFailure(of: "experiment \(name)") {
      try Linux().raiseDescriptorLimit()
      let folder = try output.folder()
      for note in [quick ? Report.quickNote : nil, Machine.buildNote].compactMap(\.self) {
        Output.error("note: \(note)")
      }
      let trials = name == "all" ? Trials.all : [Trials.named(name)].compactMap(\.self)
      var sections: [Report.Section] = []
      var files = Result<[String], any Error>.success([])
      let start = ContinuousClock.now
      let standing = Lock(
        TrialsProgress(trials.map { ($0.name, $0.seconds) }, isQuick: quick))
      for (place, trial) in trials.enumerated() {
        standing.withLock { $0.begin(place, after: .now - start) }
        sections.append(
          section(trial) { text in standing.withLock { $0.line(text, after: .now - start) } })
        // What has been measured is kept, whatever becomes of the terminal and of the others.
        if let folder { files = Result { try folder.write(report(sections)) } }
        if sections.count > 1 { Output.line("") }
        let text = TextReport(
          sections[sections.count - 1], width: Output.width, color: Output.wantsColor)
        text.lines.forEach(Output.line)
      }
      output.tell(try files.get())
      if let code = RunExperiment.exitCode(sections.compactMap(\.findings.verdict)) { throw code }
    }
  }

  /// What a script has to know of all verdicts together; nil where every claim held.
  static func exitCode(_ verdicts: [Verdict]) -> ExitCode? {
    if verdicts.contains(where: { $0.outcome == .failed }) { return ExitCode(2) }
    return verdicts.contains { $0.outcome == .undecided } ? ExitCode(3) : nil
  }

  private func section(
    _ trial: any Trial.Type, _ line: @escaping @Sendable (String) -> String
  ) -> Report.Section {
    let progress = ProgressLine()
    progress.show(line(""))
    let laboratory = Laboratory(isQuick: quick) { progress.show(line($0)) }
    defer { progress.clear() }
    return trial.init().run(laboratory)
  }

  private func report(_ sections: [Report.Section]) -> Report {
    Report(
      title: sections.count == 1 ? sections[0].name : "Claims about concurrent servers, tried here",
      lead: sections.count == 1
        ? sections[0].claim
        : "Each claim is a program. It was run on the machine named below; every verdict is computed "
          + "from its run, and can be had again with the command beneath it.",
      command: "switchboard experiment \(name) --out report/\(quick ? " --quick" : "")",
      sections: sections, isQuick: quick)
  }
}

/// `switchboard experiment subject`: the servers that experiments start.
struct Subject: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve for an experiment, until standard input ends.", shouldDisplay: false)

  @Argument(parsing: .captureForPassthrough)
  var arguments: [String] = []

  func run() throws {
    try reportingFailure(of: "experiment subject") {
      EndOfInput.endsThisProcess()
      try Linux().raiseDescriptorLimit()
      if arguments.first == "stalling", arguments.count == 3, let stall = Int(arguments[2]) {
        return try StallingSession.serve(
          stall: .milliseconds(stall), inPool: arguments[1] == "pool")
      }
      guard arguments.first == "serve" else {
        throw ValidationError("experiments start 'serve' or 'stalling'")
      }
      let serve = try Serve.parse(Array(arguments.dropFirst()))
      try serve.run()
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
      result.lines(width: Output.width).forEach(Output.line)
    }
  }
}
