import ArgumentParser
import Foundation
import SwitchboardBase
import SwitchboardLoad

/// The options of `switchboard load` that say what to do with the result.
struct LoadOutput: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Write the whole result as JSON, histograms and all; '-' is standard output.",
      valueName: "file"))
  var out: String?

  @Option(help: ArgumentHelp("Write a row for every second.", valueName: "file"))
  var csv: String?

  @Option(
    help: ArgumentHelp(
      "Compare with an earlier result that --out has written.", valueName: "file"))
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

  /// Where the result goes beside the terminal.
  struct Files {
    var out: OutputFile?
    var csv: OutputFile?
  }

  /// Finds out before the run what would fail after it.
  func prepare() throws -> Files {
    Files(out: try out.map { try OutputFile($0) }, csv: try csv.map { try OutputFile($0) })
  }

  func readBaseline() throws -> LoadResult? {
    try baseline.map { try LoadDocument.single($0) }
  }

  /// Writes and prints the result, and ends with what follows from it.
  func present(_ document: LoadDocument, baseline: LoadResult?, _ files: Files) throws {
    let result = document.result
    var delivery = Delivery()
    if files.out != nil { delivery.add(try document.bytes, to: files.out) }
    if files.csv != nil { delivery.add(LoadDocument.table(result), to: files.csv) }
    let color = Output.wantsColor
    let trouble = delivery.deliver { print in
      for result in [result, document.against].compactMap(\.self) {
        LoadReport(result, width: Output.width, color: color).lines.forEach(print)
        if document.against != nil { print("") }
      }
      if let other = document.against {
        LoadComparison(result, with: other).text(.byTurns, width: Output.width).forEach(print)
      }
      if let baseline {
        print("")
        LoadComparison(result, with: baseline).text(.baseline, width: Output.width).forEach(print)
      }
      for (number, assertion) in assertions.enumerated() {
        if number == 0 { print("") }
        let (verdict, holds) = LoadOutput.verdict(assertion, result)
        if holds { print(verdict) } else { Output.error("switchboard load: \(verdict)") }
      }
    }
    if let trouble { throw trouble }
    try judge(document)
  }

  private static func verdict(_ assertion: LoadAssertion, _ result: LoadResult) -> (String, Bool) {
    let (holds, measured) = assertion.check(result)
    return ("assert \(assertion): \(holds ? "holds" : "does not hold") (\(measured))", holds)
  }

  /// Assertions are about the first; that both were answered, and rightly, is taken for granted.
  private func judge(_ document: LoadDocument) throws {
    let failed = assertions.contains { !LoadOutput.verdict($0, document.result).1 }
    if failed { throw ExitCode(99) }
    let names = assertions.map(\.description)
    let areJudged = names.contains { $0.hasPrefix("errors") }
    if !areJudged, !document.result.isFlawless { throw ExitCode(1) }
    if let other = document.against, !other.isFlawless { throw ExitCode(1) }
  }
}

/// A result as a file.
struct LoadDocument: Codable {
  /// What the file is, and which shape of it.
  var format = LoadDocument.present
  /// Where the file was written; of merged results, each machine stands in their origins.
  var machine: String
  /// The figures one looks for first: rates by the second, latencies in microseconds.
  var summary: [String: Double]
  var result: LoadResult
  /// What was measured by turns with it.
  var against: LoadResult?
  /// What can be said of the two, for whoever reads the file.
  var comparison: [Line]?

  /// A figure of both: requests a second, or microseconds.
  struct Line: Codable {
    var figure: String
    var first: Double
    var second: Double
    var verdict: String
    var reason: String?

    init(_ line: LoadComparison.Line) {
      (figure, first, second) = (line.name, line.now, line.before)
      (verdict, reason) = (line.verdict, line.reason)
    }
  }

  init(_ result: LoadResult, against: LoadResult? = nil) {
    (self.result, self.against) = (result, against)
    comparison = against.map { LoadComparison(result, with: $0).lines.map(Line.init) }
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

  private static let present = "switchboard load 2"

  /// The most that is read of a file that should hold a result, in bytes. Results have some 20 KB for each
  /// second or span of seconds, of which there are at most 1,200.
  private static let largest = 64 << 20

  /// Reads a file that should hold one server's result.
  static func single(_ path: String) throws -> LoadResult {
    let document = try read(path)
    guard document.against == nil else {
      throw FileTrouble(
        path, "holds two servers that were measured by turns: give it to 'switchboard load show'")
    }
    return document.result
  }

  /// Reads a file that --out has written.
  static func read(_ path: String) throws -> LoadDocument {
    let wanted = "a file that --out has written"
    let bytes = try InputFile.read(path, atMost: largest, wanted: wanted)
    guard let document = try? JSONDecoder().decode(LoadDocument.self, from: Data(bytes)),
      document.format == present, document.result.isPlausible,
      document.against?.isPlausible ?? true
    else { throw FileTrouble(path, "is no result of this version; give \(wanted)") }
    return document
  }

  /// The file.
  var bytes: [UInt8] {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }
  }

  /// A file with a row for every second, and one for the whole window.
  static func table(_ result: LoadResult) -> [UInt8] {
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
    return Array(text.utf8)
  }
}
