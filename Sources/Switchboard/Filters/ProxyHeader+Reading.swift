/// What has come of a header so far.
public enum ProxyHeaderReading: Hashable, Sendable {
  /// More is needed. What has come so far is not wrong.
  case incomplete
  /// It is there, and so many bytes long. What follows is the client's.
  case whole(ProxyHeader, count: Int)
  /// It is none that may be taken, whatever follows.
  case wrong(ProxyHeaderFault)
}

extension ProxyHeader {
  /// Looks at the first bytes of a connection, all that have come so far.
  ///
  /// However a header is cut, each part is ``ProxyHeaderReading/incomplete``, and what is wrong is told with the
  /// same fault by every part that holds the first wrong byte. No part costs more than a look at ``longestLine``
  /// bytes before it is whole.
  ///
  /// - Parameters:
  ///   - bytes: What has come of the connection, from its beginning on.
  ///   - versions: What may come. A header is never guessed at: what comes is one, or wrong.
  public static func read(_ bytes: Span<UInt8>, _ versions: Versions = .any) -> ProxyHeaderReading {
    guard !bytes.isEmpty else { return .incomplete }
    let isLine = bytes[0] == lineStart[0]
    let isTaken = versions == .any || versions == (isLine ? .v1 : .v2)
    guard isTaken, begins(bytes, isLine ? lineStart : signature) else {
      return .wrong(.noHeader(versions))
    }
    return isLine ? readLine(bytes) : readBinary(bytes)
  }

  /// `PROXY` and a space.
  static let lineStart = Array("PROXY ".utf8)
  /// What no other protocol begins with.
  static let signature: [UInt8] = [
    0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
  ]

  /// Whether bytes begin so, as far as they go.
  private static func begins(_ bytes: Span<UInt8>, _ start: [UInt8]) -> Bool {
    for index in 0..<min(bytes.count, start.count) where bytes[index] != start[index] {
      return false
    }
    return true
  }

  // ------------------------------------------------------------------------------- version 1

  private static func readLine(_ bytes: Span<UInt8>) -> ProxyHeaderReading {
    for index in 0..<min(bytes.count, longestLine) {
      switch bytes[index] {
      case UInt8(ascii: "\n"): return .wrong(.bareLineEnd)
      case UInt8(ascii: "\r"):
        if index + 1 == longestLine { return .wrong(.lineTooLong) }
        if index + 1 == bytes.count { return .incomplete }
        guard bytes[index + 1] == UInt8(ascii: "\n") else { return .wrong(.bareLineEnd) }
        return read(line: bytes.extracting(..<index))
      default: break
      }
    }
    return bytes.count < longestLine ? .incomplete : .wrong(.lineTooLong)
  }

  /// - Parameter line: Without its end.
  private static func read(line: Span<UInt8>) -> ProxyHeaderReading {
    let count = line.count + 2
    // A line that ends before what it begins with does.
    guard line.count >= lineStart.count else { return .wrong(.unknownProtocol) }
    var place = lineStart.count
    let name = field(of: line, &place)
    if name.map({ equals(line, $0, "UNKNOWN") }) ?? false {
      return .whole(ProxyHeader(.proxy, version: .v1), count: count)
    }
    let isV4 = name.map { equals(line, $0, "TCP4") } ?? false
    let isV6 = name.map { equals(line, $0, "TCP6") } ?? false
    guard isV4 || isV6 else { return .wrong(.unknownProtocol) }
    guard let from = field(of: line, &place), let to = field(of: line, &place),
      let fromPort = field(of: line, &place), let toPort = field(of: line, &place),
      place > line.count
    else { return .wrong(.wrongFields) }
    do throws(ProxyHeaderFault) {
      let family = isV4 ? SocketAddress.Family.v4 : .v6
      let source = try address(line, from, fromPort, family, .source)
      let destination = try address(line, to, toPort, family, .destination)
      return .whole(ProxyHeader(from: source, to: destination, version: .v1), count: count)
    } catch {
      return .wrong(error)
    }
  }

  /// The field that begins at a place, up to a space or the end; nil where the line has ended. The place is then
  /// behind the space.
  private static func field(of line: Span<UInt8>, _ place: inout Int) -> Range<Int>? {
    guard place <= line.count else { return nil }
    let start = place
    while place < line.count, line[place] != UInt8(ascii: " ") { place += 1 }
    defer { place += 1 }
    return start..<place
  }

  private static func equals(_ line: Span<UInt8>, _ field: Range<Int>, _ word: StaticString) -> Bool
  {
    let wanted = Array(word.description.utf8)
    return field.count == wanted.count && begins(line.extracting(field), wanted)
  }

  private static func address(
    _ line: Span<UInt8>, _ host: Range<Int>, _ port: Range<Int>, _ family: SocketAddress.Family,
    _ side: Side
  ) throws(ProxyHeaderFault) -> SocketAddress {
    let text = line.extracting(host)
    let read = AddressText.address(text)
    guard var address = read, address.family == family else { throw .wrongAddress(side) }
    guard let number = AddressText.decimal(line.extracting(port), most: Int(UInt16.max)) else {
      throw .wrongPort(side)
    }
    address.port = UInt16(truncatingIfNeeded: number)
    return address.unmapped
  }
}
