import Switchboard

/// How long things took: a count for each length of time, told apart to three digits, from a nanosecond
/// to an hour.
///
/// Lengths below 2,048 ns stand alone. Above that each octave (from a power of two to the next) has 1,024
/// places, as in HdrHistogram: a place is at most a thousandth of its lengths wide. Memory is
/// held for the octaves between the shortest and the longest that was met: 8 kB each, 272 kB at most.
///
/// Histograms add up without loss, so those of several threads, processes and machines do. Belongs to one
/// thread at a time.
public struct LatencyHistogram: Sendable, Hashable {
  /// How often each length was met, by its place from the first one on.
  private var counts: [UInt64] = []
  /// The place of the first count: the beginning of an octave.
  private var first = 0
  private var total: UInt64 = 0

  /// The longest time that is told from longer ones: an hour, in nanoseconds.
  public static let longest: UInt64 = 3_600_000_000_000

  /// The most lengths that one read from a file may hold: a million of these add up.
  static let most = 1 << 43

  /// Nothing yet.
  public init() {}

  /// Adds one length of time; more than ``longest`` counts as that.
  @inline(__always)
  public mutating func record(nanoseconds: UInt64) {
    add(1, at: LatencyHistogram.place(nanoseconds))
  }

  /// Adds the same length several times.
  public mutating func record(nanoseconds: UInt64, count: Int) {
    if count > 0 { add(UInt64(count), at: LatencyHistogram.place(nanoseconds)) }
  }

  @inline(__always)
  private mutating func add(_ count: UInt64, at place: Int) {
    if place < first || place >= first + counts.count { makeRoom(for: place...place) }
    counts[place - first] &+= count
    total &+= count
  }

  @inline(never)
  private mutating func makeRoom(for places: ClosedRange<Int>) {
    let size = LatencyHistogram.placesOfOctave
    let begin = places.lowerBound / size * size
    let end = (places.upperBound / size + 1) * size
    if counts.isEmpty { first = begin }
    if begin < first {
      counts.insert(contentsOf: repeatElement(0, count: first - begin), at: 0)
      first = begin
    }
    let missing = end - (first + counts.count)
    if missing > 0 { counts.append(contentsOf: repeatElement(0, count: missing)) }
  }

  /// Adds everything that another one holds.
  public mutating func merge(_ other: LatencyHistogram) {
    guard !other.isEmpty else { return }
    guard !isEmpty else {
      self = other
      return
    }
    makeRoom(for: other.first...other.first + other.counts.count - 1)
    let offset = other.first - first
    for index in other.counts.indices { counts[offset + index] &+= other.counts[index] }
    total &+= other.total
  }

  /// Forgets everything.
  public mutating func removeAll() { self = LatencyHistogram() }

  /// How many lengths it holds.
  public var count: Int { Int(clamping: total) }
  /// Whether it holds none.
  public var isEmpty: Bool { total == 0 }

  /// The length that so many percent of all do not exceed: `percentile(99.9)`. Zero if it is empty.
  public func percentile(_ percent: Double) -> Duration {
    // A trifle less than asked for: what is a whole number but for a rounding error is not the next one.
    let share = min(max(0, percent), 100).nextDown / 100
    let wanted = max(1, UInt64((share * Double(total)).rounded(.up)))
    var seen: UInt64 = 0
    for index in counts.indices {
      seen &+= counts[index]
      if seen >= wanted { return .nanoseconds(Int64(lengths(index).upperBound)) }
    }
    return longest
  }

  /// The average; zero if it is empty.
  public var mean: Duration { .nanoseconds(Int64(average)) }
  /// The standard deviation; zero if it is empty.
  public var deviation: Duration {
    let average = average
    let squares = sum { ($0 - average) * ($0 - average) }
    return .nanoseconds(Int64(squares.squareRoot()))
  }
  /// The shortest; zero if it is empty.
  public var shortest: Duration {
    let index = counts.firstIndex { $0 > 0 }
    return .nanoseconds(Int64(index.map { lengths($0).lowerBound } ?? 0))
  }
  /// The longest; zero if it is empty.
  public var longest: Duration {
    let index = counts.lastIndex { $0 > 0 }
    return .nanoseconds(Int64(index.map { lengths($0).upperBound } ?? 0))
  }

  /// Every length that it holds, in nanoseconds and from the shortest on, and how often.
  public var entries: [(nanoseconds: UInt64, count: Int)] {
    var entries: [(nanoseconds: UInt64, count: Int)] = []
    for index in counts.indices where counts[index] > 0 {
      entries.append((lengths(index).upperBound, Int(clamping: counts[index])))
    }
    return entries
  }

  private var average: Double { sum { $0 } }

  /// The sum over all lengths, each weighed by its share: the lengths themselves would not add up in 64
  /// bits, which do not hold what twenty minutes of an overload have waited.
  private func sum(_ value: (Double) -> Double) -> Double {
    var sum = 0.0
    for index in counts.indices where counts[index] > 0 {
      let range = lengths(index)
      let middle = range.lowerBound + (range.upperBound - range.lowerBound) / 2
      sum += value(Double(middle)) * (Double(counts[index]) / Double(total))
    }
    return sum
  }

  private func lengths(_ index: Int) -> ClosedRange<UInt64> {
    LatencyHistogram.lengths(first + index)
  }

  /// Whether two hold the same counts.
  public static func == (a: LatencyHistogram, b: LatencyHistogram) -> Bool {
    a.total == b.total && a.entries.elementsEqual(b.entries) { $0 == $1 }
  }
  /// By what it holds.
  public func hash(into hasher: inout Hasher) { hasher.combine(total) }
}

extension LatencyHistogram {
  /// Places of an octave: a place is as wide as its octave's 1,024th part.
  static let placesOfOctave = 1 << octaveBits
  private static let octaveBits = 10

  /// Where a length of time is counted. Lengths that need no more than eleven digits in base two are their
  /// own places; of longer ones the first eleven count.
  @inline(__always)
  static func place(_ nanoseconds: UInt64) -> Int {
    let value = min(nanoseconds, longest)
    let octave = max(0, UInt64.bitWidth - value.leadingZeroBitCount - octaveBits - 1)
    return octave << octaveBits + Int(truncatingIfNeeded: value >> UInt64(octave))
  }

  /// The lengths that are counted at a place.
  static func lengths(_ place: Int) -> ClosedRange<UInt64> {
    let octave = max(0, place >> octaveBits - 1)
    let first = UInt64(place - octave << octaveBits) << UInt64(octave)
    return first...first + (1 << UInt64(octave)) - 1
  }
}

extension LatencyHistogram: Codable {
  /// A list of pairs, nanoseconds and count: what one needs to add it to another one exactly.
  public func encode(to encoder: any Encoder) throws {
    var list = encoder.unkeyedContainer()
    for entry in entries {
      try list.encode(entry.nanoseconds)
      try list.encode(entry.count)
    }
  }

  /// Reads the list of pairs.
  public init(from decoder: any Decoder) throws {
    self.init()
    var list = try decoder.unkeyedContainer()
    while !list.isAtEnd {
      let nanoseconds = try list.decode(UInt64.self)
      let count = try list.decode(Int.self)
      guard (0...LatencyHistogram.most).contains(count), self.count + count <= LatencyHistogram.most
      else {
        throw DecodingError.dataCorruptedError(
          in: list, debugDescription: "no run has such a count")
      }
      record(nanoseconds: nanoseconds, count: count)
    }
  }
}
