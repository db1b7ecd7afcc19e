extension Int {
  /// A number as Redis' protocol and commands write it: decimal digits, a minus sign in front of one below zero,
  /// and nothing else: no plus sign, no blank, no zero in front. Nil for anything else, and for what does not fit
  /// into 64 bits.
  public init?(decimal text: Span<UInt8>) {
    let isNegative = text.count > 1 && text[0] == 0x2D
    let digits = text.extracting((isNegative ? 1 : 0)...)
    // Nineteen nines fit into 64 bits without a sign, so that nothing overflows below.
    guard (1...19).contains(digits.count) else { return nil }
    // Zero is "0" alone.
    if digits[0] == RESP.zero, text.count > 1 { return nil }
    var magnitude: UInt64 = 0
    for index in digits.indices {
      let digit = digits[index] &- RESP.zero
      guard digit < 10 else { return nil }
      magnitude = magnitude &* 10 &+ UInt64(digit)
    }
    guard magnitude <= UInt64(Int64.max) + (isNegative ? 1 : 0) else { return nil }
    self = Int(truncatingIfNeeded: isNegative ? 0 &- magnitude : magnitude)
  }
}

extension OutputSpan<UInt8> {
  /// Appends a number in decimal digits, at most ``RESPWriter/mostDigits`` bytes, for which there must be room.
  @inlinable
  public mutating func append(decimal value: Int) {
    if value >= 0, value < 10 { return append(RESP.zero &+ UInt8(truncatingIfNeeded: value)) }
    var digits = InlineArray<20, UInt8>(repeating: RESP.zero)
    var (rest, start) = (value.magnitude, 20)
    while rest > 0, start > 0 {
      let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
      start &-= 1
      digits[start] = RESP.zero &+ UInt8(truncatingIfNeeded: remainder)
      rest = quotient
    }
    if value < 0 { append(0x2D) }
    for index in start..<20 { append(digits[index]) }
  }
}

extension Int {
  /// How many bytes it has when it is written in decimal digits.
  var decimalCount: Int {
    var (count, rest) = (self < 0 ? 2 : 1, magnitude / 10)
    while rest > 0 { (count, rest) = (count + 1, rest / 10) }
    return count
  }
}
