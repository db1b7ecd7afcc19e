import ArgumentParser
import Switchboard
import SwitchboardBase
import SwitchboardLoad

extension LoadProtocol: ExpressibleByArgument {}

/// `switchboard load`
struct Load: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: LoadServers.configuration.abstract,
    subcommands: [LoadServers.self, LoadMerge.self, LoadShow.self, LoadBeside.self],
    defaultSubcommand: LoadServers.self)
}

/// `switchboard load HOST:PORT`
struct LoadServers: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Put load on a server, check every reply, and measure.",
    usage: """
      switchboard load <host:port> [<options>]
      switchboard load merge <file> ... [<options>]
      switchboard load show <file> [<options>]
      switchboard load diff <file> <file> ... [<options>]
      """,
    discussion: """
      Without --rate, each reply is followed by the next request (closed loop). With --rate, \
      requests are made when they are due, whatever the server does (open loop), and latency \
      counts from then: a server that stalls cannot hide it. With --against, two servers are \
      measured by turns, and it is told which differences are more than noise. 'merge' adds up \
      results of several machines that were written with --out, 'show' prints one again, and \
      'diff' puts several beside each other.

      The exit code is 0 if every reply was right, 99 if an --assert does not hold, 64 if something is \
      wrong with the command line, and 1 if anything else went wrong.

      Examples:

        switchboard load localhost:9090 --connections 64 --duration 5s
        switchboard load localhost:9090 --rate 5000 --assert 'p99<5ms' --out new.json
        switchboard load localhost:9090 --out page.html --server-recording server.rec
        switchboard load localhost:9090 --against localhost:9091 --repeat 10
        switchboard load http://localhost:8080/ --header 'Accept: text/html'
        switchboard load localhost:6379 --command 'GET key' --pipeline 16
        switchboard load localhost:7 --send 'hello\\n' --expect-until '\\n'
        switchboard load merge a.json b.json
        switchboard load diff a.json b.json
      """)

  @OptionGroup var servers: LoadTargetArguments

  @OptionGroup(title: "Load") var shape: LoadShape
  @OptionGroup(title: "Requests of http, resp and bytes") var asking: LoadRequestOptions
  @OptionGroup(title: "TLS") var tls: ClientTLSArguments
  @OptionGroup(title: "Output") var output: LoadOutput
  @OptionGroup(title: "Output") var recording: LoadRecording

  @Flag(help: "Tell how it goes in a line, also on a terminal that has room for a screen.")
  var plain = false

  @Option(help: .hidden, transform: Read.worker)
  var worker: Read.Worker?

  func validate() throws {
    let sides = try sides()
    try shape.validate()
    try recording.validate(shape, servers: sides[0])
    for side in sides { _ = try asked(of: side, among: sides, readsFiles: false) }
    guard !shape.against.isEmpty else { return }
    if let repeats = shape.repeats, repeats < RankSumTest.fewest {
      throw ValidationError(
        "'--repeat \(repeats)' leaves no verdict possible: with fewer than \(RankSumTest.fewest) runs "
          + "of each even the clearest order comes about by chance too often; give '--repeat "
          + "\(LoadTurns.usual)' or more.")
    }
    if output.baseline != nil {
      throw ValidationError("'--baseline' and '--against' contradict each other: leave one out.")
    }
    if output.csv != nil {
      throw ValidationError("'--csv' is for one server, and '--against' makes two: use '--out'.")
    }
  }

  func run() throws {
    try reportingFailure(of: "load") {
      let files = worker == nil ? try output.prepare() : LoadOutput.Files()
      try recording.prepare()
      Output.whenLost(.isToldUnlessClosed)
      // Where that is refused, connections beyond the limit say so.
      _ = try? Linux().raiseDescriptorLimit()
      let targets = try sides()
      let sides = try targets.map { side -> LoadOptions in
        let (spoken, exchange) = try asked(of: side, among: targets, readsFiles: true)
        var options = try shape.options(on: side.map(shape.resolved), speaking: spoken, exchange)
        options.filter = try tls.connector(to: side[0].name)
        options.keepsTraces = recording.serverRecording != nil
        return options
      }
      if let worker { return try LoadWorker(sides[worker.side], worker).run() }
      let baseline = try output.readBaseline()
      var results = try measure(sides)
      let origin = LoadOrigin(version: Main.version, command: ProcessStart.arguments)
      for place in results.indices { results[place].origins = [origin] }
      let document = LoadDocument(results[0], against: results.count > 1 ? results[1] : nil)
      try output.present(document, baseline: baseline, files)
    }
  }

  /// What is measured: one side, or two that are compared.
  private func sides() throws -> [[LoadTarget]] {
    let named = try servers.all()
    return shape.against.isEmpty ? [named] : [named, shape.against]
  }

  /// What is spoken to a side, and what is asked of it.
  private func asked(
    of side: [LoadTarget], among sides: [[LoadTarget]], readsFiles: Bool
  ) throws -> (LoadProtocol, LoadExchange?) {
    let all = sides.flatMap(\.self)
    let spoken = try asking.speaking(shape.speaking, to: all)
    if spoken.wantsExchange, shape.size != nil {
      throw ValidationError("'--size' is for frames, echo and line: leave it out.")
    }
    let path = all.lazy.compactMap(\.path).first
    let exchange = try asking.exchange(spoken, with: side[0], path: path, readsFiles: readsFiles)
    if let mistake = exchange?.mistake { throw ValidationError("\(mistake).") }
    return (spoken, exchange)
  }

  /// Each side once, or more often, by turns; a signal ends the present run, and no other begins.
  private func measure(_ sides: [LoadOptions]) throws -> [LoadResult] {
    let console = LoadConsole(isQuiet: output.quiet, isPlain: plain)
    let turns = shape.repeats ?? (sides.count > 1 ? LoadTurns.usual : 1)
    let runs = turns * sides.count
    let results = try LoadTurns.measured(turns, sides: sides.count) { side, place in
      let name = sides.count > 1 ? [" first ", " second"][side] : ""
      console.begin(runs > 1 ? "\(place + 1)/\(runs)\(name) " : "")
      let options = sides[side]
      if shape.processes > 1 {
        return try LoadTeam(shape.processes, options, side: side, console).run()
      }
      let run = LoadRun(options)
      var result = try console.run(run)
      result.spans = recording.spans(of: run.traces)
      return result
    }
    guard let results else {
      throw LoadError.mistake(
        "ended before both were measured, and there is nothing to compare: let them take their turns"
      )
    }
    return results
  }
}

