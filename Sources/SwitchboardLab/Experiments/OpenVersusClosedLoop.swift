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
  public static let seconds = 15

  /// Latencies as the three ways of measuring tell them.
  public struct Measured: Sendable {
    /// One way.
    public struct Row: Sendable {
      public var name: String
      public var requests: Int
      public var percentiles: [(share: Double, seconds: Double)]

      /// Seconds at a share.
      public func at(_ share: Double) -> Double {
        percentiles.first { abs($0.share - share) < 1e-9 }?.seconds ?? 0
      }
    }
    public var rows: [Row]
    /// How long the server stalled, in seconds.
    public var stall: Double
    /// How long each way measured, in seconds.
    public var window: Double
  }

  static let closed = "closed loop"
  static let uncorrected = "from the send"
  static let open = "open loop"
  static let shares = [0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999]

  public init() {}

  public func measure(_ laboratory: Laboratory) throws -> Measured {
    let window = laboratory.isQuick ? 3.0 : 5.0
    let clients = 10
    let rate = 2000.0
    // 10 clients that think for 5 ms ask 2,000 times a second, if they are answered at once.
    let closed = try OpenVersusClosedLoop.result(laboratory, window) { options in
      (options.connections, options.thinkTime) = (clients, .seconds(Double(clients) / rate))
    }
    laboratory.progress("closed loop: p99 \(Figures.brief(closed.latency.percentile(99)))")
    let open = try OpenVersusClosedLoop.result(laboratory, window) { options in
      (options.connections, options.rates) = (clients, [rate])
    }
    laboratory.progress("open loop: p99 \(Figures.brief(open.latency.percentile(99)))")
    func row(_ name: String, _ result: LoadResult, _ histogram: LatencyHistogram) -> Measured.Row {
      let shares = OpenVersusClosedLoop.shares
      return Measured.Row(
        name: name, requests: result.requests,
        percentiles: shares.map { ($0, histogram.percentile($0 * 100).inSeconds) })
    }
    return Measured(
      rows: [
        row(OpenVersusClosedLoop.closed, closed, closed.latency),
        row(OpenVersusClosedLoop.uncorrected, open, open.uncorrected),
        row(OpenVersusClosedLoop.open, open, open.latency),
      ], stall: 1, window: window)
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

  public func findings(_ measured: Measured) -> Findings {
    func row(_ name: String) -> Measured.Row? { measured.rows.first { $0.name == name } }
    guard let closed = row(OpenVersusClosedLoop.closed), let open = row(OpenVersusClosedLoop.open),
      let raw = row(OpenVersusClosedLoop.uncorrected)
    else { return Findings(.undecided("nothing was measured; run it again")) }
    let stall = measured.stall
    let holds = open.at(0.99) > stall / 2 && closed.at(0.99) < stall / 10
    func p99(_ row: Measured.Row) -> String { Figures.brief(.seconds(row.at(0.99))) }
    let share = Figures.fixed(100 * stall / measured.window, places: 0)
    let reason =
      "The server stood still for \(share) % of the time. The closed loop tells a p99 of \(p99(closed)), "
      + "the open loop \(p99(open)); the same open loop, counted from the real send, \(p99(raw))."
    let hues: [Hue] = [.vermilion, .amber, .blue]
    let chart = LineChart(
      title:
        "The server stalls for a second: the closed loop's p99 is \(p99(closed)), the open loop's "
        + p99(open),
      x: Axis("share of replies", unit: .share, scale: .nines),
      y: Axis("came within", unit: .duration, scale: .logarithmic),
      series: zip(measured.rows, hues).map { row, hue in
        LineChart.Series(row.name, hue, row.percentiles.map { .init($0.share, $0.seconds) })
      },
      rules: [.init(.level, at: stall, "the stall takes 1 s")])
    let shown = OpenVersusClosedLoop.shares.filter { $0 != 0.75 && $0 != 0.995 }
    let rows = measured.rows.map { row in
      [row.name, Figures.grouped(row.requests)]
        + shown.map { Figures.brief(.seconds(row.at($0))) }
    }
    let header = ["", "requests"] + shown.map { "p" + Ticks.number($0 * 100) }
    return Findings(
      Verdict(holds, reason), pictures: [NamedPicture(OpenVersusClosedLoop.name, chart)],
      tables: [Table("Latency, as each tells it", header, rows)],
      notes: [
        "10 clients, 2,000 requests a second, \(Figures.fixed(measured.window, places: 0)) s. From the send: "
          + "each request of the open loop, counted from when it could be sent and not from when it was "
          + "due."
      ])
  }
}
