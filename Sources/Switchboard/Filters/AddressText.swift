/// Reads addresses and numbers as they are written, without the system, and strictly: what could be taken for
/// two different addresses is none.
enum AddressText {
  private static let longestV4 = 15
  private static let longestV6 = 45
  private static let longestDecimal = 5

  /// A number without a sign and without zeroes before it.
  static func decimal(_ text: Span<UInt8>, most: Int) -> Int? {
    guard (1...longestDecimal).contains(text.count) else { return nil }
    if text[0] == UInt8(ascii: "0"), text.count > 1 { return nil }
    var value = 0
    for index in text.indices {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[index]) else { return nil }
      value = 10 * value + Int(text[index] - UInt8(ascii: "0"))
    }
    return value <= most ? value : nil
  }

  /// Four numbers from 0 to 255 with dots between.
  static func v4(_ text: Span<UInt8>) -> UInt64? {
    guard text.count <= longestV4 else { return nil }
    var (value, start, parts) = (UInt64(0), 0, 0)
    for index in 0...text.count {
      guard index == text.count || text[index] == UInt8(ascii: ".") else { continue }
      guard let part = decimal(text.extracting(start..<index), most: 255) else { return nil }
      (value, start, parts) = (value << 8 | UInt64(part), index + 1, parts + 1)
    }
    return parts == 4 ? value : nil
  }

  /// An address of RFC 4291, 2.2: groups of up to four hexadecimal digits, one run of zero groups left out
  /// perhaps, and the last two groups perhaps as an IPv4 address.
  static func v6(_ text: Span<UInt8>) -> (high: UInt64, low: UInt64)? {
    guard (2...longestV6).contains(text.count) else { return nil }
    var groups = V6Groups()
    var place = 0
    if text[0] == UInt8(ascii: ":") {
      guard text[1] == UInt8(ascii: ":") else { return nil }
      groups.leaveOut()
      place = 2
    }
    while place < text.count {
      let end = colon(in: text, from: place) ?? text.count
      guard groups.add(text.extracting(place..<end), isLast: end == text.count) else { return nil }
      if end == text.count { break }
      place = end + 1
      guard place < text.count else { return nil }
      guard text[place] == UInt8(ascii: ":") else { continue }
      guard groups.leaveOut() else { return nil }
      place += 1
    }
    return groups.value
  }

  private static func colon(in text: Span<UInt8>, from start: Int) -> Int? {
    for index in start..<text.count where text[index] == UInt8(ascii: ":") { return index }
    return nil
  }

  /// The address of a text, and how many bits it has; without a port.
  static func address(_ text: Span<UInt8>) -> SocketAddress? {
    if let low = v4(text) { return SocketAddress(family: .v4, low: low, port: 0) }
    guard let (high, low) = v6(text) else { return nil }
    return SocketAddress(family: .v6, high: high, low: low, port: 0)
  }
}

/// The groups of an IPv6 address, as they are read.
private struct V6Groups {
  private static let most = 8
  private var groups = [8 of UInt16](repeating: 0)
  private var count = 0
  /// How many come before those that are left out.
  private var gap: Int?

  /// Here some are left out: false where that was before.
  @discardableResult
  mutating func leaveOut() -> Bool {
    guard gap == nil else { return false }
    gap = count
    return true
  }

  /// Whether that is a group, or two.
  mutating func add(_ text: Span<UInt8>, isLast: Bool) -> Bool {
    if isLast, count <= V6Groups.most - 2, let low = AddressText.v4(text) {
      append(UInt16(truncatingIfNeeded: low >> 16))
      append(UInt16(truncatingIfNeeded: low))
      return true
    }
    guard count < V6Groups.most, (1...4).contains(text.count) else { return false }
    var value = UInt16(0)
    for index in text.indices {
      guard let digit = hexadecimal(text[index]) else { return false }
      value = value << 4 | digit
    }
    append(value)
    return true
  }

  private mutating func append(_ group: UInt16) {
    groups[count] = group
    count += 1
  }

  private func hexadecimal(_ byte: UInt8) -> UInt16? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a")) + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A")) + 10
    default: nil
    }
  }

  /// All eight; nil where there are fewer, and none are left out, or as many and some are.
  var value: (high: UInt64, low: UInt64)? {
    if gap == nil ? count != V6Groups.most : count >= V6Groups.most { return nil }
    let before = gap ?? count
    var halves = [2 of UInt64](repeating: 0)
    for place in 0..<V6Groups.most {
      let behind = place - (V6Groups.most - (count - before))
      let group = place < before ? groups[place] : behind >= 0 ? groups[before + behind] : 0
      halves[place / 4] = halves[place / 4] << 16 | UInt64(group)
    }
    return (halves[0], halves[1])
  }
}
