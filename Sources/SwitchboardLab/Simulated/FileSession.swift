import Foundation
import Switchboard

/// A file server at its plainest. A request is four bytes, from where on and how much, in units of four and of two;
/// the reply is that part of a file, as far as there is one, between two marks.
struct FileSession: Session {
  static let begin = UInt8(ascii: "<")
  static let end = UInt8(ascii: ">")
  static let requestLength = 4

  let file: SharedFile

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    var place = 0
    while bytes.count - place >= Self.requestLength, !connection.hasWrittenMuch {
      let (offset, count) = Self.range((0..<Self.requestLength).map { bytes[place + $0] }[...])
      connection.write(Self.begin)
      connection.write(file, from: offset, count: count)
      connection.write(Self.end)
      place += Self.requestLength
    }
    connection.leave(bytes.extracting(droppingFirst: place))
  }

  static func range(_ request: ArraySlice<UInt8>) -> (offset: Int, count: Int) {
    let numbers = request.map { Int($0) }
    return ((numbers[0] << 8 | numbers[1]) * 4, (numbers[2] << 8 | numbers[3]) * 2)
  }
}

/// The model of ``FileSession``, with the file's bytes in memory.
enum FileModel {
  private static let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }

  /// The file: one of this process, which has no name any more.
  static func file() throws -> SharedFile {
    let path = FileManager.default.temporaryDirectory.path + "/simulated-\(UUID())"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return try SharedFile(path)
  }

  static func request(_ random: inout SimulatedRandom) -> [UInt8] {
    let offset = random.below(55_000)
    let count = random.chance(0.1) ? random.below(65_536) : random.below(200)
    return [offset >> 8, offset & 0xFF, count >> 8, count & 0xFF].map { UInt8($0) }
  }

  static func replies(_ sent: [UInt8]) -> [UInt8] {
    var all: [UInt8] = []
    var start = 0
    while sent.count - start >= FileSession.requestLength {
      let (offset, count) = FileSession.range(sent[start..<start + FileSession.requestLength])
      all.append(FileSession.begin)
      if offset < bytes.count { all += bytes[offset..<min(bytes.count, offset + count)] }
      all.append(FileSession.end)
      start += FileSession.requestLength
    }
    return all
  }
}
