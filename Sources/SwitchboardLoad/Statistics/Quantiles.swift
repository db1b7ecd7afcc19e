/// Some values, and what describes them: the one place where medians are taken.
public struct Sample: Hashable, Sendable {
  /// From the least to the most.
  public let sorted: [Double]

  /// Some values; what is no number is left out.
  public init(_ values: some Sequence<Double>) { sorted = values.filter { !$0.isNaN }.sorted() }

  /// How many there are.
  public var count: Int { sorted.count }
  /// The least; nil of none.
  public var least: Double? { sorted.first }
  /// The most; nil of none.
  public var most: Double? { sorted.last }
  /// Half are no more than it: the middle one, or the mean of the two in the middle. Nil of none.
  public var median: Double? { quantile(0.5) }

  /// The value that a share of all does not exceed, between two values on the straight line between them
  /// (type 7 of Hyndman and Fan, as R and NumPy have it). Nil of none.
  ///
  /// - Parameter share: From 0 to 1; others are taken for the nearer of the two.
  public func quantile(_ share: Double) -> Double? {
    guard let last = sorted.last else { return nil }
    let place = max(0, min(1, share)) * Double(sorted.count - 1)
    let below = Int(place)
    guard below + 1 < sorted.count else { return last }
    let (low, high) = (sorted[below], sorted[below + 1])
    // Neither of two infinities has a middle.
    return low == high ? low : low + (high - low) * (place - Double(below))
  }
}
