import Switchboard

/// Sends the files of one folder over HTTP/1.1: `GET` and `HEAD`, whole or from a byte on (`Range: bytes=100-`), one
/// after the other on a connection that stays. Neither folders in it nor names that begin with a dot are
/// anybody's.
///
/// A file of any size costs no memory: it is sent from where it is. Opening it is the one thing that may wait, for the
/// disk.
public struct FileServerSession: Session {
  /// What the head of a request may have, in bytes.
  static let longestHead = 8192
  private static let endOfHead = Array("\r\n\r\n".utf8)

  private let folder: String

  /// - Parameter folder: Whose files they are.
  public init(folder: String) { self.folder = folder }

  public mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    var place = 0
    while !connection.hasWrittenMuch, let end = endOfHead(in: bytes, from: place) {
      let head = String(decoding: (place..<end).map { bytes[$0] }, as: UTF8.self)
      guard answer(head, &connection) else { return connection.close() }
      place = end
    }
    guard bytes.count - place <= Self.longestHead || connection.hasWrittenMuch else {
      say("431 Request Header Fields Too Large", to: &connection)
      return connection.close()
    }
    connection.leave(bytes.extracting(droppingFirst: place))
  }

  private func endOfHead(in bytes: Span<UInt8>, from start: Int) -> Int? {
    let marker = Self.endOfHead
    guard bytes.count - start >= marker.count else { return nil }
    for place in start...min(bytes.count - marker.count, start + Self.longestHead)
    where marker.indices.allSatisfy({ bytes[place + $0] == marker[$0] }) {
      return place + marker.count
    }
    return nil
  }

  /// Answers a request: whether the connection stays.
  private func answer(_ head: String, _ connection: inout Connection) -> Bool {
    var fields = head.split(separator: "\r\n", omittingEmptySubsequences: false)
    let words = fields.removeFirst().split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 3, words[2].hasPrefix("HTTP/1.") else {
      say("400 Bad Request", to: &connection)
      return false
    }
    guard words[0] == "GET" || words[0] == "HEAD" else {
      // It may have a body, which nobody reads here.
      say("405 Method Not Allowed", "Allow: GET, HEAD\r\n", to: &connection)
      return false
    }
    guard let file = file(named: words[1]) else {
      say("404 Not Found", to: &connection)
      return true
    }
    send(file, from: firstByte(fields), withBody: words[0] == "GET", to: &connection)
    let close = fields.contains { $0.lowercased() == "connection: close" }
    return words[2] == "HTTP/1.1" && !close
  }

  private func send(
    _ file: SharedFile, from first: Int?, withBody: Bool, to connection: inout Connection
  ) {
    guard first.map({ $0 < file.count }) ?? true else {
      say("416 Range Not Satisfiable", "Content-Range: bytes */\(file.count)\r\n", to: &connection)
      return
    }
    let count = file.count - (first ?? 0)
    connection.write("HTTP/1.1 \(first == nil ? "200 OK" : "206 Partial Content")\r\n")
    connection.write("Content-Length: \(count)\r\nAccept-Ranges: bytes\r\n")
    if let first {
      connection.write("Content-Range: bytes \(first)-\(file.count - 1)/\(file.count)\r\n")
    }
    connection.write("\r\n")
    if withBody { connection.write(file, from: first ?? 0) }
  }

  private func file(named target: Substring) -> SharedFile? {
    let name = target.dropFirst()
    guard target.hasPrefix("/"), !name.isEmpty, !name.hasPrefix("."), !name.contains("/")
    else { return nil }
    return try? SharedFile("\(folder)/\(name)")
  }

  /// Where the part begins that is wanted; nil for the whole, and for parts of other kinds, which a server need not
  /// know.
  private func firstByte(_ fields: [Substring]) -> Int? {
    let prefix = "range: bytes="
    guard let field = fields.first(where: { $0.lowercased().hasPrefix(prefix) }),
      field.hasSuffix("-")
    else { return nil }
    let digits = field.dropFirst(prefix.count).dropLast()
    return digits.allSatisfy(\.isNumber) ? Int(digits) : nil
  }

  private func say(_ status: String, _ fields: String = "", to connection: inout Connection) {
    connection.write("HTTP/1.1 \(status)\r\n\(fields)Content-Length: 0\r\n\r\n")
  }
}
