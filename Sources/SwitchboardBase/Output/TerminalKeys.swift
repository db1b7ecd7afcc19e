/// Keys from the bytes that a terminal sends for them.
package struct TerminalKeys: Sendable {
  /// A key.
  package enum Key: Hashable, Sendable {
    case character(Character)
    case up, down, pageUp, pageDown, home, end, enter, escape, backspace
  }

  /// Since an escape; nil where none has begun.
  private var sequence: [UInt8]?
  /// No sequence that is known here is longer; what is, is passed over to its end.
  private static let longest = 16

  /// Nothing has been pressed yet.
  package init() {}

  /// Whether more may belong to what has come.
  package var isWaiting: Bool { sequence != nil }

  /// Another byte: the key that it completes, if any.
  package mutating func take(_ byte: UInt8) -> Key? {
    guard let begun = sequence else { return first(byte) }
    if begun.isEmpty, byte == UInt8(ascii: "[") || byte == UInt8(ascii: "O") {
      sequence = [byte]
      return nil
    }
    if begun.isEmpty {
      // Escape, and then another key.
      sequence = byte == TerminalKeys.escape ? [] : nil
      return .escape
    }
    guard (0x40...0x7E).contains(byte) || begun.count >= TerminalKeys.longest else {
      sequence?.append(byte)
      return nil
    }
    sequence = nil
    return TerminalKeys.named(begun.dropFirst() + [byte])
  }

  private static let escape: UInt8 = 0x1B

  private mutating func first(_ byte: UInt8) -> Key? {
    switch byte {
    case TerminalKeys.escape:
      sequence = []
      return nil
    case 0x0A, 0x0D: return .enter
    case 0x08, 0x7F: return .backspace
    case 0x20..<0x7F: return .character(Character(UnicodeScalar(byte)))
    default: return nil
    }
  }

  /// Nothing followed for a while: an escape that stands alone was meant as one.
  package mutating func pause() -> Key? {
    defer { sequence = nil }
    return sequence?.isEmpty == true ? .escape : nil
  }

  private static func named(_ bytes: ArraySlice<UInt8>) -> Key? {
    switch String(decoding: bytes, as: UTF8.self) {
    case "A": .up
    case "B": .down
    case "H", "1~", "7~": .home
    case "F", "4~", "8~": .end
    case "5~": .pageUp
    case "6~": .pageDown
    default: nil
    }
  }
}
