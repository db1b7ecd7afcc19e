import Switchboard
import SwitchboardBase
import SwitchboardReport

/// A thread for each client.
public struct ThreadsCost: Trial {
  public static let name = "threads-cost"
  public static let claim =
    "A thread for each client works, and costs: many times the memory, and a switch for each request."
  public static let story =
    "Clients connect, ask ten times each and stay. The server's memory, its threads and how often "
    + "they were switched are read from the kernel's books, for a thread each and for one event loop. A "
    + "thread's stack in the kernel counts, too; its stack in the process counts as far as it was "
    + "touched."
  public static let seconds = 15

  /// What so many clients cost.
  public struct Measured: Sendable {
    /// One model with so many clients.
    public struct Row: Sendable {
      public var model: String
      public var clients: Int
      public var threads: Int
      /// Bytes more than with no client.
      public var memory: Int
      /// Bytes of kernel stacks more than with no client.
      public var kernelStacks: Int
      /// For each request.
      public var switches: Double

      /// Bytes for each client.
      public var each: Double { Double(max(0, memory + kernelStacks)) / Double(max(1, clients)) }
    }
    public var rows: [Row]
  }

  public init() {}

  public func measure(_ laboratory: Laboratory) throws -> Measured {
    let sizes = laboratory.isQuick ? [20, 200] : [10, 30, 100, 300, 1000, 2000]
    var measured = Measured(rows: [])
    for (model, options) in [
      ("threads", ["--model", "threads"]), ("epoll", ["--backend", "epoll"]),
    ] {
      for size in sizes {
        measured.rows.append(try ThreadsCost.row(model, options, size, laboratory))
      }
      guard let last = measured.rows.last else { continue }
      laboratory.progress(
        "\(model): \(Figures.counted(last.clients, "client")), \(Figures.counted(last.threads, "thread")), "
          + "\(Figures.grouped(Int(last.each))) bytes each")
    }
    return measured
  }

  private static func row(
    _ model: String, _ options: [String], _ clients: Int, _ laboratory: Laboratory
  ) throws -> Measured.Row {
    let server = try laboratory.serve(options[0], options[1])
    defer { server.stop() }
    var plan = VisitPlan()
    plan.rounds = 10
    let warm = try VisitorGroup(to: server.address, plan)
    try warm.visit(2, within: .seconds(5))
    plan.stays = true
    let stacks = ProcessFigures.kernelMemory("KernelStack")
    let before = ProcessFigures.settled(server.pid)
    let group = try VisitorGroup(to: server.address, plan)
    try group.visit(clients, within: .seconds(20))
    guard group.done == clients else {
      throw TrialFailure(
        "\(clients - group.done) of \(clients) clients were not served by \(model); run it again")
    }
    let after = ProcessFigures.settled(server.pid)
    return Measured.Row(
      model: model, clients: clients, threads: after.threads,
      memory: after.resident - before.resident,
      kernelStacks: ProcessFigures.kernelMemory("KernelStack") - stacks,
      switches: Double(max(0, after.switches - before.switches)) / Double(10 * clients))
  }

  public func findings(_ measured: Measured) -> Findings {
    let most = measured.rows.map(\.clients).max() ?? 0
    guard let threads = measured.rows.first(where: { $0.model == "threads" && $0.clients == most }),
      let loop = measured.rows.first(where: { $0.model == "epoll" && $0.clients == most })
    else { return Findings(.undecided("nothing was measured; run it again")) }
    let ratio = threads.each / max(loop.each, 1)
    let holds = ratio > 5 && threads.switches > 5 * loop.switches && threads.threads >= most
    let count = Figures.grouped(most)
    let reason =
      "With \(count) clients a thread each took \(bytes(threads.each)) a client and "
      + "\(Figures.fixed(threads.switches, places: 2)) switches a request, the event loop "
      + "\(bytes(loop.each)) and \(Figures.fixed(loop.switches, places: 3))."
    let names = ["threads", "epoll"]
    func lines(_ value: (Measured.Row) -> Double) -> [LineChart.Series] {
      names.map { name in
        LineChart.Series(
          name, .of(name),
          measured.rows.filter { $0.model == name }.map { .init(Double($0.clients), value($0)) })
      }
    }
    let memory = LineChart(
      title: "\(count) clients with a thread each take "
        + "\(inAll(threads)), on one event loop \(inAll(loop))",
      x: Axis("clients", scale: .logarithmic),
      y: Axis("memory more than with no client", unit: .bytes),
      series: lines { Double(max(0, $0.memory + $0.kernelStacks)) })
    let switches = LineChart(
      title: "A thread each is switched \(Figures.fixed(threads.switches, places: 1)) times a "
        + "request, the event loop \(Figures.fixed(loop.switches, places: 2)) times",
      x: Axis("clients", scale: .logarithmic), y: Axis("context switches a request"),
      series: lines(\.switches))
    let rows = measured.rows.map { row in
      [
        row.model, Figures.grouped(row.clients), Figures.grouped(row.threads),
        bytes(Double(row.memory)), bytes(Double(row.kernelStacks)), bytes(row.each),
        Figures.fixed(row.switches, places: 3),
      ]
    }
    return Findings(
      Verdict(holds, reason),
      pictures: [
        NamedPicture(ThreadsCost.name, memory),
        NamedPicture(ThreadsCost.name + "-switches", switches),
      ],
      tables: [
        Table(
          "Cost", ["", "clients", "threads", "memory", "kernel stacks", "a client", "switches"],
          rows)
      ],
      notes: [
        "Memory of the process is counted page by page. Kernel stacks are those of the whole machine, "
          + "so other programs that start threads meanwhile disturb them."
      ])
  }

  /// Pages that others gave back may outweigh what was added.
  private func inAll(_ row: Measured.Row) -> String {
    let sum = row.memory + row.kernelStacks
    return sum > 0 ? bytes(Double(sum)) : "less than can be measured"
  }

  private func bytes(_ count: Double) -> String {
    let unit = Ticks.unit(for: count, .bytes)
    return Figures.fixed(count / unit.size, places: unit.size == 1 ? 0 : 1) + " " + unit.name
  }
}
