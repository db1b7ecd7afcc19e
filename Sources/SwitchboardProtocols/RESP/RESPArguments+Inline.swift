/// Inline commands: words, with blanks between them, as people type them.
extension RESPArguments {
  /// Divides a line into words.
  ///
  /// Between double quotes stand any bytes, `\n`, `\r`, `\t`, `\b`, `\a` and `\xHH` for those that are hard to
  /// type, and a backslash before any other byte for that one; between single quotes any bytes, and `\'` for a
  /// quote. Behind the closing quote comes a blank or the end of the line.
  mutating func split(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(RESPError) {
    let words = bytes.extracting(line)
    for index in words.indices where words[index] == Quote.double || words[index] == Quote.single {
      return try splitQuoted(words)
    }
    var index = line.lowerBound
    while index < line.upperBound {
      let start = index
      while index < line.upperBound, !bytes[index].isBlank { index += 1 }
      if index > start { ranges.append(start..<index) }
      index += 1
    }
  }

  /// The same for lines with quotes: the words lie in bytes of their own.
  private mutating func splitQuoted(_ line: Span<UInt8>) throws(RESPError) {
    var unquoted: [UInt8] = []
    unquoted.reserveCapacity(line.count)
    var index = 0
    while index < line.count {
      if line[index].isBlank {
        index += 1
        continue
      }
      let start = unquoted.count
      while index < line.count, !line[index].isBlank {
        switch line[index] {
        case Quote.double: index = try readDouble(line, behind: index, into: &unquoted)
        case Quote.single: index = try readSingle(line, behind: index, into: &unquoted)
        default:
          unquoted.append(line[index])
          index += 1
        }
      }
      ranges.append(start..<unquoted.count)
    }
    own = unquoted
  }

  /// What is between double quotes; the index behind the closing one.
  private func readDouble(
    _ line: Span<UInt8>, behind quote: Int, into word: inout [UInt8]
  ) throws(RESPError) -> Int {
    var index = quote + 1
    while index < line.count, line[index] != Quote.double {
      let left = line.count - index
      if line[index] != Quote.backslash || left < 2 {
        word.append(line[index])
        index += 1
      } else if left >= 4, line[index + 1] == Quote.hexadecimal,
        let high = line[index + 2].hexadecimalValue, let low = line[index + 3].hexadecimalValue
      {
        word.append(high << 4 | low)
        index += 4
      } else {
        word.append(Quote.meaning(ofEscaped: line[index + 1]))
        index += 2
      }
    }
    return try closed(line, at: index)
  }

  /// What is between single quotes; the index behind the closing one.
  private func readSingle(
    _ line: Span<UInt8>, behind quote: Int, into word: inout [UInt8]
  ) throws(RESPError) -> Int {
    var index = quote + 1
    while index < line.count, line[index] != Quote.single {
      let isEscaped =
        line[index] == Quote.backslash && index + 1 < line.count && line[index + 1] == Quote.single
      if isEscaped { index += 1 }
      word.append(line[index])
      index += 1
    }
    return try closed(line, at: index)
  }

  private func closed(_ line: Span<UInt8>, at quote: Int) throws(RESPError) -> Int {
    guard quote < line.count, quote + 1 == line.count || line[quote + 1].isBlank else {
      throw .unbalancedQuotes
    }
    return quote + 1
  }
}

private enum Quote {
  static let double: UInt8 = 0x22
  static let single: UInt8 = 0x27
  static let backslash: UInt8 = 0x5C
  static let hexadecimal: UInt8 = 0x78

  static func meaning(ofEscaped byte: UInt8) -> UInt8 {
    switch byte {
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "a"): 0x07
    default: byte
    }
  }
}

extension UInt8 {
  /// A space, or one of the control characters that move a pen: tab to carriage return.
  fileprivate var isBlank: Bool { self == 0x20 || (0x09...0x0D).contains(self) }

  fileprivate var hexadecimalValue: UInt8? {
    switch self {
    case 0x30...0x39: self - 0x30
    case 0x41...0x46: self - 0x41 + 10
    case 0x61...0x66: self - 0x61 + 10
    default: nil
    }
  }
}
