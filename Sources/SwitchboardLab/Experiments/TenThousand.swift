import Switchboard
import SwitchboardBase
import SwitchboardReport

/// The C10K problem.
public struct TenThousand: Trial {
  public static let name = "ten-thousand"
  public static let claim =
    "One thread serves ten thousand busy connections, every reply right, at half the throughput of a "
    + "hundred or more."
  public static let story =
    "In 1999 it was asked whether a machine could serve ten thousand clients at once. Here one "
    + "event loop does, on the mechanisms that this machine has: every connection has one request "
    + "under way all the time, and every reply is checked."
  public static let seconds = 60

  /// Each backend with each number of connections.
  public struct Measured: Sendable {
    public var cells: [LoadCell]
  }

  public init() {}

  public func measure(_ laboratory: Laboratory) throws -> Measured {
    let sizes = laboratory.isQuick ? [100, 2000] : [100, 1000, 5000, 10_000, 15_000]
    let hasRing = Server.BackendName.auto.choice().backend == .ioUring
    var cells: [LoadCell] = []
    for size in sizes where laboratory.admits(size) {
      for model in [ServedModel.poll, .epoll] + (hasRing ? [.ioUring] : []) {
        let sample = try LoadCell.sample(
          model, size, seconds: laboratory.isQuick ? 0.5 : 2, laboratory)
        cells.append(LoadCell(model.rawValue, size, [sample]))
        laboratory.progress(
          "\(model.rawValue), \(Figures.grouped(size)): \(Figures.grouped(Int(sample.rate))) requests/s, "
            + "p99 \(Figures.brief(.seconds(sample.p99)))")
      }
    }
    return Measured(cells: cells)
  }

  public func findings(_ measured: Measured) -> Findings {
    let many = measured.cells.filter { $0.connections >= 10_000 }
    guard let best = many.filter({ $0.model != "poll" }).max(by: { $0.rate < $1.rate }),
      let few = measured.cells.filter({ $0.model == best.model })
        .min(by: { $0.connections < $1.connections })
    else {
      return Findings(
        .undecided(
          "fewer than 10,000 connections were measured; raise `ulimit -n`, leave out --quick"),
        pictures: pictures(measured, title: "Throughput by connections"),
        tables: [LoadCharts(cells: measured.cells).table])
    }
    let share = best.rate / max(few.rate, 1)
    let wrong = many.filter { $0.model == best.model }.map(\.failures).reduce(0, +)
    let count = Figures.grouped(best.connections)
    let reason =
      "\(best.model) answered \(Figures.grouped(Int(best.rate))) requests a second on \(count) "
      + "connections, \(Figures.fixed(share * 100, places: 0)) % of its "
      + "\(Figures.grouped(Int(few.rate))) on \(Figures.grouped(few.connections)); p99 "
      + "\(Figures.brief(.seconds(best.p99))), "
      + (wrong == 0 ? "nothing went wrong." : "\(Figures.grouped(wrong)) requests went wrong.")
    let title =
      "One thread answers \(Figures.grouped(Int(best.rate))) requests a second on \(count) connections"
    let charts = LoadCharts(cells: measured.cells)
    return Findings(
      Verdict(share >= 0.5 && wrong == 0, reason), pictures: pictures(measured, title: title),
      tables: [charts.table],
      notes: charts.notes + [
        "A closed loop: more connections wait longer for their turn, so p99 grows with them at the same "
          + "throughput. Memory is that of the server process with all connections standing."
      ])
  }

  private func pictures(_ measured: Measured, title: String) -> [NamedPicture] {
    let charts = LoadCharts(cells: measured.cells)
    let most = measured.cells.max { $0.connections < $1.connections }
    let memory = most.map { cell in
      "The server takes \(Figures.fixed(Double(cell.memory) / 0x1p20, places: 0)) MiB with "
        + "\(Figures.grouped(cell.connections)) connections"
        + (measured.cells.first { $0.model == cell.model }.map {
          ", \(Figures.fixed(Double($0.memory) / 0x1p20, places: 0)) with "
            + Figures.grouped($0.connections)
        } ?? "")
    }
    return [
      NamedPicture(TenThousand.name, charts.throughput(title)),
      NamedPicture(
        TenThousand.name + "-p99", charts.latency("Replies take longer as more wait for their turn")
      ),
      NamedPicture(TenThousand.name + "-memory", charts.memory(memory ?? "Memory by connections")),
    ]
  }
}
