extension Span<UInt8> {
  /// The index of the first `byte` at or after `start`, or `count` if there is none.
  ///
  /// What C calls `memchr`. A last, partial vector or word is not read byte by byte but moved
  /// back to end where the span ends: what it then reads twice is known to hold no match.
  @inline(__always)
  func firstIndex(of byte: UInt8, from start: Int) -> Int {
    let length = count - start
    if length >= 16 { return firstIndexByVectors(of: byte, from: start) }
    if length >= 8 {
      let found = Word(self, at: start).firstMatch(byte)
      let last = count - 8
      return found < 8 ? start + found : last + Word(self, at: last).firstMatch(byte)
    }
    var i = start
    while i < count && self[i] != byte { i += 1 }
    return i
  }

  /// The same, where at least sixteen bytes are left.
  @inline(never)
  private func firstIndexByVectors(of byte: UInt8, from start: Int) -> Int {
    let last = count - 16
    var i = start
    // The first sixteen alone: in a stream of short messages the match is mostly among them.
    if Vector(self, at: i).matches(byte).isEmpty {
      i += 16
      while count - i >= Block.count && Block(self, at: i).matches(byte).isEmpty {
        i += Block.count
      }
      while i < last && Vector(self, at: i).matches(byte).isEmpty { i += 16 }
      i = Swift.min(i, last)
    }
    let found = Word(self, at: i).firstMatch(byte)
    return i + (found < 8 ? found : 8 + Word(self, at: i + 8).firstMatch(byte))
  }
}
