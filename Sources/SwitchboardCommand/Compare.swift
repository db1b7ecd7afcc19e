import ArgumentParser
import Switchboard
import SwitchboardBase
import SwitchboardLab
import SwitchboardReport

/// `switchboard compare`
struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare ways to serve: throughput, latency and memory.",
    usage: "switchboard compare [<options>]",
    discussion: """
      Serves the frames protocol in a process of its own, each model in turn, loads it from this \
      one, and prints a table. With --out it also writes a report with charts. A model is left out \
      where it cannot serve so many at once: sequential beyond one, a pool beyond its threads, select \
      beyond 1,000; the report says so.

      Example:

        switchboard compare --models all -c 1,10,100,1000,10000 --out report/
      """)

  @Option(
    help: ArgumentHelp(
      "'all', or some of \(ServedModel.allCases.map(\.rawValue).joined(separator: ", ")), with commas.",
      valueName: "names"),
    transform: CompareReading.models)
  var models = ServedModel.allCases

  @Option(
    name: [.long, .customShort("c")],
    help: ArgumentHelp(
      "Numbers of connections, with commas. (default: 1,10,100,1000)", valueName: "list"),
    transform: CompareReading.connections)
  var connections = [1, 10, 100, 1000]

  @Option(
    name: .customLong("repeat"),
    help: ArgumentHelp("How often each is measured. (default: 3)", valueName: "n"),
    transform: Read.count(1...100))
  var rounds = 3

  @Option(
    help: ArgumentHelp("How long each is measured. (default: 2s)", valueName: "time"),
    transform: CompareReading.duration)
  var duration = Timeout.seconds(2)

  @OptionGroup var output: ReportOutput

  func run() throws {
    try reportingFailure(of: "compare") {
      try Linux().raiseDescriptorLimit()
      let folder = try output.folder()
      if let note = Machine.buildNote { Output.error("note: \(note)") }
      let comparison = Comparison(
        models: models, connections: connections, rounds: rounds,
        seconds: duration.duration?.inSeconds ?? 2)
      let minutes = Figures.counted(Int(comparison.estimate / 60) + 1, "minute")
      Output.error("This takes about \(minutes).")
      let start = Linux().now()
      let progress = ProgressLine()
      let measured = comparison.measure(Laboratory { progress.show($0) })
      progress.clear()
      let findings = comparison.findings(measured)
      let ways = Figures.counted(models.count, "way")
      let section = Report.Section(
        name: "compare", claim: "The same protocol, served in \(ways)",
        story:
          "One session, unchanged, under each model: a server in a process of its own, and a load "
          + "generator that keeps one request under way on every connection and checks every reply.",
        command: command, findings: findings, took: Linux().now().since(start))
      let report = Report(
        title: "Ways to serve, compared", lead: section.story, command: command,
        sections: [section])
      let files = Result { try folder?.write(report) ?? [] }
      TextReport(section, width: Output.width, color: Output.wantsColor).lines.forEach(Output.line)
      output.tell(try files.get())
      guard measured.cells.isEmpty else { return }
      Output.error(
        "switchboard compare: nothing was measured: give other --models or --connections")
      throw ExitCode(1)
    }
  }

  private var command: String {
    let names =
      models == ServedModel.allCases ? "all" : models.map(\.rawValue).joined(separator: ",")
    return "switchboard compare --models \(names) "
      + "--connections \(connections.map(String.init).joined(separator: ",")) --repeat \(rounds) "
      + "--duration \(duration) --out report/"
  }
}

/// Reads the options of `switchboard compare`.
enum CompareReading {
  static func models(_ text: String) throws -> [ServedModel] {
    if text == "all" { return ServedModel.allCases }
    let found = text.split(separator: ",").map { ServedModel(rawValue: String($0)) }
    let models = found.compactMap(\.self)
    guard !models.isEmpty, models.count == found.count else {
      let names = ServedModel.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("give 'all', or some of \(names), with commas between")
    }
    return ServedModel.allCases.filter(models.contains)
  }

  static func connections(_ text: String) throws -> [Int] {
    let found = text.split(separator: ",").map { Int($0) }
    let numbers = found.compactMap(\.self).filter { (1...1_000_000).contains($0) }
    guard !numbers.isEmpty, numbers.count == found.count else {
      throw ValidationError("give whole numbers from 1 to 1000000 with commas between")
    }
    return Set(numbers).sorted()
  }

  static func duration(_ text: String) throws -> Timeout {
    try Read.time(text, .milliseconds(100) ... .seconds(60), "a time from 100ms to 60s")
  }
}
