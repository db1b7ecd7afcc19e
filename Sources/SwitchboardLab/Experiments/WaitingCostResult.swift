import Switchboard
import SwitchboardBase
import SwitchboardLoad

/// What ``WaitingCost`` found.
public struct WaitingCostResult: Sendable {
  /// One mechanism's figures.
  public struct Row: Sendable {
    /// `epoll`
    public let mechanism: String
    /// The system call that waits: `epoll_wait`
    public let call: String
    /// How long waits took; nil if the mechanism cannot hold the connections.
    public let spread: Spread?
    /// Why it cannot.
    public let refusal: RegistrationError?
  }

  /// What was measured.
  public let experiment: WaitingCost
  /// Where.
  public let machine: Machine
  /// Epoll first: the others are compared with it.
  public let rows: [Row]

  /// A table, in lines of at most 80 columns, or of the terminal's, and what has to be said about it.
  public func lines(width: Int = 80) -> [String] {
    let active = Figures.counted(experiment.active, "connection")
    let title = "One wait, with \(active) active among \(Figures.grouped(experiment.idle)) idle"
    let header = ["", "system call", "median", "p10", "p90", "to epoll"]
    let (cells, room) = (rows.map(cells), max(30, width) - 2)
    let table = WaitingCostResult.aligned([header] + cells)
    let isFitting = table.allSatisfy { $0.count <= room }
    let shown = isFitting ? table : Columns.records(header, cells, width: room)
    return Prose.wrapped(title, to: room) + [""] + shown.map { "  " + $0 } + [""]
      + notes.flatMap { Prose.wrapped($0, to: room + 2) }
  }

  private func cells(_ row: Row) -> [String] {
    guard let spread = row.spread else {
      return [row.mechanism, "\(row.call)(2)", "n/a", "n/a", "n/a", "n/a"]
    }
    let micros = { (duration: Duration) in
      Figures.fixed(duration.inSeconds * 1e6, places: 1) + " µs"
    }
    let ratio = rows[0].spread.map { spread.median.inSeconds / max($0.median.inSeconds, 1e-9) }
    return [
      row.mechanism, "\(row.call)(2)", micros(spread.median), micros(spread.p10),
      micros(spread.p90), ratio.map { Figures.fixed($0, places: 1) + " ×" } ?? "",
    ]
  }

  private var notes: [String] {
    let refused = rows.filter { $0.refusal != nil }.map(why)
    let counts = rows.compactMap(\.spread?.count)
    let waits =
      "\(Figures.grouped(counts.min() ?? 0)) waits each, in turn: the call, "
      + "and collecting what is ready."
    return refused + [waits, "\(machine)."] + [Machine.buildNote].compactMap(\.self)
  }

  private func why(_ row: Row) -> String {
    guard case .beyondSet(let descriptor, let capacity) = row.refusal else { return "" }
    return "n/a: \(row.mechanism) cannot watch descriptor \(descriptor), its set ends at "
      + "\(capacity - 1) (FD_SETSIZE)."
  }

  /// Columns two spaces apart: text at the left, figures at the right.
  private static func aligned(_ rows: [[String]]) -> [String] {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column < 2 ? cell + space : space + cell
      }
      return cells.joined(separator: "  ")
    }
  }
}

/// The middle of a set of durations, and where its tenths lie.
public struct Spread: Hashable, Sendable {
  /// A tenth was no longer than this.
  public let p10: Duration
  /// Half was no longer than this.
  public let median: Duration
  /// Nine tenths were no longer than this.
  public let p90: Duration
  /// How many there were.
  public let count: Int

  /// The spread of some durations; nil without any.
  public init?(_ durations: [Duration]) {
    guard !durations.isEmpty else { return nil }
    let sample = Sample(durations.map(\.inSeconds))
    let quantile = { (share: Double) in Duration.seconds(sample.quantile(share) ?? 0) }
    (p10, median, p90) = (quantile(0.1), quantile(0.5), quantile(0.9))
    count = sample.count
  }
}
