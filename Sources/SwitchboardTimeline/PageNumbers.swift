import Switchboard

/// Numbers as a page's script reads them: seven bits a byte, the lowest first, the eighth where more come
/// (LEB128); as text in base64. Times are nanoseconds.
struct PageNumbers {
  private(set) var bytes: [UInt8] = []

  /// Adds a number.
  mutating func add(_ value: UInt64) {
    var rest = value
    while rest > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// Adds a number that may be negative: doubled, and one less than that below zero.
  mutating func add(signed value: Int64) {
    add(UInt64(bitPattern: value << 1 ^ value >> 63))
  }

  /// Adds the time between two moments, negative where the second is the earlier one.
  mutating func add(from: Instant, to: Instant) {
    add(signed: Int64(truncatingIfNeeded: to.nanoseconds &- from.nanoseconds))
  }

  /// Adds a column of numbers.
  mutating func add(_ column: some Sequence<UInt64>) {
    for value in column { add(value) }
  }

  /// Adds a column of moments, each as the time after the one before.
  mutating func add(_ moments: some Sequence<Instant>, since zero: Instant) {
    var last = zero
    for moment in moments {
      add(from: last, to: moment)
      last = moment
    }
  }

  /// RFC 4648, 4.
  var base64: String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var place = 0
    while place < bytes.count {
      let left = bytes.count - place
      let bits =
        UInt32(bytes[place]) << 16 | (left > 1 ? UInt32(bytes[place + 1]) << 8 : 0)
        | (left > 2 ? UInt32(bytes[place + 2]) : 0)
      text.append(alphabet[Int(bits >> 18)])
      text.append(alphabet[Int(bits >> 12 & 63)])
      text.append(left > 1 ? alphabet[Int(bits >> 6 & 63)] : UInt8(ascii: "="))
      text.append(left > 2 ? alphabet[Int(bits & 63)] : UInt8(ascii: "="))
      place += 3
    }
    return String(decoding: text, as: UTF8.self)
  }
}
