import Switchboard
import SwitchboardBase
import SwitchboardReport

/// select's sets end at descriptor 1023.
public struct SelectWall: Trial {
  public static let name = "select-wall"
  public static let claim =
    "A server that waits with select serves about 1,000 clients and not one more; with poll or "
    + "epoll there is no such wall."
  public static let story =
    "The sets of select(2) have FD_SETSIZE bits, 1,024, so a descriptor from 1,024 on cannot be in "
    + "one. More and more clients connect, stay, and each asks once. A client that is not accepted "
    + "waits in the kernel's queue; nobody is turned away, and nothing is written beyond a set."
  public static let seconds = 8
  public static let needsQuiet = true

  /// From so many clients on, select's own descriptors and theirs come to FD_SETSIZE.
  private static let wall = 900...1024

  /// How many clients had been served when so many had connected, by backend.
  public struct Measured: Sendable {
    /// A backend's steps.
    public struct Row: Sendable {
      public var backend: String
      public var asked: [Int]
      public var served: [Int]
      /// The server still runs at the end.
      public var isAlive: Bool
    }
    public var rows: [Row]
  }

  public init() {}

  public func measure(_ laboratory: Laboratory) throws -> Measured {
    let steps =
      laboratory.isQuick ? [500, 1000, 1200] : Array(stride(from: 200, through: 2000, by: 200))
    guard laboratory.admits(2 * 2000) else {
      throw TrialFailure("it takes 4,000 descriptors; raise the limit (`ulimit -n`)")
    }
    let rows = try ["select", "poll", "epoll"].map { backend in
      let row = try SelectWall.row(backend, steps, laboratory)
      let (most, served) = (row.asked.last ?? 0, row.served.last ?? 0)
      laboratory.progress(
        "\(backend): \(Figures.grouped(served)) of \(Figures.grouped(most)) clients served")
      return row
    }
    return Measured(rows: rows)
  }

  private static func row(_ backend: String, _ steps: [Int], _ laboratory: Laboratory) throws
    -> Measured.Row
  {
    let server = try laboratory.serve("--backend", backend)
    defer { server.stop() }
    var plan = VisitPlan()
    (plan.stays, plan.crowding) = (true, 4096)
    let group = try VisitorGroup(to: server.address, plan)
    var served: [Int] = []
    for step in steps {
      let more = step - group.visits.count
      // Those behind the wall never are: their greeting is waited for as long as others' come, and where
      // there is a wall, not for long.
      let isBehind = backend == "select" && step > SelectWall.wall.upperBound
      try group.visit(more, patience: isBehind ? .seconds(1) : .seconds(10), within: .seconds(20))
      served.append(group.done)
    }
    return Measured.Row(backend: backend, asked: steps, served: served, isAlive: server.isAlive)
  }

  public func controls(_ measured: Measured) -> [Control] {
    [
      .atLeast(
        SelectWall.wall.upperBound + 1, "clients that connected",
        found: measured.rows.compactMap { $0.asked.max() }.min() ?? 0)
    ]
  }

  public func findings(_ measured: Measured) -> Findings {
    guard !measured.rows.isEmpty else {
      return Findings(.undecided("nothing was measured; run it again"))
    }
    let select = measured.rows.first { $0.backend == "select" }
    let wall = select?.served.max() ?? 0
    let others = measured.rows.filter { $0.backend != "select" }
    let othersServeAll = !others.isEmpty && others.allSatisfy { $0.served == $0.asked }
    let asked = select?.asked.max() ?? 0
    let outcome =
      SelectWall.wall.contains(wall) && othersServeAll && measured.rows.allSatisfy(\.isAlive)
    let names = others.map(\.backend).joined(separator: " and ")
    let least = others.compactMap(\.served.last).min() ?? 0
    let reason =
      "Of \(Figures.grouped(asked)) clients, \(Figures.grouped(wall)) were served with select and "
      + "\(Figures.grouped(least)) with \(names)"
      + (select?.isAlive ?? false ? "; the select server ran on, and the others waited." : ".")
    let series = measured.rows.map { row in
      LineChart.Series(
        row.backend, .of(row.backend),
        zip(row.asked, row.served).map { .init(Double($0), Double($1)) },
        isDashed: row.backend == "poll")
    }
    let chart = LineChart(
      title: "With select, client \(Figures.grouped(wall + 1)) waits; with \(names) it is served",
      x: Axis("clients that have connected", including: [0]),
      y: Axis("clients that are served"), series: series,
      rules: [.init(.level, at: 1024, "FD_SETSIZE, 1,024")])
    return Findings(
      Verdict(outcome, reason), pictures: [NamedPicture(SelectWall.name, chart)],
      tables: [table(measured)],
      notes: [
        "A server needs a few descriptors for itself (standard streams, listener, waker), so the "
          + "wall stands a little below 1,024."
      ])
  }

  private func table(_ measured: Measured) -> Table {
    let asked = measured.rows.first?.asked ?? []
    let rows = asked.indices.map { index in
      [Figures.grouped(asked[index])]
        + measured.rows.map { row in
          index < row.served.count ? Figures.grouped(row.served[index]) : ""
        }
    }
    return Table(
      "Clients served", ["connected"] + measured.rows.map(\.backend), rows)
  }
}
