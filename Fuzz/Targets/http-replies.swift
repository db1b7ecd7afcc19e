import SwitchboardProtocols

/// Replies of HTTP, read from all bytes at once, line by line.
private struct Model {
  enum Ending: Error { case malformed, unfinished }

  let bytes: [UInt8]
  let toHead: Bool
  let headLimit: Int
  let bodyLimit: Int
  var place = 0
  /// Bytes of header sections of the present reply.
  var head = 0
  var found = Found()

  mutating func run() {
    do {
      while place < bytes.count {
        head = 0
        let reply = try self.reply()
        found.replies.append(reply)
      }
    } catch {
      found.ending = error as? Ending
    }
  }

  /// A line of a header section without its LF.
  private mutating func line() throws -> [UInt8] {
    guard let end = bytes[place...].firstIndex(of: 0x0A) else {
      throw head + bytes.count - place > headLimit ? Ending.malformed : .unfinished
    }
    guard head + end - place < headLimit else { throw Ending.malformed }
    defer {
      head += end + 1 - place
      place = end + 1
    }
    return Array(bytes[place..<end])
  }

  private mutating func reply() throws -> String {
    let (status, minor) = try status(line())
    var (length, codings, closes, keeps): (Int?, [String], Bool, Bool) = (nil, [], false, false)
    var isOther = false
    while true {
      let line = try line()
      if line.isEmpty || line == [0x0D] { break }
      guard line[0] != 0x0D else { throw Ending.malformed }
      if line[0] == 0x20 || line[0] == 0x09 {
        guard isOther else { throw Ending.malformed }
        continue
      }
      guard let colon = line.firstIndex(of: 0x3A), colon > 0,
        line[..<colon].allSatisfy({ $0 > 0x20 && $0 != 0x7F })
      else { throw Ending.malformed }
      let name = lowered(line[..<colon])
      isOther = !["content-length", "transfer-encoding", "connection"].contains(name)
      if isOther { continue }
      for word in try words(line[(colon + 1)...]) {
        switch name {
        case "content-length":
          guard word.utf8.count <= 20, word.utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
            let number = Int(word), number <= bodyLimit, length ?? number == number
          else { throw Ending.malformed }
          length = number
        case "transfer-encoding" where !word.isEmpty:
          guard word != "chunked" || codings.last != "chunked" else { throw Ending.malformed }
          codings.append(word)
        case "connection":
          closes = closes || word == "close"
          keeps = keeps || word == "keep-alive"
        default: break
        }
      }
    }
    if status < 200 {
      guard status != 101 else { throw Ending.malformed }
      return try reply()
    }
    let stays = minor > 0 ? !closes : keeps && !closes && codings.isEmpty
    let told = { (count: Int, isLast: Bool) in "\(status) \(count) \(isLast)" }
    if toHead || status == 204 || status == 304 { return told(0, !stays) }
    guard codings.isEmpty || length == nil else { throw Ending.malformed }
    if codings.last == "chunked" { return told(try chunks(), !stays) }
    if codings.isEmpty, let length {
      guard length <= bytes.count - place else { throw Ending.unfinished }
      place += length
      return told(length, !stays)
    }
    let rest = bytes.count - place
    guard rest <= bodyLimit else { throw Ending.malformed }
    found.toEnd = told(rest, true)
    throw Ending.unfinished
  }

  private func status(_ line: [UInt8]) throws -> (Int, Int) {
    let text = Array("HTTP/1.".utf8)
    guard line.count >= 12, Array(line[..<7]) == text, line[8] == 0x20, line[9] != 0x30,
      [7, 9, 10, 11].allSatisfy({ 0x30...0x39 ~= line[$0] }),
      line.count == 12 || line[12] == 0x20 || line[12] == 0x0D
    else { throw Ending.malformed }
    return (line[9...11].reduce(0) { $0 * 10 + Int($1) - 0x30 }, Int(line[7]) - 0x30)
  }

  private func words(_ value: ArraySlice<UInt8>) throws -> [String] {
    let value = value.last == 0x0D ? value.dropLast() : value
    guard !value.contains(0x0D) else { throw Ending.malformed }
    return value.split(separator: 0x2C, omittingEmptySubsequences: false).map { word in
      let start = word.drop { $0 == 0x20 || $0 == 0x09 }
      let end = start.reversed().drop { $0 == 0x20 || $0 == 0x09 }
      return lowered(start.prefix(end.count))
    }
  }

