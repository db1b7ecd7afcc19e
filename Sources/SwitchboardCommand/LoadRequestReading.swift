import ArgumentParser
import SwitchboardBase

/// Reads what is asked of a server.
extension Read {
  /// A field of a header section.
  struct Header: Hashable {
    let name: String
    let value: String
  }

  /// `Name: value`.
  static func header(_ text: String) throws -> Header {
    guard let colon = text.firstIndex(of: ":") else {
      throw ValidationError("give 'Name: value', such as 'Accept: text/html'")
    }
    let value = text[text.index(after: colon)...].drop { $0 == " " }
    return Header(name: String(text[..<colon]), value: String(value))
  }

  /// Bytes, some of them as escapes.
  static func bytes(_ text: String) throws -> [UInt8] {
    var rest = FileName.bytes(of: text)[...]
    var bytes: [UInt8] = []
    while let byte = rest.popFirst() { bytes.append(try unescaped(byte, &rest)) }
    guard !bytes.isEmpty else { throw ValidationError("give at least one byte") }
    return bytes
  }

  /// The words of a command, with spaces between; quotes hold a word together, and those of the second kind
  /// have no escapes within them.
  static func command(_ text: String) throws -> [[UInt8]] {
    var rest = FileName.bytes(of: text)[...]
    var words: [[UInt8]] = []
    var word: [UInt8]?
    var quote: UInt8?
    while let byte = rest.popFirst() {
      if byte == quote {
        quote = nil
      } else if quote == nil, byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        (quote, word) = (byte, word ?? [])
      } else if quote == nil, byte == UInt8(ascii: " ") {
        if let word { words.append(word) }
        word = nil
      } else {
        word = (word ?? []) + [quote == UInt8(ascii: "'") ? byte : try unescaped(byte, &rest)]
      }
    }
    if let word { words.append(word) }
    guard quote == nil, !words.isEmpty else {
      throw ValidationError("give words, such as 'SET key value', and end what a quote begins")
    }
    return words
  }

  /// A byte, or what an escape stands for that begins with it.
  private static func unescaped(_ byte: UInt8, _ rest: inout ArraySlice<UInt8>) throws -> UInt8 {
    guard byte == UInt8(ascii: "\\") else { return byte }
    switch rest.popFirst() {
    case UInt8(ascii: "r"): return 0x0D
    case UInt8(ascii: "n"): return 0x0A
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "\\"): return byte
    case UInt8(ascii: "\""): return UInt8(ascii: "\"")
    case UInt8(ascii: "x"):
      let digits = String(decoding: rest.prefix(2), as: UTF8.self)
      if digits.utf8.count == 2, digits.first != "+", let value = UInt8(digits, radix: 16) {
        rest = rest.dropFirst(2)
        return value
      }
    default: break
    }
    throw ValidationError("write \\r, \\n, \\t, \\\\, or \\x and two digits, such as \\x0A")
  }
}
