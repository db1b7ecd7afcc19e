import Switchboard
import SwitchboardBase
import SwitchboardReport

/// The C10K problem.
public struct TenThousand: Trial {
  public static let name = "ten-thousand"
  public static let claim =
    "One thread serves ten thousand connections that all ask, every reply right, and a request costs "
    + "it at most twice what it costs with a hundred."
  public static let story =
    "In 1999 it was asked whether a machine could serve ten thousand clients at once. Here one "
    + "event loop does, on the mechanisms that this machine has. All connections take part in "
    + "\(Figures.grouped(Int(rate))) requests a second, with a hundred as with ten thousand, so that the "
    + "work is the same; every reply is checked."
  public static let seconds = 60
  public static let needsQuiet = true

  /// Requests a second, over all connections.
  static let rate = 20_000.0
  /// So many connections the claim speaks of, and so many it compares them with.
  static let (many, few) = (10_000, 100)

  /// Each backend with each number of connections.
  public struct Measured: Sendable {
    public var cells: [LoadCell]
  }

  public init() {}

  public func measure(_ laboratory: Laboratory) throws -> Measured {
    let (few, many) = (TenThousand.few, TenThousand.many)
    guard laboratory.admits(many) else {
      throw TrialFailure(
        "it takes \(Figures.grouped(many)) descriptors and some more; raise the limit (`ulimit -n`)"
      )
    }
    let others = laboratory.isQuick ? [] : [1000, 5000, 15_000]
    let hasRing = Server.BackendName.auto.choice().backend == .ioUring
    let models = [ServedModel.epoll] + (hasRing ? [.ioUring] : [])
    var runs: [Run: [LoadCell.Repetition]] = [:]
    for round in 1...laboratory.rounds {
      for size in round == 1 ? ([few, many] + others).sorted() : [few, many]
      where laboratory.admits(size) {
        for model in round == 1 && size <= many ? [.poll] + models : models {
          let sample = try LoadCell.Repetition(
            model, size, rate: TenThousand.rate, seconds: laboratory.isQuick ? 0.5 : 1.5, laboratory
          )
          runs[Run(model: model, size: size), default: []].append(sample)
          laboratory.progress(
            "\(model.rawValue), \(Figures.grouped(size)): "
              + "\(Figures.fixed(sample.serverTime, places: 1)) µs a request, p99 "
              + Figures.brief(.seconds(sample.p99)))
        }
      }
    }
    return Measured(cells: TenThousand.cells(runs))
  }

  private struct Run: Hashable {
    var model: ServedModel
    var size: Int
  }

  private static func cells(_ runs: [Run: [LoadCell.Repetition]]) -> [LoadCell] {
    ServedModel.allCases.flatMap { model in
      runs.filter { $0.key.model == model }.sorted { $0.key.size < $1.key.size }
        .map { LoadCell(model.rawValue, $0.key.size, $0.value) }
    }
  }

  /// What the claim is about: the mechanism that pays least for many connections, with few and with many
  /// of them.
  private func pair(_ measured: Measured) -> (few: LoadCell, many: LoadCell)? {
    func cell(_ model: String, _ size: Int) -> LoadCell? {
      measured.cells.first { $0.model == model && $0.connections == size }
    }
    return ["epoll", "io_uring"].compactMap { model in
      cell(model, TenThousand.few).flatMap { few in
        cell(model, TenThousand.many).map { (few, $0) }
      }
    }.min { $0.1.serverTime * $1.0.serverTime < $1.1.serverTime * $0.0.serverTime }
  }

  public func controls(_ measured: Measured) -> [Control] {
    let most = measured.cells.map(\.connections).max() ?? 0
    let enough = Control.atLeast(TenThousand.many, "connections", found: most)
    guard let (few, many) = pair(measured) else { return [enough] }
    let runs = few.repetitions + many.repetitions
    return [
      enough, .generator(limited: runs.count(where: \.isLimited), of: runs.count),
      .share("requests answered", runs.map(\.answeredShare), atLeast: 0.99),
      .reading(
        "processor time of the server", runs.map { $0.serverTime * 1000 },
        unit: "ns a request"),
    ]
  }

  public func findings(_ measured: Measured) -> Findings {
    let charts = TenThousandCharts(measured.cells)
    guard let (few, many) = pair(measured) else {
      return Findings(
        .undecided("fewer than 10,000 connections were measured; raise `ulimit -n`"),
        pictures: charts.pictures, tables: [charts.table])
    }
    let (dear, cheap) = (many.serverTime, few.serverTime)
    let verdict = Verdict.of(
      rounds: zip(few.repetitions, many.repetitions).map { few, many in
        many.serverTime <= 2 * few.serverTime && many.failures.server == 0
      },
      "With \(many.model), a request cost \(Figures.fixed(dear, places: 1)) µs of processor time on "
        + "\(Figures.grouped(many.connections)) connections, \(Figures.fixed(cheap, places: 1)) on "
        + "\(Figures.grouped(few.connections)); p99 \(Figures.brief(.seconds(many.p99))) and "
        + "\(Figures.brief(.seconds(few.p99))); "
        + (many.failures == 0
          ? "every reply was right." : "\(Figures.counted(many.failures, "request")) failed."))
    return Findings(
      verdict, pictures: charts.pictures, tables: [charts.table],
      notes: charts.notes + [
        "\(Figures.grouped(Int(TenThousand.rate))) requests a second, whatever the number of connections; "
          + "each reply counts from the moment its request was due. Memory is that of the server process "
          + "with all connections standing."
      ])
  }
}

/// What the pictures of ``TenThousand`` show.
private struct TenThousandCharts {
  private let charts: LoadCharts
  private let cells: [LoadCell]

  init(_ cells: [LoadCell]) {
    self.cells = cells
    var charts = LoadCharts(cells: cells)
    charts.load = "\(Figures.grouped(Int(TenThousand.rate))) requests a second over all"
    self.charts = charts
  }

  var table: Table { charts.table }
  var notes: [String] { charts.notes }

  var pictures: [NamedPicture] {
    [
      NamedPicture(TenThousand.name, charts.serverTime(cost)),
      NamedPicture(
        TenThousand.name + "-p99", charts.latency("Latency of the same load, by connections")),
      NamedPicture(TenThousand.name + "-memory", charts.memory(memory)),
    ]
  }

  private func most(_ model: String) -> LoadCell? {
    cells.filter { $0.model == model }.max { $0.connections < $1.connections }
  }

  private var cost: String {
    guard let most = most("epoll") else { return "Cost of a request, by connections" }
    let poll = most.connections >= TenThousand.many ? self.most("poll") : nil
    let ours =
      "A request costs \(Figures.fixed(most.serverTime, places: 1)) µs on "
      + "\(Figures.grouped(most.connections)) connections with epoll"
    return poll.map {
      ours
        + ", \(Figures.fixed($0.serverTime, places: 1)) on \(Figures.grouped($0.connections)) with poll"
    } ?? ours
  }

  private var memory: String {
    guard let most = most("epoll") else { return "Memory by connections" }
    let few = cells.filter { $0.model == most.model }.min { $0.connections < $1.connections }
    func mebibytes(_ cell: LoadCell) -> String {
      Figures.fixed(Double(cell.memory) / 0x1p20, places: 0)
    }
    return
      "The server takes \(mebibytes(most)) MiB with \(Figures.grouped(most.connections)) connections"
      + (few.map { ", \(mebibytes($0)) with \(Figures.grouped($0.connections))" } ?? "")
  }
}
