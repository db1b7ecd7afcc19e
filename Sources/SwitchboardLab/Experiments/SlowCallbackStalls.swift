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
  public static let seconds = 20

  static let stall = 0.1

  /// The other clients' latency.
  public struct Measured: Sendable {
    /// One of three servers.
    public struct Row: Sendable {
      public var name: String
      public var requests: Int
      /// Shares, and the seconds within which so many replies came.
      public var percentiles: [(share: Double, seconds: Double)]
      public var failures: Int

      /// Seconds at a share.
      public func at(_ share: Double) -> Double {
        percentiles.first { abs($0.share - share) < 1e-9 }?.seconds ?? 0
      }
    }
    public var rows: [Row]
  }

  static let undisturbed = "undisturbed"
  static let loop = "on the loop"
  static let pool = "in a pool"
  static let shares = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999]

  public init() {}

  public func measure(_ laboratory: Laboratory) throws -> Measured {
    let names = [SlowCallbackStalls.undisturbed, SlowCallbackStalls.loop, SlowCallbackStalls.pool]
    let rows = try names.map { name in
      let row = try SlowCallbackStalls.row(name, laboratory)
      laboratory.progress("\(name): p99 \(Figures.brief(.seconds(row.at(0.99))))")
      return row
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
    options.duration = laboratory.isQuick ? .seconds(1.5) : .seconds(5)
    let result = try LoadRun(options).run()
    return Measured.Row(
      name: name, requests: result.requests,
      percentiles: shares.map { ($0, result.latency.percentile($0 * 100).inSeconds) },
      failures: result.failures.server)
  }

  public func findings(_ measured: Measured) -> Findings {
    func row(_ name: String) -> Measured.Row? { measured.rows.first { $0.name == name } }
    guard let calm = row(SlowCallbackStalls.undisturbed), let loop = row(SlowCallbackStalls.loop),
      let pool = row(SlowCallbackStalls.pool)
    else { return Findings(.undecided("nothing was measured; run it again")) }
    let stall = SlowCallbackStalls.stall
    let holds =
      loop.at(0.95) > stall / 4 && loop.at(0.99) > stall / 2
      && pool.at(0.99) < max(stall / 5, 5 * calm.at(0.99))
    func p99(_ row: Measured.Row) -> String { Figures.brief(.seconds(row.at(0.99))) }
    let reason =
      "99 of 100 replies came within \(p99(calm)) undisturbed, \(p99(loop)) with the slow callback on "
      + "the loop, and \(p99(pool)) with it in a pool."
    let hues: [Hue] = [.grey, .vermilion, .blue]
    let chart = LineChart(
      title: "A callback of 100 ms makes 1 reply of 100 take \(p99(loop)); in a pool, \(p99(pool))",
      x: Axis("share of replies", unit: .share, scale: .nines),
      y: Axis("came within", unit: .duration, scale: .logarithmic),
      series: zip([calm, loop, pool], hues).map { row, hue in
        LineChart.Series(row.name, hue, row.percentiles.map { .init($0.share, $0.seconds) })
      },
      rules: [.init(.level, at: stall, "the callback takes 100 ms")])
    let rows = [calm, loop, pool].map { row in
      [row.name, Figures.grouped(row.requests)]
        + row.percentiles.map { Figures.brief(.seconds($0.seconds)) }
    }
    let header =
      ["", "requests"]
      + SlowCallbackStalls.shares.map { "p" + Ticks.number($0 * 100) }
    return Findings(
      Verdict(holds, reason), pictures: [NamedPicture(SlowCallbackStalls.name, chart)],
      tables: [Table("Latency of the other clients", header, rows)],
      notes: [
        "2,000 requests a second from 50 clients, whatever the server does; each reply counts from the "
          + "moment its request was due."
      ])
  }
}
