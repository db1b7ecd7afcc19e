import Switchboard
import SwitchboardBase
import SwitchboardReport

/// What a connection costs that does nothing.
public struct IdleCosts: Trial {
  public static let name = "idle-costs"
  public static let claim =
    "An idle connection costs an event-driven server less than 100 bytes of its own memory."
  public static let story =
    "Most connections of most servers are idle most of the time. Here a session holds no buffer "
    + "while nothing is under way: it costs its slot in a table, and with a timeout a place in the "
    + "timer wheel. Connections are opened by the thousand, and the server's memory is read from the "
    + "kernel's books after each thousand."
  public static let seconds = 8
  public static let needsQuiet = false

  /// Memory by backend and connections.
  public struct Measured: Sendable {
    /// A backend's readings.
    public struct Row: Sendable {
      public var model: String
      public var connections: [Int]
      /// Bytes of the server process.
      public var resident: [Int]
      /// Bytes of kernel memory for each connection, both of its ends; machine-wide, so a hint.
      public var kernelEach: Int
      /// Connections that did not stand at the end.
      public var unserved = 0
    }
    public var rows: [Row]
  }

  public init() {}

  public func measure(_ laboratory: Laboratory) throws -> Measured {
    let most = laboratory.isQuick ? 2000 : 10_000
    guard laboratory.admits(most) else {
      throw TrialFailure("it takes \(most) descriptors; raise the limit (`ulimit -n`)")
    }
    let hasRing = Server.BackendName.auto.choice().backend == .ioUring
    let models = ["poll", "epoll"] + (hasRing ? ["io_uring"] : [])
    let rows = try models.map { model in
      let row = try IdleCosts.row(model, most, laboratory)
      let each = Figures.fixed(IdleCosts.each(row), places: 0)
      laboratory.progress("\(model): \(each) bytes an idle connection")
      return row
    }
    return Measured(rows: rows)
  }

  private static func row(_ model: String, _ most: Int, _ laboratory: Laboratory) throws
    -> Measured.Row
  {
    let server = try laboratory.serve("--backend", model, "--idle-timeout", "10m")
    defer { server.stop() }
    // The code that serves, and what is there once, is in memory before it is measured.
    let warm = try VisitorGroup(to: server.address, VisitPlan())
    try warm.visit(1000, within: .seconds(10))
    var plan = VisitPlan()
    (plan.rounds, plan.stays) = (0, true)
    let group = try VisitorGroup(to: server.address, plan)
    try group.visit(1000, within: .seconds(20))
    var row = Measured.Row(model: model, connections: [], resident: [], kernelEach: 0)
    let slab = ProcessFigures.kernelMemory("Slab")
    while group.visits.count < most {
      row.connections.append(group.visits.count)
      row.resident.append(ProcessFigures.settled(server.pid).resident)
      try group.visit(1000, within: .seconds(20))
    }
    row.connections.append(group.visits.count)
    row.resident.append(ProcessFigures.settled(server.pid).resident)
    row.unserved = group.visits.count - group.greeted
    let grown = ProcessFigures.kernelMemory("Slab") - slab
    row.kernelEach = grown / max(1, most - 1000)
    return row
  }

  /// Bytes for each connection beyond the first thousand.
  static func each(_ row: Measured.Row) -> Double {
    guard let first = row.connections.first, let last = row.connections.last, last > first,
      let before = row.resident.first, let after = row.resident.last
    else { return 0 }
    return Double(after - before) / Double(last - first)
  }

  public func controls(_ measured: Measured) -> [Control] {
    let stand = measured.rows.compactMap(\.connections.last).reduce(0, +)
    return [
      .served(stand, unserved: measured.rows.map(\.unserved).reduce(0, +)),
      .reading("memory for each connection", measured.rows.map(IdleCosts.each)),
    ]
  }

  public func findings(_ measured: Measured) -> Findings {
    let costs = measured.rows.map { (model: $0.model, bytes: IdleCosts.each($0)) }
    guard let worst = costs.max(by: { $0.bytes < $1.bytes }) else {
      return Findings(.undecided("nothing was measured; run it again"))
    }
    let words = costs.map { "\(Figures.fixed($0.bytes, places: 0)) bytes with \($0.model)" }
    let most = measured.rows.compactMap(\.connections.last).max() ?? 0
    let reason =
      "Up to \(Figures.grouped(most)) idle connections cost the server "
      + words.joined(separator: ", ") + " each."
    let bars = costs.map { cost in
      BarChart.Bar(
        cost.model, .of(cost.model), max(0, cost.bytes),
        "\(Figures.fixed(cost.bytes, places: 0)) B")
    }
    let chart = BarChart(
      title:
        "An idle connection costs at most \(Figures.fixed(worst.bytes, places: 0)) bytes of the "
        + "server's memory",
      axis: Axis("bytes for each idle connection", including: [100]), bars: bars)
    let rows = measured.rows.map { row in
      [
        row.model, Figures.fixed(IdleCosts.each(row), places: 0),
        Figures.grouped((row.resident.first ?? 0) >> 10) + " KiB",
        Figures.grouped((row.resident.last ?? 0) >> 10) + " KiB",
        Figures.grouped(row.kernelEach >> 10) + " KiB",
      ]
    }
    let table = Table(
      "Memory", ["", "bytes each", "1,000 idle", "\(Figures.grouped(most)) idle", "kernel, each"],
      rows)
    return Findings(
      Verdict(worst.bytes < 100, reason), pictures: [NamedPicture(IdleCosts.name, chart)],
      tables: [table],
      notes: [
        "The server's own memory, page by page (smaps_rollup), with a timeout on every connection. The "
          + "kernel's part is for both ends of a loopback connection, and counts what else the machine "
          + "did."
      ])
  }
}