  /// With a character for each byte.
  private func lowered(_ bytes: ArraySlice<UInt8>) -> String {
    let lower = bytes.map { UnicodeScalar(0x41...0x5A ~= $0 ? $0 | 0x20 : $0) }
    return String(String.UnicodeScalarView(lower))
  }

  private mutating func chunks() throws -> Int {
    var count = 0
    while true {
      let size = try chunkSize()
      guard size <= bodyLimit - count else { throw Ending.malformed }
      if size == 0 { break }
      guard size <= bytes.count - place else { throw Ending.unfinished }
      place += size
      count += size
      let rest = bytes[place...].prefix(2)
      guard let first = rest.first else { throw Ending.unfinished }
      if first != 0x0A {
        guard first == 0x0D else { throw Ending.malformed }
        guard rest.count == 2 else { throw Ending.unfinished }
        guard rest.last == 0x0A else { throw Ending.malformed }
        place += 1
      }
      place += 1
    }
    while true {
      let line = try line()
      if line.isEmpty || line == [0x0D] { return count }
      guard line[0] != 0x0D else { throw Ending.malformed }
    }
  }

  private mutating func chunkSize() throws -> Int {
    guard let end = bytes[place...].firstIndex(of: 0x0A) else { throw Ending.unfinished }
    let line = bytes[place..<end]
    let first = line.prefix { UnicodeScalar($0).properties.isASCIIHexDigit }
    let digits = String(decoding: first, as: UTF8.self)
    let rest = line.dropFirst(digits.utf8.count)
    guard !digits.isEmpty, line.count < 4096,
      rest.isEmpty || rest == [0x0D] || [0x20, 0x09, 0x3B].contains(rest.first)
    else { throw Ending.malformed }
    place = end + 1
    let plain = digits.drop { $0 == "0" }
    guard plain.count < 16 else { throw Ending.malformed }
    return Int(plain, radix: 16) ?? 0
  }
}

private struct Found: Equatable {
  var replies: [String] = []
  /// How it ended, where not behind a reply.
  var ending: Model.Ending?
  /// The reply that the end of the stream makes.
  var toEnd: String?
}

/// Replies over any cutting of the stream. Where the model waits for the rest of a line, the reader may have
/// found already that it will be none.
func check(_ input: Input) {
  var input = input
  let toHead = input.next() ?? 0 > 127
  let (headLimit, bodyLimit) = (4 * (input.next() ?? 64), 1 << ((input.next() ?? 40) % 48))
  var model = Model(bytes: input.bytes, toHead: toHead, headLimit: headLimit, bodyLimit: bodyLimit)
  model.run()
  let reader = HTTPReplyReader(areToHead: toHead, headLimit: headLimit, bodyLimit: bodyLimit)
  let whole = read(reader, [input.bytes])
  let found = read(reader, input.pieces())
  expect(whole == found, "\(found) in pieces, and \(whole)")
  expect(found.replies == model.found.replies, "\(found.replies), not \(model.found.replies)")
  switch model.found.ending {
  case .unfinished?:
    let isSame = model.found.toEnd == nil || found.toEnd == model.found.toEnd
    expect(isSame, "\(found), not \(model.found)")
  case .malformed?: expect(found.ending == .malformed, "not refused: \(found)")
  case nil: expect(found.ending == nil, "refused: \(found)")
  }
}

private func read(_ reader: HTTPReplyReader, _ pieces: [[UInt8]]) -> Found {
  var (reader, found) = (reader, Found())
  func told(_ reply: HTTPReply) -> String { "\(reply.status) \(reply.bodyCount) \(reply.isLast)" }
  do throws(HTTPReplyError) {
    for piece in pieces {
      var place = 0
      while let reply = try reader.next(in: piece.span, from: &place) {
        found.replies.append(told(reply))
      }
      expect(place == piece.count, "stopped at \(place) without a reply")
    }
    do throws(HTTPReplyError) {
      found.toEnd = try reader.end().map(told)
    } catch {
      expect(error == .cutOff, "\(error) at the end alone")
      found.ending = .unfinished
    }
  } catch {
    expect(reader.failure == error, "another error is kept")
    found.ending = .malformed
  }
  return found
}
