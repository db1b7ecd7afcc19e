import Switchboard
import SwitchboardBase
import SwitchboardLoad
import SwitchboardReport

/// Coordinated omission.
public struct OpenVersusClosedLoop: Trial {
  public static let name = "open-versus-closed-loop"
  public static let claim =
    "A load generator that waits for each reply hides a stall of the server; one that keeps its "
    + "schedule shows it."
  public static let story =
    "A server stalls once, for a second. Clients that send the next request only after the reply send "
    + "nothing during the stall, so it shows in one sample each. Users do not wait for each other: at a "
    + "steady rate every request that was due in that second is late. The two load the same server at "
    + "the same rate."
  public static let seconds = 25
  public static let needsQuiet = true

  /// Clients, and requests a second of all together.
  private static let (clients, rate) = (10, 2000.0)

  /// Latencies as the three ways of measuring tell them.
  public struct Measured: Sendable {
    /// One way, in one round.
    public struct Row: Percentiles, Sendable {
      public var name: String
      public var requests: Int
      public var percentiles: [(share: Double, seconds: Double)]
      /// Seconds that the slowest reply took.
      public var longest: Double
      /// The generator had no time to spare.
      public var isLimited: Bool
    }
    public var rows: [Row]
    /// How long the server stalled, in seconds.
    public var stall: Double
    /// How long each way measured, in seconds.
    public var window: Double

    /// The rounds of one way.
    func rounds(_ name: String) -> [Row] { rows.filter { $0.name == name } }
  }

  static let closed = "closed loop"
  static let uncorrected = "from the send"
  static let open = "open loop"
  static let shares = [0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999]

  public init() {}

  public func measure(_ laboratory: Laboratory) throws -> Measured {
    let window = 3.0
    let (clients, rate) = (OpenVersusClosedLoop.clients, OpenVersusClosedLoop.rate)
    var rows: [Measured.Row] = []
    for round in 1...laboratory.rounds {
      // Clients that think for as long as their share of the rate takes ask at that rate, if they are
      // answered at once.
      let closed = try OpenVersusClosedLoop.result(laboratory, window) { options in
        (options.connections, options.thinkTime) = (clients, .seconds(Double(clients) / rate))
      }
      let open = try OpenVersusClosedLoop.result(laboratory, window) { options in
        (options.connections, options.rates) = (clients, [rate])
      }
      rows += [
        Measured.Row(OpenVersusClosedLoop.closed, closed, closed.latency),
        Measured.Row(OpenVersusClosedLoop.uncorrected, open, open.uncorrected),
        Measured.Row(OpenVersusClosedLoop.open, open, open.latency),
      ]
      laboratory.progress(
        "round \(round) of \(laboratory.rounds): p99 \(Figures.brief(closed.latency.percentile(99))) as the "
          + "closed loop tells it, \(Figures.brief(open.latency.percentile(99))) as the open one does"
      )
    }
    return Measured(rows: rows, stall: 1, window: window)
  }

  private static func result(
    _ laboratory: Laboratory, _ window: Double, _ configure: (inout LoadOptions) -> Void
  ) throws -> LoadResult {
    let server = try laboratory.subject("stalling", "loop", "1000")
    defer { server.stop() }
    var options = LoadOptions(on: [server.address])
    (options.warmUp, options.duration) = (.milliseconds(500), .seconds(window))
    configure(&options)
    let disturber = try Disturber(server.address, after: .milliseconds(1200), every: nil)
    defer { disturber.stop() }
    return try LoadRun(options).run()
  }

  public func controls(_ measured: Measured) -> [Control] {
    let closed = measured.rounds(OpenVersusClosedLoop.closed)
    let open = measured.rounds(OpenVersusClosedLoop.open)
    let due = OpenVersusClosedLoop.rate * (measured.window - measured.stall)
    let shortest = (closed + open).map(\.longest).min() ?? 0
    return [
      .generator(limited: (closed + open).count(where: \.isLimited), of: (closed + open).count),
      .time(
        "half of the closed loop's replies", of: closed.map { $0.at(0.5) },
        atMost: measured.stall / 100),
      .share(
        "the closed loop's rate", closed.map { Double($0.requests) / max(1, due) }, atLeast: 0.8),
      Control(
        name: "the stall, as the slowest reply saw it",
        wanted: "at least \(Figures.brief(.seconds(0.9 * measured.stall)))",
        found: Figures.brief(.seconds(shortest)), isMet: shortest >= 0.9 * measured.stall),
    ]
  }

  public func findings(_ measured: Measured) -> Findings {
    let stall = measured.stall
    let (closedRounds, openRounds) = (
      measured.rounds(OpenVersusClosedLoop.closed), measured.rounds(OpenVersusClosedLoop.open)
    )
    guard let closed = closedRounds.median, let open = openRounds.median,
      let raw = measured.rounds(OpenVersusClosedLoop.uncorrected).median
    else { return Findings(.undecided("nothing was measured; run it again")) }
    func p99(_ row: Measured.Row) -> String { Figures.brief(.seconds(row.at(0.99))) }
    let share = Figures.fixed(100 * stall / measured.window, places: 0)
    let verdict = Verdict.of(
      rounds: zip(closedRounds, openRounds).map { closed, open in
        open.at(0.99) > stall / 2 && closed.at(0.99) < stall / 10
      },
      "The server stood still for \(share) % of the time. The closed loop tells a p99 of \(p99(closed)), "
        + "the open loop \(p99(open)); the same open loop, counted from the real send, \(p99(raw))."
    )
    let hues: [Hue] = [.vermilion, .amber, .blue]
    let chart = LineChart(
      title:
        "The server stalls for a second: the closed loop's p99 is \(p99(closed)), the open loop's "
        + p99(open),
      x: Axis("share of replies", unit: .share, scale: .nines),
      y: Axis("came within", unit: .duration, scale: .logarithmic),
      series: zip([closed, raw, open], hues).map { row, hue in
        LineChart.Series(
          row.name, hue, row.percentiles.map { .init($0.share, $0.seconds) }, isPlain: true)
      },
      rules: [.init(.level, at: stall, "the stall takes 1 s")])
    let shown = OpenVersusClosedLoop.shares.filter { $0 != 0.75 && $0 != 0.995 }
    let rows = measured.rows.map { row in
      [row.name, Figures.grouped(row.requests)]
        + shown.map { Figures.brief(.seconds(row.at($0))) }
    }
    let header = ["", "requests"] + shown.map { "p" + Ticks.number($0 * 100) }
    return Findings(
      verdict, pictures: [NamedPicture(OpenVersusClosedLoop.name, chart)],
      tables: [Table("Latency, as each tells it", header, rows)],
      notes: [
        "10 clients, 2,000 requests a second, \(Figures.counted(closedRounds.count, "round")) of "
          + "\(Figures.fixed(measured.window, places: 0)) s; the picture has their medians. From the send: "
          + "each request of the open loop, counted from when it could be sent and not from when it was "
          + "due."
      ])
  }
}

extension OpenVersusClosedLoop.Measured.Row {
  fileprivate init(_ name: String, _ result: LoadResult, _ histogram: LatencyHistogram) {
    self.init(
      name: name, requests: result.requests,
      percentiles: LatencyCurve.with(OpenVersusClosedLoop.shares).map {
        ($0, histogram.percentile($0 * 100).inSeconds)
      },
      longest: histogram.longest.inSeconds, isLimited: result.isLimitedByGenerator)
  }
}
