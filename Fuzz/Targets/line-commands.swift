/// A command read a byte at a time, with nothing of the library's strings.
func check(_ input: Input) {
  let found = LineCommand(input.bytes)
  let wanted = plain(input.bytes)
  expect(found == wanted, "\(found), not \(wanted)")
}

private func plain(_ line: [UInt8]) -> LineCommand {
  let space = line.firstIndex(of: 0x20) ?? line.count
  let rest = Array(line[space...].dropFirst())
  var word = ""
  for byte in line[..<space] {
    guard byte < 0x80 else { return unknown }
    let isSmall = (0x61...0x7A).contains(byte)
    word.unicodeScalars.append(Unicode.Scalar(isSmall ? byte - 0x20 : byte))
  }
  switch word {
  case "PING": return .ping
  case "ECHO": return .echo(text(rest))
  case "REVERSE": return .reverse(text(rest))
  case "HASH": return .hash(rest)
  case "QUIT": return .quit
  case "SLEEP": return sleep(rest)
  default: return unknown
  }
}

private let unknown = LineCommand.wrong(
  "say PING, ECHO text, REVERSE text, SLEEP ms, HASH text or QUIT")

/// A sign perhaps, and digits.
private func sleep(_ text: [UInt8]) -> LineCommand {
  let wrong = LineCommand.wrong("say SLEEP and milliseconds from 0 to 60000")
  var (digits, isNegative, number) = (text[...], false, 0)
  if let sign = digits.first, sign == 0x2B || sign == 0x2D {
    isNegative = sign == 0x2D
    digits = digits.dropFirst()
  }
  guard !digits.isEmpty else { return wrong }
  for digit in digits {
    guard (0x30...0x39).contains(digit) else { return wrong }
    number = min(number * 10 + Int(digit - 0x30), 1_000_000)
  }
  return number > 60_000 || isNegative && number > 0 ? wrong : .sleep(milliseconds: number)
}

/// UTF-8, with U+FFFD for each longest beginning of a character that does not go on, as the Unicode
/// standard has it (chapter 3.9, "U+FFFD substitution of maximal subparts").
private func text(_ bytes: [UInt8]) -> String {
  var scalars = String.UnicodeScalarView()
  var place = 0
  while place < bytes.count {
    let first = bytes[place]
    place += 1
    guard let (more, second) = continuation(of: first) else {
      scalars.append(first < 0x80 ? Unicode.Scalar(first) : "\u{FFFD}")
      continue
    }
    var value = UInt32(first) & (0x3F >> UInt32(more))
    var (left, allowed) = (more, second)
    while left > 0, place < bytes.count, allowed.contains(bytes[place]) {
      value = value << 6 | UInt32(bytes[place] & 0x3F)
      place += 1
      left -= 1
      allowed = 0x80...0xBF
    }
    scalars.append(left == 0 ? Unicode.Scalar(value) ?? "\u{FFFD}" : "\u{FFFD}")
  }
  return String(scalars)
}

/// How many bytes follow a first one, and what the second may be (table 3-7 of the standard).
private func continuation(of first: UInt8) -> (count: Int, second: ClosedRange<UInt8>)? {
  switch first {
  case 0xC2...0xDF: (1, 0x80...0xBF)
  case 0xE0: (2, 0xA0...0xBF)
  case 0xED: (2, 0x80...0x9F)
  case 0xE1...0xEF: (2, 0x80...0xBF)
  case 0xF0: (3, 0x90...0xBF)
  case 0xF1...0xF3: (3, 0x80...0xBF)
  case 0xF4: (3, 0x80...0x8F)
  default: nil
  }
}
