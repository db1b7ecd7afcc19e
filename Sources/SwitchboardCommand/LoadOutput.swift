import ArgumentParser
import Foundation
import SwitchboardLab

/// The options of `switchboard load` that say what to do with the result.
struct LoadOutput: ParsableArguments {
  @Option(help: ArgumentHelp("Write the whole result, histograms and all.", valueName: "file"))
  var json: String?

  @Option(help: ArgumentHelp("Write a row for every second.", valueName: "file"))
  var csv: String?

  @Option(
    help: ArgumentHelp(
      "Compare with an earlier result that --json has written.", valueName: "file"))
  var baseline: String?

  @Option(
    name: .customLong("assert"),
    help: ArgumentHelp(
      "End with 99 unless this holds, such as 'p99<5ms', 'rate>=10k' or 'errors==0'; may be "
        + "repeated.", valueName: "condition"),
    transform: Read.assertion)
  var assertions: [LoadAssertion] = []

  @Flag(help: "Print no progress.")
  var quiet = false

  /// Finds out before the run what would fail after it.
  func prepare() throws {
    for path in [json, csv].compactMap({ $0 }) {
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
        throw LoadError.mistake("cannot write '\(path)': it is a folder; name a file")
      }
      let folder = URL(filePath: path).deletingLastPathComponent().path
      guard access(folder, W_OK) == 0 else {
        throw LoadError.mistake(
          "cannot write '\(path)': make the folder \(folder), or name another file")
      }
    }
  }

  func readBaseline() throws -> LoadResult? {
    try baseline.map { try LoadDocument.read($0).result }
  }

  /// Prints and writes the result, and ends with what follows from it.
  func present(_ result: LoadResult, baseline: LoadResult?) throws {
    let color = Output.wantsColor
    LoadReport(result, width: Output.width, color: color).lines.forEach(Output.line)
    if let baseline {
      Output.line("")
      LoadComparison(result, with: baseline).text(color: color).forEach(Output.line)
    }
    if let json { try LoadDocument(result).write(json) }
    if let csv { try LoadDocument.writeTable(result, csv) }
    try judge(result)
  }

  private func judge(_ result: LoadResult) throws {
    var failed = false
    for (number, assertion) in assertions.enumerated() {
      if number == 0 { Output.line("") }
      let (holds, measured) = assertion.check(result)
      let verdict = "assert \(assertion): \(holds ? "holds" : "does not hold") (\(measured))"
      if holds { Output.line(verdict) } else { Output.error("switchboard load: \(verdict)") }
      failed = failed || !holds
    }
    if failed { throw ExitCode(99) }
    let names = assertions.map(\.description)
    let areJudged = names.contains { $0.hasPrefix("errors") }
    if !areJudged, !result.isFlawless { throw ExitCode(1) }
  }
}

/// A result as a file.
struct LoadDocument: Codable {
  /// What the file is, and which shape of it.
  var format = "switchboard load 1"
  /// Where it was measured.
  var machine: String
  /// The figures one looks for first: rates by the second, latencies in microseconds.
  var summary: [String: Double]
  var result: LoadResult

  init(_ result: LoadResult) {
    self.result = result
    machine = "\(Machine.current)"
    let micro = { (percent: Double) in result.latency.percentile(percent).inSeconds * 1e6 }
    summary = [
      "rate": result.rate, "requests": Double(result.requests), "seconds": result.seconds,
      "p50_us": micro(50), "p90_us": micro(90), "p99_us": micro(99), "p99.9_us": micro(99.9),
      "max_us": result.latency.longest.inSeconds * 1e6,
      "mean_us": result.latency.mean.inSeconds * 1e6,
      "errors": Double(result.failures.server), "own_errors": Double(result.failures.own),
      "generator_share": result.busiestShare,
      "generator_us_per_request": result.microsecondsPerRequest,
    ]
  }

  /// Reads a file that ``write(_:)`` has written.
  static func read(_ path: String) throws -> LoadDocument {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw LoadError.mistake("cannot read '\(path)': name a file that --json has written")
    }
    guard let document = try? JSONDecoder().decode(LoadDocument.self, from: data),
      document.format == "switchboard load 1"
    else {
      throw LoadError.mistake(
        "'\(path)' is no result of this version: name a file that --json has written")
    }
    return document
  }

  func write(_ path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    try LoadDocument.put(try encoder.encode(self) + Data([10]), path)
  }

  /// A row for every second, and one for the whole window.
  static func writeTable(_ result: LoadResult, _ path: String) throws {
    let number = { (value: Double) in Figures.fixed(value, places: 3) }
    let head = "start_s,seconds,measured,requests,rate,failures,p50_us,p99_us,max_us"
    var rows = result.series.map { second in
      [
        number(second.start), number(second.seconds), second.isMeasured ? "1" : "0",
        "\(second.requests)", number(second.rate), "\(second.failures)", number(second.p50),
        number(second.p99), number(second.longest),
      ]
    }
    let micro = { (duration: Duration) in number(duration.inSeconds * 1e6) }
    rows.append([
      "all", number(result.seconds), "1", "\(result.requests)", number(result.rate),
      "\(result.failures.server + result.failures.own)", micro(result.latency.percentile(50)),
      micro(result.latency.percentile(99)), micro(result.latency.longest),
    ])
    let text = ([head] + rows.map { $0.joined(separator: ",") }).joined(separator: "\n") + "\n"
    try put(Data(text.utf8), path)
  }

  private static func put(_ data: Data, _ path: String) throws {
    do {
      try data.write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw LoadError.mistake("cannot write '\(path)': check the folder and its free space")
    }
  }
}
