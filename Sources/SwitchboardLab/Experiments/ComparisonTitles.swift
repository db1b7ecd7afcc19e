import SwitchboardBase

/// What the pictures of a comparison say at their heads: who is first, where the rounds can tell.
struct ComparisonTitles {
  private let cells: [LoadCell]
  private let rounds: Int

  /// - Parameter cells: All ways to serve with the most connections; at least one.
  init(_ cells: [LoadCell], rounds: Int) { (self.cells, self.rounds) = (cells, rounds) }

  private var count: String {
    let most = cells.first?.connections ?? 0
    return most == 1 ? "one connection" : "\(Figures.grouped(most)) connections"
  }

  var throughput: String {
    let leaders = leaders(by: \.rate, \.rates, mostFirst: true)
    let rate = "\(Figures.grouped(Figures.whole(leaders[0].rate))) requests a second"
    if leaders.contains(where: \.isLimitedByGenerator) {
      return "With \(count), the load generator is the limit: \(rate) from \(names(leaders))"
    }
    guard leaders.count > 1 else {
      return "With \(count), \(leaders[0].model) answers most: \(rate)"
    }
    return "With \(count), \(names(leaders)) answer most, up to \(rate); who more, these rounds do "
      + "not tell"
  }

  var latency: String {
    let leaders = leaders(by: \.p99, \.p99s, mostFirst: false)
    return
      "With \(count), 99 of 100 replies come within \(Figures.brief(.seconds(leaders[0].p99))) from "
      + names(leaders)
  }

  var memory: String {
    let sorted = cells.sorted { $0.memory < $1.memory }
    let (leanest, largest) = (sorted[0], sorted[sorted.count - 1])
    func mebibytes(_ cell: LoadCell) -> String {
      "\(Figures.fixed(Double(cell.memory) / 0x1p20, places: 0)) MiB with \(cell.model)"
    }
    let text = "\(count) take \(mebibytes(leanest))"
    let whole = leanest.model == largest.model ? text : text + ", \(mebibytes(largest))"
    return whole.prefix(1).uppercased() + whole.dropFirst()
  }

  /// One round has no range: a tenth is what runs differ by.
  private static let unknownNoise = 0.1

  /// The best, and those whose ranges overlap with its own, best first.
  func leaders(
    by median: (LoadCell) -> Double, _ range: (LoadCell) -> ClosedRange<Double>, mostFirst: Bool
  ) -> [LoadCell] {
    func wide(_ cell: LoadCell) -> ClosedRange<Double> {
      let found = range(cell)
      guard rounds < 2 else { return found }
      let noise = ComparisonTitles.unknownNoise
      return found.lowerBound * (1 - noise)...found.upperBound * (1 + noise)
    }
    let sorted = cells.sorted { mostFirst ? median($0) > median($1) : median($0) < median($1) }
    let best = wide(sorted[0])
    return sorted.filter { wide($0).overlaps(best) }
  }

  private func names(_ cells: [LoadCell]) -> String {
    let names = cells.map(\.model)
    guard let last = names.last, names.count > 1 else { return names.first ?? "" }
    return names.dropLast().joined(separator: ", ") + " and " + last
  }
}
