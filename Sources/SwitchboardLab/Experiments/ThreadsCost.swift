import Switchboard
import SwitchboardBase
import SwitchboardLoad
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
  public static let needsQuiet = true

  /// Fewer clients cost too little to be read page by page.
  static let fewest = 1000

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
      /// Clients that had no answer.
      public var unserved = 0

      /// Bytes for each client.
      public var each: Double { Double(max(0, memory + kernelStacks)) / Double(max(1, clients)) }
    }
    /// With the most clients there are several of each model.
    public var rows: [Row]
  }

  public init() {}

  public func measure(_ laboratory: Laboratory) throws -> Measured {
    let most = laboratory.isQuick ? ThreadsCost.fewest : 2000
    // A thread takes two descriptors, its client's and one to be woken by.
    guard laboratory.admits(2 * most) else {
      throw TrialFailure("it takes \(2 * most) descriptors; raise the limit (`ulimit -n`)")
    }
    let sizes = laboratory.isQuick ? [20] : [10, 30, 100, 300, 1000]
    var measured = Measured(rows: [])
    for size in sizes + Array(repeating: most, count: laboratory.rounds) {
      for (model, options) in [
        ("threads", ["--model", "threads"]), ("epoll", ["--backend", "epoll"]),
      ] {
        let row = try ThreadsCost.row(model, options, size, laboratory)
        measured.rows.append(row)
        laboratory.progress(
          "\(model): \(Figures.counted(size, "client")), \(Figures.counted(row.threads, "thread")), "
            + "\(Figures.grouped(Figures.whole(row.each))) bytes each")
      }
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
    let after = ProcessFigures.settled(server.pid)
    return Measured.Row(
      model: model, clients: clients, threads: after.threads,
      memory: after.resident - before.resident,
      kernelStacks: ProcessFigures.kernelMemory("KernelStack") - stacks,
      switches: Double(max(0, after.switches - before.switches)) / Double(10 * clients),
      unserved: clients - group.done)
  }

  /// The rows of a model with the most clients: one for each round.
  private func rounds(_ model: String, _ measured: Measured) -> [Measured.Row] {
    let most = measured.rows.map(\.clients).max()
    return measured.rows.filter { $0.model == model && $0.clients == most }
  }

  public func controls(_ measured: Measured) -> [Control] {
    let ends = rounds("threads", measured) + rounds("epoll", measured)
    return [
      .served(
        measured.rows.reduce(0) { $0 + $1.clients },
        unserved: measured.rows.reduce(0) { $0 + $1.unserved }),
      .atLeast(ThreadsCost.fewest, "clients", found: measured.rows.map(\.clients).max() ?? 0),
      .reading("memory for each client", ends.map(\.each)),
    ]
  }

  public func findings(_ measured: Measured) -> Findings {
    let (crew, loops) = (rounds("threads", measured), rounds("epoll", measured))
    guard let threads = crew.median, let loop = loops.median else {
      return Findings(.undecided("nothing was measured; run it again"))
    }
    let verdict = Verdict.of(
      rounds: zip(crew, loops).map { threads, loop in
        threads.each > 5 * loop.each && threads.threads >= threads.clients
          && threads.switches > ThreadsCost.switchEach && threads.switches > loop.switches
      },
      "With \(Figures.grouped(threads.clients)) clients a thread each took \(bytes(threads.each)) a "
        + "client and \(Figures.fixed(threads.switches, places: 2)) switches a request, the event loop "
        + "\(bytes(loop.each)) and \(Figures.fixed(loop.switches, places: 3)).")
    return Findings(
      verdict,
      pictures: [
        NamedPicture(ThreadsCost.name, memory(measured, threads, loop)),
        NamedPicture(ThreadsCost.name + "-switches", switches(measured, threads, loop)),
      ],
      tables: [table(measured)],
      notes: [
        "Memory of the process is counted page by page. Kernel stacks are those of the whole machine, "
          + "so other programs that start threads meanwhile disturb them."
      ])
  }

  /// A switch for each request, but for some that found their thread awake.
  private static let switchEach = 0.8

  private func lines(_ measured: Measured, _ value: (Measured.Row) -> Double) -> [LineChart.Series]
  {
    ["threads", "epoll"].map { name in
      let rows = measured.rows.filter { $0.model == name }
      return LineChart.Series(
        name, .of(name),
        Set(rows.map(\.clients)).sorted().map { count in
          let values = Sample(rows.filter { $0.clients == count }.map(value))
          return .init(
            Double(count), values.median ?? 0, from: values.least ?? 0, to: values.most ?? 0)
        })
    }
  }

  private func memory(_ measured: Measured, _ threads: Measured.Row, _ loop: Measured.Row)
    -> LineChart
  {
    LineChart(
      title: "\(Figures.grouped(threads.clients)) clients with a thread each take "
        + "\(inAll(threads)), on one event loop \(inAll(loop))",
      x: Axis("clients"), y: Axis("memory more than with no client", unit: .bytes),
      series: lines(measured) { Double(max(0, $0.memory + $0.kernelStacks)) })
  }

  private func switches(_ measured: Measured, _ threads: Measured.Row, _ loop: Measured.Row)
    -> LineChart
  {
    LineChart(
      title: "A thread each is switched \(Figures.fixed(threads.switches, places: 1)) times a "
        + "request, the event loop \(Figures.fixed(loop.switches, places: 2)) times",
      x: Axis("clients"), y: Axis("context switches a request"),
      series: lines(measured, \.switches))
  }

  private func table(_ measured: Measured) -> Table {
    let rows = measured.rows.map { row in
      [
        row.model, Figures.grouped(row.clients), Figures.grouped(row.threads),
        bytes(Double(row.memory)), bytes(Double(row.kernelStacks)), bytes(row.each),
        Figures.fixed(row.switches, places: 3),
      ]
    }
    return Table(
      "Cost", ["", "clients", "threads", "memory", "kernel stacks", "a client", "switches"], rows)
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

extension [ThreadsCost.Measured.Row] {
  /// Rounds with as many clients in one row: the median of each figure, for itself.
  fileprivate var median: Element? {
    guard var middle = first else { return nil }
    func median(_ figure: (Element) -> Double) -> Double { Sample(map(figure)).median ?? 0 }
    middle.memory = Figures.whole(median { Double($0.memory) })
    middle.kernelStacks = Figures.whole(median { Double($0.kernelStacks) })
    middle.switches = median(\.switches)
    return middle
  }
}
