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
    for count in laboratory.isQuick ? [1, 10, 100] : [1, 10, 100, 1000, 3000] {
      let (clients, unserved) = try SequentialWaits.conversations(
        count, with: server, within: .seconds(20))
      measured.rows.append(OneThreadServesAll.row("epoll", clients, unserved))
      measured.conversations = clients
      laboratory.progress("\(Figures.counted(count, "client")) on one thread: served")
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

  public func findings(_ measured: Measured) -> Findings {
    let loop = measured.rows.filter { $0.model == "epoll" }.sorted { $0.clients < $1.clients }
    guard let one = loop.first, let most = loop.last, loop.count > 1 else {
      return Findings(.undecided("nothing was measured; run it again"))
    }
    let ratio = most.elapsed / max(one.elapsed, 1e-9)
    let holds =
      most.clients >= 100 && ratio < 2 && measured.threads == 1
      && loop.allSatisfy { $0.unserved == 0 }
    let count = Figures.grouped(most.clients)
    let reason =
      "\(count) clients were through after \(Figures.fixed(most.elapsed, places: 2)) s, one alone after "
      + "\(Figures.fixed(one.elapsed, places: 2)) s, with \(measured.threads) "
      + (measured.threads == 1 ? "thread." : "threads.")
    let names = ["sequential", "epoll"]
    let chart = LineChart(
      title:
        "One thread serves \(count) clients in \(Figures.fixed(ratio, places: 1)) times the time "
        + "of one",
      x: Axis("clients at once", scale: .logarithmic),
      y: Axis("time until the last is done", unit: .duration, scale: .logarithmic),
      series: names.map { name in
        LineChart.Series(
          name, .of(name),
          measured.rows.filter { $0.model == name }.map { .init(Double($0.clients), $0.elapsed) })
      })
    let strip = StripChart(
      title: "Each of the \(count) clients was greeted within "
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
    let rows = measured.rows.map {
      [$0.model, Figures.grouped($0.clients), Figures.fixed($0.elapsed, places: 3) + " s"]
    }
    return Findings(
      Verdict(holds, reason),
      pictures: [
        NamedPicture(OneThreadServesAll.name, chart),
        NamedPicture(OneThreadServesAll.name + "-clients", strip),
      ],
      tables: [Table("Until the last is done", ["server", "clients", "time"], rows)],
      notes: ["Each conversation is three requests with two pauses of 200 ms."])
  }

  private func longest(_ values: [Double]) -> String {
    Figures.brief(.seconds(values.max() ?? 0))
  }

  private func median(_ values: [Double]) -> String {
    Sample(values).median.map { Figures.brief(.seconds($0)) } ?? ""
  }
}
