import Switchboard
import SwitchboardBase
import SwitchboardReport

/// What a wait costs grows with what is watched, for select and poll.
public struct SelectIsLinear: Trial {
  public static let name = "select-is-linear"
  public static let claim =
    "The time of one wait grows in proportion to what is watched with select and poll, and hardly "
    + "at all with epoll."
  public static let story =
    "select and poll hand the kernel everything that is watched, in every wait, and look through "
    + "all of it afterwards; epoll keeps the list in the kernel and fetches what is ready. One "
    + "connection of many has something to receive; each mechanism waits for it again and again, in "
    + "turn."
  public static let seconds = 8
  public static let needsQuiet = true

  /// Fewer tell nothing of growth: the system call's fixed part flattens it.
  static let mostAtLeast = 2000

  /// Waits, by mechanism and by how much is watched.
  public struct Measured: Sendable {
    /// One mechanism with so many connections.
    public struct Row: Sendable {
      public var mechanism: String
      public var watched: Int
      /// Seconds.
      public var median: Double
      public var p10: Double
      public var p90: Double
    }
    public var rows: [Row]
    /// Where each ends: it cannot watch so many.
    public var refusedAt: [String: Int]
  }

  public init() {}

  public func measure(_ laboratory: Laboratory) throws -> Measured {
    let wanted =
      laboratory.isQuick
      ? [2, 50, 900, 3000] : [2, 5, 10, 20, 50, 100, 200, 500, 950, 2000, 5000, 9000]
    let limit = Linux().descriptorLimit().value
    var measured = Measured(rows: [], refusedAt: [:])
    for watched in wanted where 2 * watched + 32 <= limit {
      let result = try WaitingCost(active: 1, idle: watched - 1).run()
      for row in result.rows {
        guard let spread = row.spread else {
          measured.refusedAt[row.mechanism] = measured.refusedAt[row.mechanism] ?? watched
          continue
        }
        measured.rows.append(
          Measured.Row(
            mechanism: row.mechanism, watched: watched, median: spread.median.inSeconds,
            p10: spread.p10.inSeconds, p90: spread.p90.inSeconds))
      }
      let medians = result.rows.compactMap { row in
        row.spread.map { "\(row.mechanism) \(Figures.brief($0.median))" }
      }
      laboratory.progress("\(Figures.grouped(watched)) watched: \(medians.joined(separator: ", "))")
    }
    return measured
  }

  public func controls(_ measured: Measured) -> [Control] {
    [
      .atLeast(
        SelectIsLinear.mostAtLeast, "connections watched",
        found: measured.rows.map(\.watched).max() ?? 0),
      .reading(
        "waits, in nanoseconds", measured.rows.map { min($0.median, $0.p10) * 1e9 },
        unit: "nanoseconds"),
    ]
  }

  /// Whether waits of poll and select grow with what is watched and those of epoll do not; nil of too few
  /// sizes. An exponent of 1 is in proportion, 0 is constant. The system call's fixed part flattens the
  /// small sizes, and select ends before that has faded; what is well above 1 is no proportion.
  private func isInProportion(_ measured: Measured, _ figure: (Measured.Row) -> Double) -> Bool? {
    guard let poll = slope("poll", measured, figure), let epoll = slope("epoll", measured, figure)
    else { return nil }
    let select = slope("select", measured, figure)
    return (0.7..<1.3).contains(poll) && epoll < 0.3
      && (select.map { (0.6..<1.3).contains($0) } ?? true)
  }

  public func findings(_ measured: Measured) -> Findings {
    let slopes = ["select", "poll", "epoll"].map { ($0, slope($0, measured, \.median)) }
    let crossing = crossing(of: "poll", with: "epoll", measured)
    // Half of the waits, and the quickest tenth, which nothing disturbs: they have to agree.
    let rounds = [isInProportion(measured, \.median), isInProportion(measured, \.p10)]
      .compactMap(\.self)
    guard rounds.count == 2 else {
      return Findings(.undecided("too few sizes could be measured; raise `ulimit -n`"))
    }
    let words = slopes.compactMap { name, slope in
      slope.map { "\(name) \(Figures.fixed(power(ofTen: $0), places: 1)) times" }
    }
    let reason =
      "Ten times as much to watch, from 50 on, made a wait with "
      + words.joined(separator: ", with ") + " as long."
    return Findings(
      .of(rounds: rounds, reason),
      pictures: [NamedPicture(SelectIsLinear.name, chart(measured, crossing))],
      tables: [table(measured)],
      notes: [
        "Medians, with the range of the middle eight tenths, of up to 4,000 waits each: the call, "
          + "and collecting what is ready. Where the growth is faster than what is watched, the sockets "
          + "that are asked do not fit into the processor's caches any more."
      ])
  }

