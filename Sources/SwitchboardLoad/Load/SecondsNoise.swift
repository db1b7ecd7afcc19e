import SwitchboardBase

/// How much the figures of a run would move if its seconds had been others: the bootstrap over its seconds.
///
/// So many seconds are drawn from those that were measured, with repetition, and what they come to together is
/// looked at; again and again. Requests of one second share its troubles, so seconds are drawn and not requests. Of
/// more than ``mostBlocks`` seconds those that follow each other are drawn together. The draws are a seed's: the
/// same result has the same noise, always and everywhere.
struct SecondsNoise: Sendable {
  /// A second, or several that follow each other.
  private struct Block {
    var seconds = 0.0
    var requests = 0.0
    var entries: [(place: Int, count: Double)] = []
  }

  /// Fewer seconds than this tell nothing of what seconds differ by.
  static let fewest = 3
  static let mostBlocks = 60
  /// How often is drawn.
  static let draws = 300
  /// The places of an octave are two to this power: 0.8 %, and what lies between is on a straight line.
  private static let fineness = 7

  private let blocks: [Block]
  /// How many places there are, and where each begins, in nanoseconds.
  private let bounds: [(from: Double, to: Double)]

  /// The noise of a result; nil where it has too few measured seconds, or nothing came in them.
  init?(_ result: LoadResult) {
    let seconds = result.series.filter { $0.isMeasured && $0.seconds > 0 }
    guard seconds.count >= SecondsNoise.fewest else { return nil }
    let coarse = seconds.map { CoarseHistogram($0.latency, fineness: SecondsNoise.fineness) }
    let places = Set(coarse.flatMap { $0.entries.map(\.place) }).sorted()
    guard !places.isEmpty else { return nil }
    let numbers = Dictionary(uniqueKeysWithValues: places.enumerated().map { ($1, $0) })
    bounds = places.map { place in
      (
        CoarseHistogram.bound(place, SecondsNoise.fineness),
        CoarseHistogram.bound(place + 1, SecondsNoise.fineness)
      )
    }
    let size = (seconds.count + SecondsNoise.mostBlocks - 1) / SecondsNoise.mostBlocks
    var blocks: [Block] = []
    for (index, second) in seconds.enumerated() {
      if index % size == 0 { blocks.append(Block()) }
      var block = blocks.removeLast()
      block.seconds += second.seconds
      block.requests += Double(second.requests)
      block.entries += coarse[index].entries.map { (numbers[$0.place] ?? 0, Double($0.count)) }
      blocks.append(block)
    }
    self.blocks = blocks
  }

  /// What one draw came to.
  struct Figures: Sendable {
    /// Requests a second.
    var rate: Double
    /// The lengths of time that the shares asked for do not exceed, in nanoseconds.
    var times: [Double]
  }

  /// What the seconds come to as they were.
  func measured(_ shares: [Double]) -> Figures {
    figures([Double](repeating: 1, count: blocks.count), shares)
  }

  /// What they come to in each draw.
  ///
  /// - Parameter shares: From the least on.
  func drawn(_ shares: [Double], seed: UInt64) -> [Figures] {
    var chance = Chance(seed: seed)
    return (0..<SecondsNoise.draws).map { _ in
      var weights = [Double](repeating: 0, count: blocks.count)
      for _ in blocks { weights[Int.random(in: blocks.indices, using: &chance)] += 1 }
      return figures(weights, shares)
    }
  }

  private func figures(_ weights: [Double], _ shares: [Double]) -> Figures {
    var sums = [Double](repeating: 0, count: bounds.count)
    var (seconds, requests) = (0.0, 0.0)
    for (block, weight) in zip(blocks, weights) where weight > 0 {
      seconds += weight * block.seconds
      requests += weight * block.requests
      for entry in block.entries { sums[entry.place] += weight * entry.count }
    }
    return Figures(rate: seconds > 0 ? requests / seconds : 0, times: times(sums, shares))
  }

  private func times(_ sums: [Double], _ shares: [Double]) -> [Double] {
    let all = sums.reduce(0, +)
    var (place, before) = (0, 0.0)
    return shares.map { share in
      let wanted = share * all
      while place < sums.count - 1, before + sums[place] < wanted {
        before += sums[place]
        place += 1
      }
      let part = sums[place] > 0 ? min(1, max(0, (wanted - before) / sums[place])) : 1
      return bounds[place].from + part * (bounds[place].to - bounds[place].from)
    }
  }
}
