import SwitchboardProtocols

/// Commands of Redis' protocol, over any cutting of the stream and with any limits: the reader beside the plainest
/// one there is, which has the whole stream.
func check(_ input: Input) {
  var input = input
  let limits = RESPLimits(
    arguments: 1 + (input.next() ?? 255), bulk: 1 + 4 * (input.next() ?? 255),
    command: 1 + 8 * (input.next() ?? 255))
  let mostLeft = input.next() ?? 4096
  let pieces = input.pieces()
  var model = Model(bytes: input.bytes, limits: limits)
  model.readAll()
  let found = read(pieces, RESPReader(limits: limits, mostLeft: mostLeft))
  expect(found.commands == model.commands, "\(found.commands), not \(model.commands)")
  expect(found.error == model.error, "\(found.error as Any), not \(model.error as Any)")
  checkNumber(input.bytes)
}

/// What comes of pieces, where what is left is given again in front of the next one, as a connection does.
private func read(
  _ pieces: [[UInt8]], _ reader: RESPReader
) -> (commands: [[[UInt8]]], error: RESPError?) {
  var (reader, arguments) = (reader, RESPArguments())
  var (commands, left): ([[[UInt8]]], [UInt8]) = ([], [])
  do throws(RESPError) {
    for piece in pieces {
      let input = left + piece
      var place = 0
      while try reader.next(in: input.span, from: &place, into: &arguments) {
        let source = arguments.takeOwn() ?? input
        expect(arguments.count > 0, "a command of nothing")
        commands.append((0..<arguments.count).map { Array(source[arguments[$0]]) })
      }
      left = Array(input[place...])
      expect(left.count <= reader.mostLeft, "leaves \(left.count) bytes")
      expect(reader.heldCount == 0 || left.isEmpty, "holds a beginning, and leaves something")
    }
  } catch {
    return (commands, error)
  }
  return (commands, nil)
}

/// A number is what Swift reads, where it is written in the one way that the protocol has.
private func checkNumber(_ bytes: [UInt8]) {
  let text = String(decoding: bytes, as: UTF8.self)
  let wanted = Int(text).flatMap { "\($0)" == text ? $0 : nil }
  expect(Int(decimal: bytes.span) == wanted, "another number than \(wanted as Any)")
}

private struct Model {
  let bytes: [UInt8]
  let limits: RESPLimits
  var commands: [[[UInt8]]] = []
  var error: RESPError?
  private var place = 0

  init(bytes: [UInt8], limits: RESPLimits) { (self.bytes, self.limits) = (bytes, limits) }

  mutating func readAll() {
    do throws(RESPError) {
      while let command = try next() { if !command.isEmpty { commands.append(command) } }
    } catch {
      self.error = error
    }
  }

  /// The next command; nil when it has not come whole.
  private mutating func next() throws(RESPError) -> [[UInt8]]? {
    guard place < bytes.count else { return nil }
    guard bytes[place] == UInt8(ascii: "*") else { return try line() }
    let start = place
    guard let count = try number(.invalidMultibulkLength) else { return nil }
    guard count <= limits.arguments else { throw .invalidMultibulkLength }
    var words: [[UInt8]] = []
    while words.count < count {
      guard place < bytes.count else { return nil }
      guard bytes[place] == UInt8(ascii: "$") else { throw .expectedDollar(bytes[place]) }
      guard let length = try number(.invalidBulkLength) else { return nil }
      guard 0...limits.bulk ~= length else { throw .invalidBulkLength }
      let end = place + length
      guard end + 2 - start <= limits.command else { throw .commandTooLong(limit: limits.command) }
      guard end + 2 <= bytes.count else { return nil }
      guard bytes[end...].starts(with: [0x0D, 0x0A]) else { throw .expectedLineEnd }
      words.append(Array(bytes[place..<end]))
      place = end + 2
    }
    return words
  }

  /// The number in the line behind a byte.
  private mutating func number(_ invalid: RESPError) throws(RESPError) -> Int? {
    guard let end = bytes[place...].firstIndex(of: 0x0D), end + 1 < bytes.count else { return nil }
    let text = String(decoding: bytes[(place + 1)..<end], as: UTF8.self)
    guard bytes[end + 1] == 0x0A, let value = Int(text), "\(value)" == text else { throw invalid }
    place = end + 2
    return value
  }

  /// A line of words.
  private mutating func line() throws(RESPError) -> [[UInt8]]? {
    guard let end = bytes[place...].firstIndex(of: 0x0A) else { return nil }
    var line = bytes[place..<end]
    if line.last == 0x0D { line.removeLast() }
    place = end + 1
    var (words, word): ([[UInt8]], [UInt8]?) = ([], nil)
    while let byte = line.first {
      if isBlank(byte) {
        if let whole = word { words.append(whole) }
        word = nil
        line.removeFirst()
      } else if byte == 0x22 || byte == 0x27 {
        word = (word ?? []) + (try quoted(&line))
      } else {
        word = (word ?? []) + [line.removeFirst()]
      }
    }
    return words + (word.map { [$0] } ?? [])
  }

  private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || 9...13 ~= byte }

  /// Takes what is between quotes, and these.
  private func quoted(_ line: inout ArraySlice<UInt8>) throws(RESPError) -> [UInt8] {
    let quote = line.removeFirst()
    var content: [UInt8] = []
    while let byte = line.popFirst() {
      if byte == quote {
        if let next = line.first, !isBlank(next) { throw .unbalancedQuotes }
        return content
      }
      guard byte == 0x5C, let next = line.first else {
        content.append(byte)
        continue
      }
      if quote == 0x27 {
        content.append(next == 0x27 ? line.removeFirst() : byte)
      } else {
        content.append(unescaped(&line))
      }
    }
    throw .unbalancedQuotes
  }

  /// What stands behind a backslash.
  private func unescaped(_ line: inout ArraySlice<UInt8>) -> UInt8 {
    let digits = String(decoding: line.dropFirst().prefix(2), as: UTF8.self)
    if line.first == UInt8(ascii: "x"), digits.utf8.count == 2, !"+-".contains(digits.prefix(1)),
      let value = UInt8(digits, radix: 16)
    {
      line.removeFirst(3)
      return value
    }
    let byte = line.removeFirst()
    let meanings: [UInt8: UInt8] = [0x6E: 10, 0x72: 13, 0x74: 9, 0x62: 8, 0x61: 7]
    return meanings[byte] ?? byte
  }
}
