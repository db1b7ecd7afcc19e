/// The bytes as Python 3 prints them: `b'^abc$\n'`.
///
/// Printable ASCII stands for itself; tab, line feed, carriage return and backslash become `\t`,
/// `\n`, `\r` and `\\`, and everything else `\x` and two lowercase digits. The quotes are single,
/// but double if the bytes hold a single quote and no double one; a single quote between single
/// quotes becomes `\'`.
///
/// For messages and logs; allocates. Any thread.
///
/// Source: `PyBytes_Repr` in CPython's `Objects/bytesobject.c`.
public func pythonBytesLiteral(_ bytes: some Sequence<UInt8>) -> String {
  pythonBytesLiteral(Array(bytes).span)
}

/// The bytes as Python 3 prints them: `b'^abc$\n'`. As the function over a sequence.
public func pythonBytesLiteral(_ bytes: Span<UInt8>) -> String {
  var single = false
  var double = false
  for i in bytes.indices {
    single = single || bytes[i] == UInt8(ascii: "'")
    double = double || bytes[i] == UInt8(ascii: "\"")
  }
  let quote = UInt8(ascii: single && !double ? "\"" : "'")
  var literal: [UInt8] = [UInt8(ascii: "b"), quote]
  literal.reserveCapacity(bytes.count + 3)
  for i in bytes.indices { appendEscaped(bytes[i], quote: quote, to: &literal) }
  literal.append(quote)
  return String(decoding: literal, as: UTF8.self)
}

private func appendEscaped(_ byte: UInt8, quote: UInt8, to literal: inout [UInt8]) {
  let backslash = UInt8(ascii: "\\")
  switch byte {
  case quote, backslash: literal += [backslash, byte]
  case UInt8(ascii: "\t"): literal += [backslash, UInt8(ascii: "t")]
  case UInt8(ascii: "\n"): literal += [backslash, UInt8(ascii: "n")]
  case UInt8(ascii: "\r"): literal += [backslash, UInt8(ascii: "r")]
  case 0x20...0x7E: literal.append(byte)
  default: literal += [backslash, UInt8(ascii: "x"), hexDigit(byte >> 4), hexDigit(byte & 0x0F)]
  }
}

private func hexDigit(_ value: UInt8) -> UInt8 {
  value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
}
