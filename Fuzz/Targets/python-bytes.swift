import SwitchboardProtocols

/// The literal, read back as Python reads it, is the bytes again; and it is the one that Python
/// writes: the shortest escapes, and double quotes only where they save some.
func check(_ input: Input) {
  let bytes = input.bytes
  let literal = Array(pythonBytesLiteral(bytes).utf8)
  expect(literal == Array(pythonBytesLiteral(bytes.span).utf8), "the two functions differ")
  expect(literal.allSatisfy { (0x20...0x7E).contains($0) }, "not printable: \(literal)")
  let needsDouble = bytes.contains(0x27) && !bytes.contains(0x22)
  let quote: UInt8 = needsDouble ? 0x22 : 0x27
  expect(literal.count >= 3 && literal[0] == 0x62, "no b in front")
  expect(literal[1] == quote && literal.last == quote, "other quotes")
  expect(read(literal[2..<(literal.count - 1)], quote) == bytes, "reads as something else")
  expect(literal.count == 3 + bytes.map { length($0, quote) }.reduce(0, +), "other escapes")
}

/// How many characters Python uses for a byte.
private func length(_ byte: UInt8, _ quote: UInt8) -> Int {
  switch byte {
  case quote, 0x5C, 0x09, 0x0A, 0x0D: 2
  case 0x20...0x7E: 1
  default: 4
  }
}

/// What stands between the quotes, as bytes; nil where it is no literal.
private func read(_ text: ArraySlice<UInt8>, _ quote: UInt8) -> [UInt8]? {
  var rest = text
  var bytes: [UInt8] = []
  while let first = rest.popFirst() {
    if first == quote { return nil }
    guard first == 0x5C else {
      bytes.append(first)
      continue
    }
    switch rest.popFirst() {
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "n"): bytes.append(0x0A)
    case UInt8(ascii: "r"): bytes.append(0x0D)
    case UInt8(ascii: "x"):
      let digits = String(decoding: rest.prefix(2), as: UTF8.self)
      guard digits == digits.lowercased(), let byte = UInt8(digits, radix: 16) else { return nil }
      bytes.append(byte)
      rest = rest.dropFirst(2)
    case .some(let byte) where byte == quote || byte == 0x5C: bytes.append(byte)
    default: return nil
    }
  }
  return bytes
}