  private func chart(_ measured: Measured, _ crossing: (x: Double, y: Double)?) -> LineChart {
    let series = ["select", "poll", "epoll"].map { name in
      LineChart.Series(
        name, .of(name),
        measured.rows.filter { $0.mechanism == name }
          .map { .init(Double($0.watched), $0.median, from: $0.p10, to: $0.p90) })
    }
    let most = measured.rows.map(\.watched).max() ?? 0
    func last(_ name: String) -> Double? {
      measured.rows.last { $0.mechanism == name && $0.watched == most }?.median
    }
    let ratio = last("poll").flatMap { poll in last("epoll").map { poll / $0 } }
    let title =
      ratio.map {
        "With \(Figures.grouped(most)) connections a wait with poll takes "
          + "\(Figures.grouped(Int($0.rounded()))) times as long as with epoll"
      } ?? "One wait, by what is watched"
    let marks = crossing.map { place in
      LineChart.Mark(
        x: place.x, y: place.y,
        "from \(Figures.grouped(Int(place.x.rounded(.up)))) connections on, epoll is cheaper than poll"
      )
    }
    let hasWall = measured.refusedAt["select"] != nil
    return LineChart(
      title: title, x: Axis("connections watched, one of them ready", scale: .logarithmic),
      y: Axis("time of one wait", unit: .duration, scale: .logarithmic), series: series,
      marks: marks.map { [$0] } ?? [],
      rules: hasWall ? [.init(.upright, at: 1024, "select ends at 1,024")] : [])
  }

  private func table(_ measured: Measured) -> Table {
    let names = ["select", "poll", "epoll"]
    let sizes = Set(measured.rows.map(\.watched)).sorted()
    let rows = sizes.map { size in
      [Figures.grouped(size)]
        + names.map { name in
          let row = measured.rows.first { $0.mechanism == name && $0.watched == size }
          return row.map { Figures.fixed($0.median * 1e6, places: 2) + " µs" } ?? "cannot"
        }
    }
    return Table("One wait, median", ["watched"] + names, rows)
  }

  /// The exponent of growth from 50 on: 1 is in proportion, 0 is constant. Least squares over the
  /// logarithms.
  func slope(
    _ mechanism: String, _ measured: Measured, _ figure: (Measured.Row) -> Double
  ) -> Double? {
    let points = measured.rows.filter {
      $0.mechanism == mechanism && $0.watched >= 50 && figure($0) > 0
    }
    .map { (x: decimalLogarithm(Double($0.watched)), y: decimalLogarithm(figure($0))) }
    guard points.count >= 2 else { return nil }
    let count = Double(points.count)
    let (meanX, meanY) = (
      points.map(\.x).reduce(0, +) / count, points.map(\.y).reduce(0, +) / count
    )
    let above = points.map { ($0.x - meanX) * ($0.y - meanY) }.reduce(0, +)
    let below = points.map { ($0.x - meanX) * ($0.x - meanX) }.reduce(0, +)
    return below > 0 ? above / below : nil
  }

  /// Where the first mechanism becomes dearer than the second for good, between two sizes.
  func crossing(of one: String, with other: String, _ measured: Measured) -> (x: Double, y: Double)?
  {
    let pairs = measured.rows.filter { $0.mechanism == one }.compactMap { row in
      measured.rows.first { $0.mechanism == other && $0.watched == row.watched }
        .map { (x: Double(row.watched), one: row.median, other: $0.median) }
    }.sorted { $0.x < $1.x }
    guard let last = pairs.lastIndex(where: { $0.one <= $0.other }), last + 1 < pairs.count else {
      return nil
    }
    let (before, after) = (pairs[last], pairs[last + 1])
    let (from, to) = (
      decimalLogarithm(before.one / before.other), decimalLogarithm(after.one / after.other)
    )
    let share = to > from ? -from / (to - from) : 0
    func between(_ a: Double, _ b: Double) -> Double {
      power(ofTen: decimalLogarithm(a) + share * (decimalLogarithm(b) - decimalLogarithm(a)))
    }
    return (between(before.x, after.x), between(before.other, after.other))
  }
}