/// `switchboard load merge`
struct LoadMerge: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Add up results that were measured side by side, on several machines.",
    usage: "switchboard load merge <file> ... [<options>]",
    discussion: """
      Counts and histograms add up without loss; the rate is the sum. The exit code is that of \
      'switchboard load'.

      Example:

        switchboard load merge east.json west.json --out both.json
      """)

  @Argument(
    help: ArgumentHelp("Results that --out has written.", valueName: "file"),
    completion: .file())
  var results: [String]

  @OptionGroup(title: "Output") var output: LoadOutput

  func run() throws {
    try reportingFailure(of: "load merge") {
      let files = try output.prepare()
      Output.whenLost(.isToldUnlessClosed)
      let all = try results.map { try LoadDocument.single($0) }
      guard let merged = LoadResult.merged(all) else { return }
      try output.present(LoadDocument(merged), baseline: try output.readBaseline(), files)
    }
  }
}

/// `switchboard load show`
struct LoadShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print a result again, and compare or judge it.",
    usage: "switchboard load show <file> [<options>]",
    discussion: """
      Where the file holds two servers that were measured by turns, both are printed, and their \
      comparison. The exit code is that of 'switchboard load'.

      Examples:

        switchboard load show new.json --baseline old.json
        switchboard load show new.json --assert 'p99<5ms'
      """)

  @Argument(
    help: ArgumentHelp("A result that --out has written.", valueName: "file"),
    completion: .file())
  var result: String

  @OptionGroup(title: "Output") var output: LoadOutput

  func run() throws {
    try reportingFailure(of: "load show") {
      let files = try output.prepare()
      Output.whenLost(.isToldUnlessClosed)
      let document = try LoadDocument.read(result)
      if document.against != nil, output.baseline != nil || output.csv != nil {
        throw FileTrouble(
          result, "holds two servers already: leave out '--baseline' and '--csv', which are for one"
        )
      }
      try output.present(document, baseline: try output.readBaseline(), files)
    }
  }
}
