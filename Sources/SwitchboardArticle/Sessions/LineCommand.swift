/// A line of the line protocol, understood or not. ``LineSession`` says what each does.
enum LineCommand: Hashable {
  case ping
  case echo(String)
  case reverse(String)
  case sleep(milliseconds: Int)
  case hash([UInt8])
  case quit
  /// Not understood: what to answer.
  case wrong(String)

  /// The longest sleep.
  static let longestSleep = 60_000

  /// Reads a line: a word in any case, and what follows the first space.
  init(_ line: [UInt8]) {
    let parts = line.split(separator: 0x20, maxSplits: 1, omittingEmptySubsequences: false)
    let rest = parts.count > 1 ? parts[1] : []
    let text = String(decoding: rest, as: UTF8.self)
    // Capitals of ASCII alone: for all of Unicode, "ſleep" and "pıng" would be commands too.
    let word = parts[0].map { (0x61...0x7A).contains($0) ? $0 - 0x20 : $0 }
    switch String(decoding: word, as: UTF8.self) {
    case "PING": self = .ping
    case "ECHO": self = .echo(text)
    case "REVERSE": self = .reverse(text)
    case "SLEEP": self = LineCommand.sleep(text)
    case "HASH": self = .hash(Array(rest))
    case "QUIT": self = .quit
    default: self = .wrong("say PING, ECHO text, REVERSE text, SLEEP ms, HASH text or QUIT")
    }
  }

  private static func sleep(_ text: String) -> LineCommand {
    guard let number = Int(text), (0...longestSleep).contains(number) else {
      return .wrong("say SLEEP and milliseconds from 0 to \(longestSleep)")
    }
    return .sleep(milliseconds: number)
  }
}

/// FNV-1a in 64 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>), a thousand times over: as slow as
/// hashes of passwords are on purpose, and so nothing to do on a loop.
func slowHash(_ bytes: [UInt8]) -> UInt64 {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  for _ in 0..<1000 {
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
  }
  return hash
}

/// Sixteen digits.
func hexadecimal(_ number: UInt64) -> String {
  let digits = String(number, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
