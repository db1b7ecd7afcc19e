import SwitchboardProtocols

/// Replies of RESP, read from all bytes at once, each value by itself.
private struct Model {
  enum Ending: Error { case malformed, unfinished }

  let bytes: [UInt8]
  let limit: Int
  var start = 0
  var place = 0
  var found = Found()

  mutating func run() {
    do {
      while place < bytes.count {
        start = place
        let isError = try value(depth: 0)
        found.replies.append("\(place - start) \(isError)")
      }
    } catch {
      found.ending = error as? Ending
    }
  }

  /// A byte, if there is one, within the limit.
  private mutating func byte() throws -> UInt8 {
    guard place < bytes.count else { throw Ending.unfinished }
    guard place - start < limit else { throw Ending.malformed }
    place += 1
    return bytes[place - 1]
  }

  /// Passes over so many bytes, which the limit must have room for.
  private mutating func pass(_ count: Int) throws {
    guard count <= limit - (place - start) else { throw Ending.malformed }
    guard count <= bytes.count - place else { throw Ending.unfinished }
    place += count
  }

  private mutating func end() throws {
    guard try byte() == 0x0D, try byte() == 0x0A else { throw Ending.malformed }
  }

  /// What comes before the next CR, behind which there must be LF.
  private mutating func line() throws -> [UInt8] {
    let start = place
    while try byte() != 0x0D {}
    let line = bytes[start..<place - 1]
    guard try byte() == 0x0A else { throw Ending.malformed }
    return Array(line)
  }

  private func number(_ line: [UInt8]) throws -> Int {
    let text = String(decoding: line, as: UTF8.self)
    guard text.first != "+", let number = Int(text), number >= -1, number <= limit,
      number != 0 || text.first != "-"
    else { throw Ending.malformed }
    return number
  }

  /// Whether the value is an error.
  private mutating func value(depth: Int) throws -> Bool {
    while true {
      let type = Character(UnicodeScalar(try byte()))
      switch type {
      case "+", "-", ":", "_", "#", ",", "(":
        _ = try line()
        return type == "-"
      case "$", "!", "=":
        let count = try number(line())
        guard count >= 0 || type == "$" else { throw Ending.malformed }
        if count < 0 { return false }
        try pass(count)
        try end()
        return type == "!"
      case "*", "~", "%", "|", ">":
        guard type != ">" || depth == 0 else { throw Ending.malformed }
        let count = try number(line())
        guard count >= 0 || type == "*", count <= limit - (place - start) else {
          throw Ending.malformed
        }
        let all = count * (type == "%" || type == "|" ? 2 : 1)
        guard all <= 0 || depth < RESPReplyReader.depthLimit else { throw Ending.malformed }
        for _ in 0..<max(0, all) { _ = try value(depth: depth + 1) }
        if type != "|", type != ">" { return false }
      default: throw Ending.malformed
      }
    }
  }
}

private struct Found: Equatable {
  var replies: [String] = []
  /// How it ended, where not behind a reply.
  var ending: Model.Ending?
}

/// Replies over any cutting of the stream. Where the model waits for the rest of a line, the reader may have
/// found already that it will be none.
func check(_ input: Input) {
  var input = input
  let limit = 1 << ((input.next() ?? 20) % 40)
  var model = Model(bytes: input.bytes, limit: limit)
  model.run()
  let whole = read(RESPReplyReader(limit: limit), [input.bytes])
  let found = read(RESPReplyReader(limit: limit), input.pieces())
  expect(whole == found, "\(found) in pieces, and \(whole)")
  expect(found.replies == model.found.replies, "\(found.replies), not \(model.found.replies)")
  switch model.found.ending {
  case .unfinished?: break
  case .malformed?: expect(found.ending == .malformed, "not refused: \(found)")
  case nil: expect(found.ending == nil, "refused: \(found)")
  }
}

private func read(_ reader: RESPReplyReader, _ pieces: [[UInt8]]) -> Found {
  var (reader, found) = (reader, Found())
  do throws(RESPReplyError) {
    for piece in pieces {
      var place = 0
      while let reply = try reader.next(in: piece.span, from: &place) {
        found.replies.append("\(reply.count) \(reply.isError)")
        expect(reader.errorText.count <= RESPReplyReader.textLimit, "a text without an end")
      }
      expect(place == piece.count, "stopped at \(place) without a reply")
    }
  } catch {
    expect(reader.failure == error, "another error is kept")
    found.ending = .malformed
  }
  return found
}
