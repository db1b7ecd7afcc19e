import Switchboard
import SwitchboardBase
import SwitchboardLoad
import SwitchboardReport

/// One client at a time.
public struct SequentialWaits: Trial {
  public static let name = "sequential-waits"
  public static let claim =
    "A server that serves one client at a time makes each wait for all that came before."
  public static let story =
    "The article's first server: accept, serve to the end, accept the next. Several clients connect "
    + "at the same moment, each wants a short conversation with pauses in it, and in those pauses the "
    + "server does nothing at all."
  public static let seconds = 3
  public static let needsQuiet = true

  /// How long a conversation takes whose requests are answered at once: its two pauses, in seconds.
  static let pauses = 0.4
  /// So long on a machine that has other things to do, too, but not only.
  static let mostCalm = 0.6

  /// A client's times in seconds since the first connected.
  public struct Client: Hashable, Sendable {
    public var begun: Double
    public var greeted: Double
    public var done: Double
    /// From connecting to the greeting.
    public var wait: Double { greeted - begun }
    /// From the greeting to the last reply.
    public var conversation: Double { done - greeted }
  }

  /// The clients in the order in which they were served, and how many were not.
  public struct Measured: Sendable {
    public var clients: [Client]
    public var unserved: Int
  }

  public init() {}

  public func measure(_ laboratory: Laboratory) throws -> Measured {
    let server = try laboratory.serve("--model", "sequential")
    defer { server.stop() }
    let count = laboratory.isQuick ? 4 : 8
    let (clients, failed) = try SequentialWaits.conversations(
      count, with: server, within: .seconds(20))
    laboratory.progress("\(clients.count) clients served")
    return Measured(clients: clients, unserved: failed)
  }

  /// Conversations of three requests and two pauses of 200 ms.
  static func conversations(_ count: Int, with server: ServerProcess, within limit: Duration) throws
    -> (clients: [Client], unserved: Int)
  {
    var plan = VisitPlan()
    (plan.rounds, plan.pause) = (3, .milliseconds(200))
    let group = try VisitorGroup(to: server.address, plan)
    try group.visit(count, within: limit)
    let start = group.visits.map(\.begun).min() ?? Linux().now()
    let clients = group.visits.compactMap { visit -> Client? in
      guard let greeted = visit.greeted, let done = visit.done else { return nil }
      return Client(
        begun: visit.begun.since(start).inSeconds, greeted: greeted.since(start).inSeconds,
        done: done.since(start).inSeconds)
    }
    return (clients.sorted { $0.greeted < $1.greeted }, count - clients.count)
  }

  public func controls(_ measured: Measured) -> [Control] {
    let own = Sample(measured.clients.map(\.conversation)).median.map { [$0] } ?? []
    return [
      .served(measured.clients.count + measured.unserved, unserved: measured.unserved),
      .time("a conversation with pauses of 400 ms", of: own, atMost: SequentialWaits.mostCalm),
    ]
  }

  public func findings(_ measured: Measured) -> Findings {
    let clients = measured.clients
    guard let last = clients.last, clients.count > 1 else {
      return Findings(.undecided("nothing was measured; run it again"))
    }
    let own = Sample(clients.map(\.conversation)).median ?? 0
    let before = clients.count - 1
    // Nobody is greeted before the one before is done, but for the time a reply travels.
    let isOneAtATime = zip(clients, clients.dropFirst()).allSatisfy { $1.greeted > $0.done - 0.02 }
    let holds = isOneAtATime && last.wait > 0.9 * Double(before) * own
    let reason =
      "Client \(clients.count) waited \(Figures.fixed(last.wait, places: 2)) s for a conversation of "
      + "\(Figures.fixed(last.conversation, places: 2)) s: the \(before) before it took "
      + "\(Figures.fixed(clients.dropLast().map(\.conversation).reduce(0, +), places: 2)) s"
      + (isOneAtATime ? ", one after another." : ", though some at the same time.")
    let chart = RowChart(
      title:
        "The last of \(clients.count) clients waits \(Figures.fixed(last.wait, places: 1)) s for "
        + "a conversation of \(Figures.fixed(last.conversation, places: 1)) s",
      subtitle: "dashed: connected and waiting; bar: being served",
      axis: Axis("time since the first connected", unit: .duration),
      rows: SequentialWaits.rows(clients, .vermilion))
    return Findings(
      Verdict(holds, reason), pictures: [NamedPicture(SequentialWaits.name, chart)],
      notes: ["Each conversation is three requests with two pauses of 200 ms."])
  }

  /// A row for each client.
  static func rows(_ clients: [Client], _ hue: Hue) -> [RowChart.Row] {
    clients.enumerated().map { index, client in
      RowChart.Row(
        "client \(index + 1)", hue,
        [
          .init(.waiting, from: client.begun, to: client.greeted),
          .init(.busy, from: client.greeted, to: client.done),
        ], "waited \(Figures.fixed(client.wait, places: 2)) s")
    }
  }
}
