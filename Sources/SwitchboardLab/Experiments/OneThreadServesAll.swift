import Switchboard
import SwitchboardBase
import SwitchboardLoad
import SwitchboardReport

/// An event loop serves all at once.
public struct OneThreadServesAll: Trial {
  public static let name = "one-thread-serves-all"
  public static let claim =
    "One thread that never blocks serves a thousand clients in the time of one."
  public static let story =
    "The same conversations as with one client at a time, with pauses in them, on an event loop: "
    + "while one client pauses, the thread serves the others. The time until the last of more and more "
    + "clients is done is set beside that of the sequential server."
  public static let seconds = 20
  public static let needsQuiet = true

  /// So many clients the claim speaks of.
  static let claimed = 1000

  /// How long all clients took, by server and number.
  public struct Measured: Sendable {
    /// So many clients on one server.
    public struct Row: Sendable {
      public var model: String
      public var clients: Int
      /// Seconds until the last was done.
      public var elapsed: Double
      public var unserved: Int
    }
    /// What the claim speaks of is there several times.
    public var rows: [Row]
    /// Of the event-driven server.
    public var threads: Int
    /// Of the most clients with the event-driven server.
    public var conversations: [SequentialWaits.Client]
  }

  public init() {}

  public func measure(_ laboratory: Laboratory) throws -> Measured {
    let server = try laboratory.serve("--backend", "epoll")
    defer { server.stop() }
    var measured = Measured(rows: [], threads: 0, conversations: [])
    let most = OneThreadServesAll.claimed
    guard laboratory.admits(most) else {
      throw TrialFailure(
        "it takes \(Figures.grouped(most)) descriptors and some more; raise the limit (`ulimit -n`)"
      )
    }
    let repeated = Array(repeating: most, count: laboratory.rounds)
    let sizes = [1, 10, 100] + repeated + (laboratory.isQuick ? [] : [3000])
    for count in sizes where laboratory.admits(count) {
      let (clients, unserved) = try SequentialWaits.conversations(
        count, with: server, within: .seconds(20))
      measured.rows.append(OneThreadServesAll.row("epoll", clients, unserved))
      measured.conversations = clients
      laboratory.progress(
        "\(Figures.counted(count, "client")) on one thread: \(Figures.grouped(clients.count)) served"
      )
    }
    measured.threads = ProcessFigures(of: server.pid).threads
    let sequential = try laboratory.serve("--model", "sequential")
    defer { sequential.stop() }
    for count in laboratory.isQuick ? [1, 3] : [1, 3, 10, 20] {
      let (clients, unserved) = try SequentialWaits.conversations(
        count, with: sequential, within: .seconds(20))
      measured.rows.append(OneThreadServesAll.row("sequential", clients, unserved))
    }
    return measured
  }

  private static func row(_ model: String, _ clients: [SequentialWaits.Client], _ unserved: Int)
    -> Measured.Row
  {
    Measured.Row(
      model: model, clients: clients.count + unserved,
      elapsed: clients.map(\.done).max() ?? 0, unserved: unserved)
  }

  /// The event loop's rows by number of clients: each number's median, the most last.
  private func loop(_ measured: Measured) -> [Measured.Row] {
    let rows = measured.rows.filter { $0.model == "epoll" }
    return Set(rows.map(\.clients)).sorted().map { count in
      let same = rows.filter { $0.clients == count }
      return Measured.Row(
        model: "epoll", clients: count, elapsed: Sample(same.map(\.elapsed)).median ?? 0,
        unserved: same.map(\.unserved).max() ?? 0)
    }
  }

  /// What the claim speaks of, in each round.
  private func claimed(_ measured: Measured) -> [Measured.Row] {
    measured.rows.filter { $0.model == "epoll" && $0.clients == OneThreadServesAll.claimed }
  }

  public func controls(_ measured: Measured) -> [Control] {
    let alone = measured.rows.filter { $0.model == "epoll" && $0.clients == 1 }.map(\.elapsed)
    return [
      .served(
        measured.rows.reduce(0) { $0 + $1.clients },
        unserved: measured.rows.reduce(0) { $0 + $1.unserved }),
      .atLeast(
        OneThreadServesAll.claimed, "clients at once",
        found: measured.rows.map(\.clients).max() ?? 0),
      .time(
        "one client alone, with pauses of 400 ms", of: alone, atMost: SequentialWaits.mostCalm),
    ]
  }

  public func findings(_ measured: Measured) -> Findings {
    let loop = loop(measured)
    guard let one = loop.first, let most = loop.last, loop.count > 1,
      let middle = loop.first(where: { $0.clients == OneThreadServesAll.claimed })
    else { return Findings(.undecided("too few clients were tried; run it again")) }
    let verdict = Verdict.of(
      rounds: claimed(measured).map { $0.elapsed < 2 * one.elapsed && measured.threads == 1 },
      "\(Figures.grouped(middle.clients)) clients were through after "
        + "\(Figures.fixed(middle.elapsed, places: 2)) s, one alone after "
        + "\(Figures.fixed(one.elapsed, places: 2)) s, with "
        + "\(Figures.counted(measured.threads, "thread")).")
    return Findings(
      verdict,
      pictures: [
        NamedPicture(
          OneThreadServesAll.name, chart(measured, loop, most.elapsed / max(one.elapsed, 1e-9))),
        NamedPicture(OneThreadServesAll.name + "-clients", strip(measured, most)),
      ],
      tables: [table(measured)],
      notes: ["Each conversation is three requests with two pauses of 200 ms."])
  }

  private func chart(_ measured: Measured, _ loop: [Measured.Row], _ ratio: Double) -> LineChart {
    let count = Figures.grouped(loop.last?.clients ?? 0)
    let rows = ["sequential": measured.rows.filter { $0.model == "sequential" }, "epoll": loop]
    return LineChart(
      title:
        "One thread serves \(count) clients in \(Figures.fixed(ratio, places: 1)) times the time "
        + "of one",
      x: Axis("clients at once", scale: .logarithmic),
      y: Axis("time until the last is done", unit: .duration, scale: .logarithmic),
      series: ["sequential", "epoll"].map { name in
        LineChart.Series(
          name, .of(name), (rows[name] ?? []).map { .init(Double($0.clients), $0.elapsed) })
      })
  }

  private func strip(_ measured: Measured, _ most: Measured.Row) -> StripChart {
    StripChart(
      title: "Each of the \(Figures.grouped(most.clients)) clients was greeted within "
        + "\(longest(measured.conversations.map(\.wait))) and had its conversation within "
        + longest(measured.conversations.map(\.conversation)),
      axis: Axis("time", unit: .duration, scale: .logarithmic),
      strips: [
        .init(
          "until greeted", .blue, measured.conversations.map(\.wait),
          "median \(median(measured.conversations.map(\.wait)))"),
        .init(
          "conversation", .green, measured.conversations.map(\.conversation),
          "median \(median(measured.conversations.map(\.conversation)))"),
      ])
  }

  private func table(_ measured: Measured) -> Table {
    let rows = measured.rows.map {
      [$0.model, Figures.grouped($0.clients), Figures.fixed($0.elapsed, places: 3) + " s"]
    }
    return Table("Until the last is done", ["server", "clients", "time"], rows)
  }

  private func longest(_ values: [Double]) -> String {
    Figures.brief(.seconds(values.max() ?? 0))
  }

  private func median(_ values: [Double]) -> String {
    Sample(values).median.map { Figures.brief(.seconds($0)) } ?? ""
  }
}
