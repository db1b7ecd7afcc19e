/// Members with a score each, in the order of scores, and of their bytes where these are equal.
///
/// The order is kept in runs of at most 512 members. To find a place is two binary searches, to insert there moves
/// at most a run; a rank is found by going along the runs.
final class SortedSet {
  struct Item {
    let score: Double
    let member: [UInt8]

    func precedes(_ other: Item) -> Bool {
      score != other.score ? score < other.score : member.lexicographicallyPrecedes(other.member)
    }
  }

  private var scores = ByteTable<Double>()
  private var runs: [[Item]] = []
  private var content = 0
  private let seed: HashSeed

  private static let longestRun = 512

  init(_ seed: HashSeed) { self.seed = seed }

  var count: Int { scores.count }
  var footprint: Int {
    content + scores.structure + count * MemoryLayout<Item>.stride * 2
      + runs.count * MemoryLayout<[Item]>.stride
  }

  func score(_ member: Span<UInt8>) -> Double? {
    scores.find(member, seed.hash(member)).map { scores[$0] }
  }

  /// Gives a member a score, which is a number. It may be there already.
  func set(_ member: Span<UInt8>, to score: Double) {
    let hash = seed.hash(member)
    if let place = scores.find(member, hash) {
      guard scores[place] != score else { return }
      let own = scores.key(at: place)
      take(Item(score: scores[place], member: own))
      scores[place] = score
      put(Item(score: score, member: own))
    } else {
      let own = Array(copying: member)
      content += own.heapSize
      scores.insert(own, score, hash)
      put(Item(score: score, member: own))
    }
  }

  /// Removes a member; false when it was not there.
  func remove(_ member: Span<UInt8>) -> Bool {
    guard let place = scores.find(member, seed.hash(member)) else { return false }
    let own = scores.key(at: place)
    take(Item(score: scores[place], member: own))
    scores.remove(place)
    content -= own.heapSize
    return true
  }

  /// Takes the first or the last member; nil when there is none.
  func pop(first: Bool) -> Item? {
    guard let item = first ? runs.first?.first : runs.last?.last else { return nil }
    _ = remove(item.member.span)
    return item
  }

  /// The members of such ranks, from 0 on.
  func visit(_ ranks: Range<Int>, _ body: (Item) -> Void) {
    var before = 0
    for run in runs {
      guard before < ranks.upperBound else { return }
      let part = ranks.clamped(to: before..<(before + run.count))
      for rank in part { body(run[rank - before]) }
      before += run.count
    }
  }

  // ----------------------------------------------------------------------------------- order

  /// The first index at which something does not precede the item.
  private static func place(of item: Item, in count: Int, _ at: (Int) -> Item) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if at(middle).precedes(item) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The run in which the item is, or belongs.
  private func run(of item: Item) -> Int {
    // The first run whose last item does not precede it; behind all, the last one.
    min(Self.place(of: item, in: runs.count) { runs[$0][runs[$0].count - 1] }, runs.count - 1)
  }

  private func put(_ item: Item) {
    guard !runs.isEmpty else {
      runs = [[item]]
      return
    }
    let number = run(of: item)
    let index = Self.place(of: item, in: runs[number].count) { runs[number][$0] }
    runs[number].insert(item, at: index)
    guard runs[number].count > Self.longestRun else { return }
    let half = Self.longestRun / 2
    let upper = Array(runs[number][half...])
    runs[number].removeLast(runs[number].count - half)
    runs.insert(upper, at: number + 1)
  }

  private func take(_ item: Item) {
    let number = run(of: item)
    let index = Self.place(of: item, in: runs[number].count) { runs[number][$0] }
    runs[number].remove(at: index)
    if runs[number].isEmpty { runs.remove(at: number) }
  }
}
