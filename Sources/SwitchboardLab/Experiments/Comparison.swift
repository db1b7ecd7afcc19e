import Switchboard
import SwitchboardBase
import SwitchboardReport

/// All ways to serve, side by side: throughput, latency and memory against connections.
public struct Comparison: Sendable {
  public var models: [ServedModel]
  public var connections: [Int]
  /// How often each is measured; the rounds are interleaved, so that a disturbance meets all.
  public var rounds: Int
  /// Of each measurement.
  public var seconds: Double

  /// A comparison.
  public init(models: [ServedModel], connections: [Int], rounds: Int = 3, seconds: Double = 2) {
    (self.models, self.connections) = (models, connections)
    (self.rounds, self.seconds) = (rounds, seconds)
  }

  /// What was measured, and what could not be.
  public struct Measured: Sendable {
    public var cells: [LoadCell]
    /// One line for each that could not be measured, with the reason.
    public var omissions: [String]
    public var rounds: Int
  }

  /// About how long it takes, in seconds.
  public var estimate: Double {
    let pairs = models.reduce(0) { sum, model in
      sum + connections.count { $0 <= model.most ?? .max }
    }
    return Double(pairs * rounds) * (seconds + 1.2)
  }

  /// Measures. What fails is left out, with its reason, and the rest goes on.
  public func measure(_ laboratory: Laboratory) -> Measured {
    var samples: [[LoadCell.Repetition]] = Array(
      repeating: [], count: models.count * connections.count)
    var omissions: [String] = []
    let ringAbsence = Server.BackendName.auto.choice().reason
    var absent = Set<Int>()
    for round in 0..<rounds {
      for (row, size) in connections.enumerated() {
        for (column, model) in models.enumerated() {
          let place = row * models.count + column
          guard !absent.contains(place) else { continue }
          if let reason = omission(model, size, ringAbsence, laboratory) {
            absent.insert(place)
            omissions.append(reason)
            continue
          }
          do {
            let sample = try LoadCell.Repetition(model, size, seconds: seconds, laboratory)
            samples[place].append(sample)
            tell(round, model, size, sample, laboratory)
          } catch {
            absent.insert(place)
            omissions.append("\(model.rawValue) at \(Figures.grouped(size)): \(error)")
          }
        }
      }
    }
    var cells: [LoadCell] = []
    for (column, model) in models.enumerated() {
      for (row, size) in connections.enumerated() {
        let found = samples[row * models.count + column]
        if !found.isEmpty { cells.append(LoadCell(model.rawValue, size, found)) }
      }
    }
    return Measured(cells: cells, omissions: unique(omissions), rounds: rounds)
  }

  private func tell(
    _ round: Int, _ model: ServedModel, _ size: Int, _ sample: LoadCell.Repetition,
    _ laboratory: Laboratory
  ) {
    laboratory.progress(
      "round \(round + 1) of \(rounds): \(model.rawValue), \(Figures.counted(size, "connection")): "
        + "\(Figures.grouped(Int(sample.rate))) requests/s, p99 \(Figures.brief(.seconds(sample.p99)))"
    )
  }

  private func omission(
    _ model: ServedModel, _ size: Int, _ ringAbsence: String?, _ laboratory: Laboratory
  ) -> String? {
    if model == .ioUring, let ringAbsence { return "io_uring: \(ringAbsence)" }
    if let most = model.most, size > most {
      return "\(model.rawValue) beyond \(Figures.grouped(most)): \(model.bound)"
    }
    if !laboratory.admits(size) {
      return "\(Figures.grouped(size)) connections: a process may hold too few descriptors here "
        + "(`ulimit -n`)"
    }
    return nil
  }

  private func unique(_ lines: [String]) -> [String] {
    var found: [String] = []
    for line in lines where !found.contains(line) { found.append(line) }
    return found
  }

  /// Pictures, a table and notes. A comparison has no claim, so there is no verdict.
  public func findings(_ measured: Measured) -> Findings {
    let charts = LoadCharts(cells: measured.cells)
    let most = measured.cells.map(\.connections).max() ?? 0
    let there = measured.cells.filter { $0.connections == most }
    let omissions = measured.omissions.map { "Left out: \($0)." }
    guard !there.isEmpty else { return Findings(nil, notes: ["Nothing was measured."] + omissions) }
    let titles = ComparisonTitles(there, rounds: measured.rounds)
    let pictures = [
      NamedPicture("compare-throughput", charts.throughput(titles.throughput)),
      NamedPicture("compare-p99", charts.latency(titles.latency)),
      NamedPicture("compare-memory", charts.memory(titles.memory)),
    ]
    let repeated =
      measured.rounds == 1
      ? "Each was measured once, so differences of a tenth may be noise."
      : "Medians of \(measured.rounds) interleaved rounds; bands are from the least to the most."
    return Findings(
      nil, pictures: pictures, tables: [charts.table],
      notes: [repeated] + charts.notes + omissions)
  }
}
