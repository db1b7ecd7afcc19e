import SwitchboardProtocols
import Testing

/// What a stream gives: its payloads, the error that ends it, and how much is held at its end.
struct Reading: Equatable {
  var payloads: [[UInt8]] = []
  var error: FramingError?
  var held = 0
}

extension Framing {
  /// What a stream gives that comes in such pieces.
  func reading(_ pieces: [[UInt8]], limit: Int) -> Reading {
    var reader = FrameReader(self, limit: limit)
    var found = Reading()
    let (sum, overflows) = limit.addingReportingOverflow(mostOverhead)
    do throws(FramingError) {
      for piece in pieces {
        var place = 0
        while let payload = try reader.next(in: piece.span, from: &place) {
          found.payloads.append(payload.copied(from: piece.span))
          guard payload.count == found.payloads.last?.count, reader.heldCount == 0 else {
            Issue.record("\(self): \(reader.heldCount) bytes held between frames")
            break
          }
        }
        guard place == piece.count, overflows || reader.heldCount < max(1, sum) else {
          Issue.record("\(self): stopped at \(place), with \(reader.heldCount) bytes held")
          break
        }
      }
    } catch {
      found.error = error
    }
    found.held = reader.heldCount
    return found
  }

  /// What a stream gives, after having seen that it gives the same in one piece, in single bytes
  /// and in every three pieces.
  func readingInEveryCut(_ stream: [UInt8], limit: Int) -> Reading {
    let whole = reading([stream], limit: limit)
    #expect(reading(stream.map { [$0] }, limit: limit) == whole, "\(self), single bytes")
    for first in 0...stream.count {
      for second in first...stream.count {
        let pieces = [stream[..<first], stream[first..<second], stream[second...]].map { Array($0) }
        guard reading(pieces, limit: limit) != whole else { continue }
        Issue.record("\(self): another reading when cut at \(first) and \(second): \(stream)")
      }
    }
    return whole
  }

  /// A payload's frame.
  func frame(_ payload: [UInt8]) throws(FramingError) -> [UInt8] {
    var frame: [UInt8] = []
    try write(payload.span) { piece in frame += piece.indices.map { piece[$0] } }
    return frame
  }
}

/// One of each kind, and all that a length can be written as.
let framings: [any Framing] = {
  var prefixes: [LengthPrefixed.Prefix] = [.uint8, .varint]
  for order: LengthPrefixed.ByteOrder in [.bigEndian, .littleEndian] {
    prefixes += [.uint16(order), .uint24(order), .uint32(order), .uint64(order)]
  }
  var framings: [any Framing] = prefixes.flatMap {
    [LengthPrefixed($0), LengthPrefixed($0, countsItself: true)]
  }
  framings += [Lines(.lf), Lines(.crlf), Lines(.either)] as [any Framing]
  framings += ["\n", "--", "aab", "abab"].map { Delimited(by: $0) } as [any Framing]
  return framings + [Netstrings(), FixedLength(1), FixedLength(7)]
}()
