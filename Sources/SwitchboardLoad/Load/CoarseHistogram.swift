/// A histogram of latencies with fewer places, as pictures need them: so many in each octave (from a power of two
/// nanoseconds to the next), of equal width.
package struct CoarseHistogram: Sendable, Hashable {
  /// Two to this power are the places of an octave.
  package let fineness: Int
  /// The places that something was counted at, from the shortest on, and how much.
  package private(set) var entries: [Entry] = []

  /// A place, and how many lengths of time fell there.
  package struct Entry: Sendable, Hashable {
    package let place: Int
    package internal(set) var count: Int
  }

  /// What a finer histogram holds.
  ///
  /// - Parameter fineness: From 0 to 10.
  package init(_ histogram: LatencyHistogram, fineness: Int) {
    self.fineness = fineness
    for entry in histogram.entries {
      let place = CoarseHistogram.place(of: entry.nanoseconds, fineness)
      if let last = entries.last, last.place == place {
        entries[entries.count - 1].count += entry.count
      } else {
        entries.append(Entry(place: place, count: entry.count))
      }
    }
  }

  /// How many lengths of time it holds.
  package var count: Int { entries.reduce(0) { $0 + $1.count } }

  /// The place of a length of time; of none, that of a nanosecond.
  package static func place(of nanoseconds: UInt64, _ fineness: Int) -> Int {
    let value = max(1, nanoseconds)
    let octave = UInt64.bitWidth - 1 - value.leadingZeroBitCount
    let places = UInt64(1) << UInt64(fineness)
    let scaled =
      octave >= fineness
      ? value >> UInt64(octave - fineness) : value << UInt64(fineness - octave)
    return octave << fineness + Int(truncatingIfNeeded: scaled & (places - 1))
  }

  /// Where a place begins, in nanoseconds: the end of the one before.
  package static func bound(_ place: Int, _ fineness: Int) -> Double {
    let places = Double(1 << fineness)
    let (octave, part) = (place >> fineness, place & (1 << fineness - 1))
    return Double(sign: .plus, exponent: octave, significand: 1 + Double(part) / places)
  }
}
