/// Bytes that protocols of text name.
enum ASCII {
  static let tab: UInt8 = 0x09
  static let lf: UInt8 = 0x0A
  static let cr: UInt8 = 0x0D
  static let space: UInt8 = 0x20
  static let comma: UInt8 = 0x2C
  static let minus: UInt8 = 0x2D
  static let colon: UInt8 = 0x3A
  static let semicolon: UInt8 = 0x3B
  static let delete: UInt8 = 0x7F
}

extension UInt8 {
  /// What it counts as a decimal digit; nil for any other byte.
  var decimalDigit: Int? { self >= 0x30 && self <= 0x39 ? Int(self) - 0x30 : nil }

  /// What it counts as a hexadecimal digit of either case; nil for any other byte.
  var hexDigit: Int? {
    if let decimalDigit { return decimalDigit }
    let lower = self | 0x20
    return lower >= 0x61 && lower <= 0x66 ? Int(lower) - 0x61 + 10 : nil
  }
}
