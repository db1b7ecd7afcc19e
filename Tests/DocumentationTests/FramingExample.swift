// The protocols that docs/FRAMING.md teaches with. The marked pieces stand there word for word.

import Switchboard
import SwitchboardProtocols

// snippet parrot
/// Answers each message with the same one. In front of a message stands its length, in four bytes.
struct Parrot: Session {
  private var frames = FrameReader(LengthPrefixed(.uint32(.bigEndian)), limit: 64 << 10)

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    var place = 0
    do {
      while let message = try frames.next(in: bytes, from: &place) {
        try message.withBytes(of: bytes) { message in
          try frames.format.write(message) { connection.write($0) }
        }
      }
    } catch {
      connection.close()
    }
  }
}
// end

// snippet clipboard
/// Keeps what it is given, until it is given something else: `put 5` and five bytes. `get` answers
/// with the number of bytes in a line, and the bytes.
struct Clipboard: Session {
  private var lines = FrameReader(Lines(.crlf), limit: 80)
  private var body = FrameReader(FixedLength(1), limit: 1 << 20)
  private var isBody = false
  private var kept: [UInt8] = []

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    var place = 0
    do {
      while place < bytes.count {
        if isBody {
          guard let data = try body.next(in: bytes, from: &place) else { break }
          kept = data.copied(from: bytes)
          isBody = false
        } else if let line = try lines.next(in: bytes, from: &place) {
          obey(String(decoding: line.copied(from: bytes), as: UTF8.self), &connection)
        }
      }
    } catch {
      connection.write("\(error)\r\n")
      connection.close()
    }
  }

  private mutating func obey(_ line: String, _ connection: inout Connection) {
    if line == "get" {
      connection.write("\(kept.count)\r\n")
      connection.write(kept.span)
    } else if line.hasPrefix("put "), let count = Int(line.dropFirst(4)), count > 0 {
      body.format.count = count
      isBody = true
    } else {
      connection.write("say put COUNT or get\r\n")
    }
  }
}
// end

// snippet records
/// Frames of a kind, a length in two bytes and so many bytes; all of a frame is its payload.
struct Records: Framing {
  let mostOverhead = 0

  func locate(
    in bytes: Span<UInt8>, searched: Int, limit: Int
  ) throws(FramingError) -> FrameLocation {
    guard bytes.count >= 3 else { return .needs(atLeast: 3) }
    let end = 3 + Int(bytes[1]) << 8 + Int(bytes[2])
    return bytes.count < end ? .needs(atLeast: end) : .whole(payload: 0..<end, end: end)
  }

  func write(_ payload: Span<UInt8>, to sink: (Span<UInt8>) -> Void) throws(FramingError) {
    sink(payload)
  }
}
// end

/// How a payload is written that is made in pieces; the greeting of a test.
func greet(_ name: String, _ connection: inout Connection) throws(FramingError) {
  let format = LengthPrefixed(.uint32(.bigEndian))
  // snippet pieces
  try format.writeHead(ofCount: 6 + name.utf8.count) { connection.write($0) }
  connection.write("hello ")
  connection.write(name)
  // end
}
