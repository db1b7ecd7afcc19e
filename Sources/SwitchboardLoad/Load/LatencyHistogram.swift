internal import Histogram
import Switchboard

/// How long things took: a count for each length of time, exact to three digits from a nanosecond
/// to an hour, in memory that does not grow.
///
/// Histograms of the same kind add up without loss, so those of several threads, processes and
/// machines do. Belongs to one thread at a time.
public struct LatencyHistogram: Sendable, Hashable {
  private var counts: Histogram<UInt64>

  /// The longest time that is told from longer ones: an hour, in nanoseconds.
  public static let longest: UInt64 = 3_600_000_000_000

  /// The most lengths that one read from a file may hold: a million of these add up.
  static let most = 1 << 43

  /// Nothing yet.
  public init() {
    counts = Histogram(
      highestTrackableValue: LatencyHistogram.longest, numberOfSignificantValueDigits: .three)
  }

  /// Adds one length of time; more than ``longest`` counts as that.
  @inline(__always)
  public mutating func record(nanoseconds: UInt64) {
    counts.record(min(nanoseconds, LatencyHistogram.longest))
  }

  /// Adds the same length several times.
  public mutating func record(nanoseconds: UInt64, count: Int) {
    guard count > 0 else { return }
    counts.record(min(nanoseconds, LatencyHistogram.longest), count: UInt64(count))
  }

  /// Adds everything that another one holds.
  public mutating func merge(_ other: LatencyHistogram) {
    if !other.isEmpty { counts.add(other.counts) }
  }

  /// Forgets everything.
  public mutating func removeAll() { counts.reset() }

  /// How many lengths it holds.
  public var count: Int { Int(clamping: counts.totalCount) }
  /// Whether it holds none.
  public var isEmpty: Bool { counts.totalCount == 0 }

  /// The length that so many percent of all do not exceed: `percentile(99.9)`. Zero if it is empty.
  public func percentile(_ percent: Double) -> Duration {
    .nanoseconds(isEmpty ? 0 : Int64(clamping: counts.valueAtPercentile(percent)))
  }
  /// The average; zero if it is empty.
  public var mean: Duration { .nanoseconds(isEmpty ? 0 : Int64(average)) }
  /// The standard deviation; zero if it is empty.
  public var deviation: Duration {
    guard !isEmpty else { return .zero }
    let (average, all) = (average, Double(counts.totalCount))
    var squares = 0.0
    each { value, count in
      let distance = Double(counts.medianEquivalentForValue(value)) - average
      squares += distance * distance * (Double(count) / all)
    }
    return .nanoseconds(Int64(squares.squareRoot()))
  }
  /// The shortest; zero if it is empty.
  public var shortest: Duration { .nanoseconds(isEmpty ? 0 : Int64(clamping: counts.min)) }
  /// The longest; zero if it is empty.
  public var longest: Duration { .nanoseconds(isEmpty ? 0 : Int64(clamping: counts.max)) }

  /// Every length that it holds, in nanoseconds and from the shortest on, and how often.
  public var entries: [(nanoseconds: UInt64, count: Int)] {
    var entries: [(nanoseconds: UInt64, count: Int)] = []
    each { entries.append(($0, Int(clamping: $1))) }
    return entries
  }

  private var average: Double {
    let all = Double(counts.totalCount)
    var average = 0.0
    each { value, count in
      average += Double(counts.medianEquivalentForValue(value)) * (Double(count) / all)
    }
    return average
  }

  /// Every length that it holds. Not by the iterators of the package: they add up all lengths in 64 bits,
  /// which do not hold what twenty minutes of an overload have waited.
  private func each(_ body: (_ value: UInt64, _ count: UInt64) -> Void) {
    guard !isEmpty else { return }
    let last = counts.max
    var value = counts.min
    while value <= last {
      let count = counts.countForValue(value)
      if count > 0 { body(counts.highestEquivalentForValue(value), count) }
      value = counts.nextNonEquivalentForValue(value)
    }
  }

  /// Whether two hold the same counts.
  public static func == (a: LatencyHistogram, b: LatencyHistogram) -> Bool {
    a.count == b.count && a.entries.elementsEqual(b.entries) { $0 == $1 }
  }
  /// By what it holds.
  public func hash(into hasher: inout Hasher) { hasher.combine(counts.totalCount) }
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
