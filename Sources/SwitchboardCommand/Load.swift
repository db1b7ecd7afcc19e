import ArgumentParser
import Switchboard
import SwitchboardBase
import SwitchboardLoad

extension LoadProtocol: ExpressibleByArgument {}

/// `switchboard load`
struct Load: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Put load on a server, check every reply, and measure.",
    usage: """
      switchboard load <host:port> [<options>]
      switchboard load merge <file> ... [<options>]
      """,
    discussion: """
      Without --rate, each reply is followed by the next request (closed loop). With --rate, \
      requests are made when they are due, whatever the server does (open loop), and latency \
      counts from then: a server that stalls cannot hide it. 'merge' adds up results of several \
      machines that were written with --json.

      The exit code is 0 if every reply was right, 99 if an --assert does not hold, and 1 if \
      anything else went wrong.

      Examples:

        switchboard load localhost:9090 --connections 64 --duration 5s
        switchboard load localhost:9090 --rate 5000 --assert 'p99<5ms' --json new.json
        switchboard load merge a.json b.json
      """)

  @Argument(
    help: ArgumentHelp(
      "The server; several with commas between. Or 'merge' and files.", valueName: "host:port"))
  var words: [String]

  @OptionGroup(title: "Load") var shape: LoadShape
  @OptionGroup(title: "Output") var output: LoadOutput

  @Option(help: .hidden, transform: Read.worker)
  var worker: Read.Worker?

  /// The files to merge; nil when there is load to be made.
  private var merging: [String]? {
    words.first == "merge" ? Array(words.dropFirst()) : nil
  }

  func validate() throws {
    if let merging {
      guard !merging.isEmpty else {
        throw ValidationError("'merge' needs files that --json has written.")
      }
      return
    }
    guard words.count == 1 else {
      throw ValidationError(
        "Give one '<host:port>', with commas between several, and not '\(words[1])' too.")
    }
    _ = try Read.targets(words[0])
    try shape.validate()
  }

  func run() throws {
    try reportingFailure(of: "load") {
      let files = worker == nil ? try output.prepare() : LoadOutput.Files()
      Output.whenLost(.isToldUnlessClosed)
      if let merging {
        let results = try merging.map { try LoadDocument.read($0).result }
        guard let result = LoadResult.merged(results) else { return }
        return try output.present(result, baseline: try output.readBaseline(), files)
      }
      // Where that is refused, connections beyond the limit say so.
      _ = try? Linux().raiseDescriptorLimit()
      let options = try shape.options(on: try Read.targets(words[0]).map(shape.resolved))
      if let worker { return try LoadWorker(options, worker).run() }
      let baseline = try output.readBaseline()
      let console = LoadConsole(isQuiet: output.quiet)
      guard var result = try runs(options, console) else { return }
      result.origins = [
        LoadOrigin(version: Main.version, command: ProcessStart.arguments)
      ]
      try output.present(result, baseline: baseline, files)
    }
  }

  /// One run, or several one after the other; a signal ends the present one, and no other begins.
  private func runs(_ options: LoadOptions, _ console: LoadConsole) throws -> LoadResult? {
    var results: [LoadResult] = []
    while results.count < shape.repeats, results.last?.isEndedEarly != true {
      results.append(
        shape.processes > 1
          ? try LoadTeam(shape.processes, options, console).run()
          : try console.run(LoadRun(options)))
    }
    return results.count == 1 ? results[0] : LoadResult.repeated(results)
  }
}
