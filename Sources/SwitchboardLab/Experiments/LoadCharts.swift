import SwitchboardBase
import SwitchboardReport

/// The pictures and the table that runs under load share.
struct LoadCharts {
  let cells: [LoadCell]

  private var models: [String] {
    var names: [String] = []
    for cell in cells where !names.contains(cell.model) { names.append(cell.model) }
    return names
  }

  private func series(
    _ value: (LoadCell) -> LineChart.Point
  ) -> [LineChart.Series] {
    models.map { name in
      LineChart.Series(name, .of(name), cells.filter { $0.model == name }.map(value))
    }
  }

  /// What the connections do: `each with one request under way`.
  var load = "each with one request under way"

  private var across: Axis { Axis("connections, \(load)", scale: .logarithmic) }

  func serverTime(_ title: String) -> LineChart {
    LineChart(
      title: title, x: across,
      y: Axis(
        "processor time of the server for a request", unit: .duration, scale: .logarithmic),
      series: series {
        .init(
          Double($0.connections), $0.serverTime / 1e6, from: $0.serverTimes.lowerBound / 1e6,
          to: $0.serverTimes.upperBound / 1e6)
      })
  }

  func throughput(_ title: String) -> LineChart {
    LineChart(
      title: title, x: across, y: Axis("requests in a second", scale: .logarithmic),
      series: series {
        .init(Double($0.connections), $0.rate, from: $0.rates.lowerBound, to: $0.rates.upperBound)
      })
  }

  func latency(_ title: String) -> LineChart {
    LineChart(
      title: title, x: across,
      y: Axis("99 of 100 replies came within", unit: .duration, scale: .logarithmic),
      series: series {
        .init(Double($0.connections), $0.p99, from: $0.p99s.lowerBound, to: $0.p99s.upperBound)
      })
  }

  func memory(_ title: String) -> LineChart {
    LineChart(
      title: title, x: across, y: Axis("memory of the server", unit: .bytes, scale: .logarithmic),
      series: series { .init(Double($0.connections), Double($0.memory)) })
  }

  var table: Table {
    let rows = cells.map { cell in
      [
        cell.model, Figures.grouped(cell.connections), Figures.grouped(Int(cell.rate)),
        Figures.brief(.seconds(cell.p50)), Figures.brief(.seconds(cell.p99)),
        Figures.fixed(Double(cell.memory) / 0x1p20, places: 1) + " MiB",
        Figures.fixed(cell.serverTime, places: 1) + " µs", Figures.grouped(cell.failures),
      ]
    }
    return Table(
      "Under load",
      ["", "clients", "requests/s", "p50", "p99", "memory", "CPU", "failures"], rows)
  }

  /// What has to be said of the columns, of what went wrong, and of the instrument.
  var notes: [String] {
    ["CPU is the server's processor time for each request."] + failureNotes + limitNotes
  }

  private var failureNotes: [String] {
    let failed = cells.filter { $0.failures > 0 }
    guard !failed.isEmpty else { return [] }
    let each = failed.map { cell in
      let kinds = cell.failed.kinds.map { "\($0.meaning) (\(Figures.grouped(cell.failed[$0])))" }
      return "\(cell.model) at \(Figures.grouped(cell.connections)): "
        + kinds.joined(separator: ", ")
    }
    var notes = ["What failed: " + each.joined(separator: "; ") + "."]
    if failed.contains(where: { $0.model == "threads" }) {
      notes.append(
        "A thread takes two descriptors, its client's and one to be woken by: beyond half of what a "
          + "process may hold (`ulimit -n`) clients wait.")
    }
    return notes
  }

  private var limitNotes: [String] {
    let limited = cells.filter(\.isLimitedByGenerator)
    guard !limited.isEmpty else { return [] }
    let names = limited.map { "\($0.model) at \(Figures.grouped($0.connections))" }
    let shown =
      names.count > 4 ? "\(names.count) of \(cells.count) runs" : names.joined(separator: ", ")
    return [
      "The load generator had no processor time to spare in \(shown): the server could perhaps do more."
    ]
  }
}
