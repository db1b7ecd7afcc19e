extension Span<UInt8> {
  /// Whether a text is one that this pattern means: `*` any bytes, `?` any byte, `[a-z]` and `[^ab]` one of some, a
  /// backslash before what is to be meant as it is.
  ///
  /// Costs at most as many steps as the product of both lengths.
  func fits(_ text: Span<UInt8>) -> Bool {
    var (place, read) = (0, 0)
    // Where to go on when the last star has to take a byte more.
    var star: (behind: Int, read: Int)?
    while read < text.count {
      if place < count, self[place] == UInt8(ascii: "*") {
        place += 1
        star = (place, read)
      } else if let behind = behindOne(place, fitting: text[read]) {
        (place, read) = (behind, read + 1)
      } else if let last = star {
        (place, read) = (last.behind, last.read + 1)
        star = (last.behind, read)
      } else {
        return false
      }
    }
    while place < count, self[place] == UInt8(ascii: "*") { place += 1 }
    return place == count
  }

  /// The index behind the part of the pattern at `place` that means one byte; nil where that does not fit.
  private func behindOne(_ place: Int, fitting byte: UInt8) -> Int? {
    guard place < count else { return nil }
    switch self[place] {
    case UInt8(ascii: "?"): return place + 1
    case UInt8(ascii: "["): return behindChoice(place + 1, fitting: byte)
    case UInt8(ascii: "\\") where place + 1 < count:
      return self[place + 1] == byte ? place + 2 : nil
    case let own: return own == byte ? place + 1 : nil
    }
  }

  private func behindChoice(_ start: Int, fitting byte: UInt8) -> Int? {
    var place = start
    let isInverted = place < count && self[place] == UInt8(ascii: "^")
    if isInverted { place += 1 }
    var isIn = false
    while place < count, self[place] != UInt8(ascii: "]") {
      if self[place] == UInt8(ascii: "\\"), place + 1 < count { place += 1 }
      var (low, high) = (self[place], self[place])
      if place + 2 < count, self[place + 1] == UInt8(ascii: "-") {
        high = self[place + 2]
        place += 2
      }
      if low > high { swap(&low, &high) }
      if low...high ~= byte { isIn = true }
      place += 1
    }
    // What is not closed ends with the pattern.
    return isIn != isInverted ? Swift.min(place + 1, count) : nil
  }
}
