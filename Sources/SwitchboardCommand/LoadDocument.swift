import Foundation
import SwitchboardBase
import SwitchboardLoad
import SwitchboardReport

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
    try decode(try InputFile.read(path, atMost: largest, wanted: wanted), named: path)
  }

  private static let wanted = "a file that --out has written"

  /// What the bytes of such a file say.
  static func decode(_ bytes: [UInt8], named name: String) throws(FileTrouble) -> LoadDocument {
    guard let document = try? JSONDecoder().decode(LoadDocument.self, from: Data(bytes)),
      document.format == present, document.result.isPlausible,
      document.against?.isPlausible ?? true
    else { throw FileTrouble(name, "is no result of this version; give \(wanted)") }
    return document
  }

  /// The page: of one server what it did, of two how they compare.
  var page: String {
    guard let against else { return LoadPage(result).html }
    return LoadDiffReport(LoadDiff([.init("second", against), .init("first", result)])).html
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
