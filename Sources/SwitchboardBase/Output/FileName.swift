import Glibc

/// Names of files as the system has them: bytes, of which a `String` holds every one.
///
/// A name need not be UTF-8. What is none stands in a string as U+10FF80 to U+10FFFF, the last
/// private characters, one for each byte; so do the bytes of these characters themselves, so that
/// each name has one string and comes back from it as it was.
public enum FileName {
  /// The character of byte 0x80 less 0x80.
  private static let base: UInt32 = 0x10_FF00

  /// The string of a name.
  public static func text(of bytes: [UInt8]) -> String {
    var text = String.UnicodeScalarView()
    var parser = Unicode.UTF8.ForwardParser()
    var place = 0
    var input = bytes.makeIterator()
    while true {
      let length: Int
      var scalar: Unicode.Scalar?
      switch parser.parseScalar(from: &input) {
      case .emptyInput: return String(text)
      case .valid(let encoded):
        length = encoded.count
        let decoded = Unicode.UTF8.decode(encoded)
        scalar = byte(of: decoded) == nil ? decoded : nil
      case .error(let count): length = count
      }
      if let scalar {
        text.append(scalar)
      } else {
        for byte in bytes[place..<place + length] { text.append(stand(for: byte)) }
      }
      place += length
    }
  }

  /// The string of a name that the system has given.
  static func text(of name: UnsafePointer<CChar>) -> String {
    let bytes = unsafe UnsafeBufferPointer(start: name, count: strlen(name))
    return unsafe text(of: bytes.map(UInt8.init(bitPattern:)))
  }

  /// The name of a string.
  public static func bytes(of text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    for scalar in text.unicodeScalars {
      if let byte = byte(of: scalar) { bytes.append(byte) } else { bytes += UTF8.encode(scalar)! }
    }
    return bytes
  }

  private static func stand(for byte: UInt8) -> Unicode.Scalar {
    Unicode.Scalar(base + UInt32(byte)) ?? "\u{FFFD}"
  }

  /// The byte that a character stands for; nil for one that stands for itself.
  private static func byte(of scalar: Unicode.Scalar) -> UInt8? {
    (base + 0x80...base + 0xFF).contains(scalar.value) ? UInt8(scalar.value - base) : nil
  }

  /// Calls with the name for a system call, with the zero at its end.
  public static func withPath<Result>(
    _ text: String, _ body: (UnsafePointer<CChar>) -> Result
  ) -> Result {
    unsafe (bytes(of: text) + [0]).withUnsafeBufferPointer { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) { unsafe body($0.baseAddress!) }
    }
  }

  /// A text of others (a name, a host, an argument) as it may stand in a line on a terminal: what
  /// the terminal would obey, and what is no text, is written as an escape, as `ls -b` does.
  public static func shown(_ text: String) -> String {
    // Almost always it is plain.
    if text.utf8.allSatisfy({ 0x20..<0x7F ~= $0 }) { return text }
    guard text.unicodeScalars.contains(where: { escape($0) != nil }) else { return text }
    return text.unicodeScalars.map { escape($0) ?? String($0) }.joined()
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String? {
    if let byte = byte(of: scalar) { return hexadecimal("\\x", UInt32(byte), 2) }
    switch scalar.value {
    case 0x09: return "\\t"
    case 0x0A: return "\\n"
    case 0x0D: return "\\r"
    case 0..<0x20, 0x7F: return hexadecimal("\\x", scalar.value, 2)
    // Controls of eight bits; marks that turn the direction of writing, and ends of lines.
    case 0x80..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069:
      return "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
    default: return nil
    }
  }

  private static func hexadecimal(_ mark: String, _ value: UInt32, _ width: Int) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return mark + String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
