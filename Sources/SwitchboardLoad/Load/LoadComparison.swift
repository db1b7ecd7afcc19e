/// A result beside an earlier one, and which differences are more than noise.
///
/// Noise is between runs: two runs that share everything but the moment differ by more than the seconds of
/// one. So each side wants replicates (`--repeat`), and what is said of them is what a rank-sum test says.
public struct LoadComparison: Sendable {
  /// One figure, now and then.
  public struct Line: Hashable, Sendable {
    /// What it is: `rate`, `p99`.
    public let name: String
    /// Requests a second, or microseconds: the median of the runs.
    public let now: Double
    /// The same, of the earlier runs.
    public let before: Double
    /// What can be said.
    public let difference: Difference

    /// The difference as a share of the earlier figure: 0.1 is a tenth more.
    public var change: Double { before > 0 ? (now - before) / before : 0 }
    /// What can be said, in a few words: `worse`, `same within 2.0 %`.
    public var verdict: String { difference.words.verdict }
    /// Why there is no verdict, where there is none.
    public var reason: String? { difference.words.reason }
    /// Whether more of it is better.
    public var isRate: Bool { name == "rate" }
  }

  /// Rate, p50 and p99.
  public let lines: [Line]
  /// How many runs there are of each.
  public let runs: (now: Int, before: Int)

  /// Compares a result with an earlier one.
  public init(_ now: LoadResult, with before: LoadResult) {
    let (mine, theirs) = (now.runs, before.runs)
    let hindrance = LoadComparison.hindrance(now, before, mine + theirs)
    let request = max(now.requestShare, before.requestShare)
    func line(_ name: String, step: Double = 0, _ value: (LoadReplicate) -> Double) -> Line {
      let (a, b) = (mine.map(value), theirs.map(value))
      return Line(
        name: name, now: Sample(a).median ?? 0, before: Sample(b).median ?? 0,
        difference: hindrance ?? .of(a, beside: b, isMoreBetter: name == "rate", step: step))
    }
    lines = [
      line("rate", step: request) { $0.rate }, line("p50") { $0.p50 }, line("p99") { $0.p99 },
    ]
    runs = (mine.count, theirs.count)
  }

  /// What forbids a verdict.
  private static func hindrance(
    _ now: LoadResult, _ before: LoadResult, _ runs: [LoadReplicate]
  ) -> Difference? {
    let differing = unlike(now.setup, before.setup)
    if !differing.isEmpty { return .unlikeSetups(differing) }
    if now.window.answered == 0 || before.window.answered == 0 {
      return .cannotTell("one of them was answered nothing")
    }
    return runs.contains { $0.isLimited } ? .instrumentLimited : nil
  }

  /// The options that differ, but for where the server is and what the payloads are made of.
  static func unlike(_ a: [String: String], _ b: [String: String]) -> [String] {
    Set(a.keys).union(b.keys).subtracting(["target", "seed", "source"]).sorted()
      .filter { a[$0] != b[$0] }
      .map { "\($0) \(a[$0] ?? "none") and \(b[$0] ?? "none")" }
  }
}

extension LoadResult {
  /// The figures of each run: of one that was not repeated, its own.
  var runs: [LoadReplicate] { replicates.isEmpty ? [LoadReplicate(self)] : replicates }

  /// The share of a run's rate that one request is, on average: no rate is told more finely.
  fileprivate var requestShare: Double { Double(runs.count) / Double(max(1, arrived)) }
}
