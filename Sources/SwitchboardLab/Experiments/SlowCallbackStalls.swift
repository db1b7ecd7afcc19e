import Switchboard
import SwitchboardBase
import SwitchboardLoad
import SwitchboardReport

/// One callback that blocks.
public struct SlowCallbackStalls: Trial {
  public static let name = "slow-callback-stalls"
  public static let claim =
    "A callback that blocks delays every client of its loop; handed to a pool of threads, it delays "
    + "none."
  public static let story =
    "While a callback runs, nobody else is served. 50 clients ask at a steady rate; one more asks twice "
    + "a second for something that blocks for 100 ms, as a file or a name server would. The same is "
    + "done on the loop's own thread, and by an offload pool."
  public static let seconds = 35
  public static let needsQuiet = true

  /// How long the callback takes, in seconds.
  static let stall = 0.1
  /// Undisturbed, 99 of 100 replies come within a tenth of it, or it would not stand out.
  static let mostCalm = stall / 10
  /// And 999 of 1,000 within a quarter.
  static let mostCalmTail = stall / 4

  /// The other clients' latency.
  public struct Measured: Sendable {
    /// One of three servers, in one round.
    public struct Row: Percentiles, Sendable {
      public var name: String
      public var requests: Int
      /// Shares, and the seconds within which so many replies came.
      public var percentiles: [(share: Double, seconds: Double)]
      public var failures: Int
      /// Of the requests that were due, the share that was answered.
      public var answeredShare: Double
      /// The generator had no time to spare.
      public var isLimited: Bool
    }
    public var rows: [Row]

    /// The rounds of one server.
    func rounds(_ name: String) -> [Row] { rows.filter { $0.name == name } }
  }

  static let undisturbed = "undisturbed"
  static let loop = "on the loop"
  static let pool = "in a pool"
  static let shares = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999]

  public init() {}

  public func measure(_ laboratory: Laboratory) throws -> Measured {
    let names = [SlowCallbackStalls.undisturbed, SlowCallbackStalls.loop, SlowCallbackStalls.pool]
    var rows: [Measured.Row] = []
    for round in 1...laboratory.rounds {
      for name in names {
        let row = try SlowCallbackStalls.row(name, laboratory)
        rows.append(row)
        laboratory.progress(
          "round \(round) of \(laboratory.rounds), \(name): p99 \(Figures.brief(.seconds(row.at(0.99))))"
        )
      }
    }
    return Measured(rows: rows)
  }

  private static func row(_ name: String, _ laboratory: Laboratory) throws -> Measured.Row {
    let server = try laboratory.subject("stalling", name == pool ? "pool" : "loop", "100")
    defer { server.stop() }
    let disturber =
      name == undisturbed
      ? nil : try Disturber(server.address, after: .milliseconds(700), every: .milliseconds(500))
    defer { disturber?.stop() }
    var options = LoadOptions(on: [server.address])
    (options.connections, options.rates) = (50, [2000])
    options.warmUp = .milliseconds(500)
    options.duration = laboratory.isQuick ? .seconds(1.5) : .seconds(3)
    let result = try LoadRun(options).run()
    return Measured.Row(
      name: name, requests: result.requests,
      percentiles: LatencyCurve.with(shares).map {
        ($0, result.latency.percentile($0 * 100).inSeconds)
      },
      failures: result.failures.server + result.failures.own,
      answeredShare: Double(result.window.answered) / Double(max(1, result.window.due)),
      isLimited: result.isLimitedByGenerator)
  }

  public func controls(_ measured: Measured) -> [Control] {
    let calm = measured.rounds(SlowCallbackStalls.undisturbed)
    return [
      .time("p99 undisturbed", of: calm.map { $0.at(0.99) }, atMost: SlowCallbackStalls.mostCalm),
      .time(
        "p99.9 undisturbed", of: calm.map { $0.at(0.999) }, atMost: SlowCallbackStalls.mostCalmTail),
      .generator(limited: measured.rows.count(where: \.isLimited), of: measured.rows.count),
      .share("requests answered", measured.rows.map(\.answeredShare), atLeast: 0.99),
    ]
  }

  /// Whether a round shows it: on the loop at least every twentieth reply waits, through the pool not one
  /// of a hundred does, and not one of a thousand waits for half of it.
  private static func holds(_ loop: Measured.Row, _ pool: Measured.Row) -> Bool {
    loop.at(0.95) > stall / 4 && loop.at(0.99) > stall / 2 && pool.at(0.99) < stall / 5
      && pool.at(0.999) < stall / 2
  }

  public func findings(_ measured: Measured) -> Findings {
    let (loops, pools) = (
      measured.rounds(SlowCallbackStalls.loop), measured.rounds(SlowCallbackStalls.pool)
    )
    guard let calm = measured.rounds(SlowCallbackStalls.undisturbed).median,
      let loop = loops.median,
      let pool = pools.median
    else { return Findings(.undecided("nothing was measured; run it again")) }
    func p99(_ row: Measured.Row) -> String { Figures.brief(.seconds(row.at(0.99))) }
    let verdict = Verdict.of(
      rounds: zip(loops, pools).map(SlowCallbackStalls.holds),
      "99 of 100 replies came within \(p99(calm)) undisturbed, \(p99(loop)) with the slow callback on "
        + "the loop, and \(p99(pool)) with it in a pool.")
    let hues: [Hue] = [.grey, .vermilion, .blue]
    let chart = LineChart(
      title: "A callback of 100 ms makes 1 reply of 100 take \(p99(loop)); in a pool, \(p99(pool))",
      x: Axis("share of replies", unit: .share, scale: .nines),
      y: Axis("came within", unit: .duration, scale: .logarithmic),
      series: zip([calm, loop, pool], hues).map { row, hue in
        LineChart.Series(
          row.name, hue, row.percentiles.map { .init($0.share, $0.seconds) }, isPlain: true)
      },
      rules: [.init(.level, at: SlowCallbackStalls.stall, "the callback takes 100 ms")])
    return Findings(
      verdict, pictures: [NamedPicture(SlowCallbackStalls.name, chart)],
      tables: [table(measured)],
      notes: [
        "2,000 requests a second from 50 clients, whatever the server does; each reply counts from the "
          + "moment its request was due. The picture has the medians of "
          + "\(Figures.counted(loops.count, "round"))."
      ])
  }

  private func table(_ measured: Measured) -> Table {
    let rows = measured.rows.map { row in
      [row.name, Figures.grouped(row.requests)]
        + SlowCallbackStalls.shares.map { Figures.brief(.seconds(row.at($0))) }
    }
    let header = ["", "requests"] + SlowCallbackStalls.shares.map { "p" + Ticks.number($0 * 100) }
    return Table("Latency of the other clients", header, rows)
  }
}
