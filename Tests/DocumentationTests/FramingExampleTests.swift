import Switchboard
import SwitchboardProtocols
import TestSupport
import Testing

/// The protocols of docs/FRAMING.md do what the page says they do.
@Suite(.serialized, .timeLimit(.minutes(15)))
struct FramingExampleTests {
  private func frame(_ text: String) throws(FramingError) -> [UInt8] {
    var frame: [UInt8] = []
    let payload = Array(text.utf8)
    try LengthPrefixed(.uint32(.bigEndian)).write(payload.span) { piece in
      frame += piece.indices.map { piece[$0] }
    }
    return frame
  }

  @Test(arguments: backends)
  func `A parrot repeats each message, in one piece or in single bytes`(
    _ backend: Server.BackendName
  ) throws {
    let messages = ["hello", "", String(repeating: "long ", count: 13_000)]
    let stream = try messages.flatMap { try frame($0) }
    try serving(Parrot(), on: backend) { port, _ in
      let caller = try Caller(to: port)
      try caller.send(stream)
      #expect(try caller.bytes(stream.count) == stream)
      for byte in stream.prefix(13) { try caller.send([byte]) }
      #expect(try caller.bytes(13) == Array(stream.prefix(13)))
    }
  }

  @Test(arguments: backends)
  func `A parrot leaves who announces too much`(_ backend: Server.BackendName) throws {
    try serving(Parrot(), on: backend) { port, _ in
      let caller = try Caller(to: port)
      try caller.send(try frame("a") + [0, 1, 0, 1])
      let expected = try frame("a")
      #expect(try caller.bytes(5) == expected)
      #expect(try caller.toEnd() == "")
    }
  }

  @Test(arguments: backends)
  func `A clipboard keeps what it is given`(_ backend: Server.BackendName) throws {
    try serving(Clipboard(), on: backend) { port, _ in
      let caller = try Caller(to: port)
      try caller.send("get\r\nput 6\r\na\r\nb\r\nget\r\nput x\r\nput 2000000\r\nx")
      #expect(
        try caller.toEnd() == """
          0\r
          6\r
          a\r
          b\r
          say put COUNT or get\r
          a frame is longer than 1048576 bytes; close the connection, or give its reader a larger limit\r

          """)
    }
  }

  @Test func `Records are read in every cut`() throws {
    let stream: [UInt8] = [1, 0, 2, 7, 8, 2, 0, 0, 3, 0, 1, 9, 4]
    for cut in 0...stream.count {
      var reader = FrameReader(Records(), limit: 16)
      var found: [[UInt8]] = []
      for piece in [Array(stream[..<cut]), Array(stream[cut...])] {
        var place = 0
        while let record = try reader.next(in: piece.span, from: &place) {
          found.append(record.copied(from: piece.span))
        }
      }
      #expect(found == [[1, 0, 2, 7, 8], [2, 0, 0], [3, 0, 1, 9]])
      #expect(reader.heldCount == 1)
    }
  }

  /// Greets whoever comes.
  private struct Greeter: Session {
    mutating func opened(_ connection: inout Connection) {
      do { try greet("Ada", &connection) } catch { connection.abort() }
      connection.close()
    }
    mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
  }

  @Test func `A payload may be written in pieces`() throws {
    try serving(Greeter()) { port, _ in
      let expected = try frame("hello Ada")
      #expect(try Caller(to: port).bytes(13) == expected)
    }
  }
}
