import Switchboard
import SwitchboardBase

/// A file with the records of a server.
///
/// A head of 64 bytes, then `LoopRecord`s of 32 bytes each, one loop's in the order in which things
/// happened; those of several loops follow each other in stretches. All numbers are little-endian:
///
/// | at | bytes | what |
/// |---|---|---|
/// | 0 | 8 | `SWBRECRD` |
/// | 8 | 2 | version, 1 |
/// | 10 | 2 | size of the head, 64 |
/// | 12 | 2 | size of a record, 32 |
/// | 14 | 2 | loops |
/// | 16 | 8 | monotonic clock when recording began, ns |
/// | 24 | 8 | wall clock then, ns since 1970 |
/// | 32 | 16 | what the loops wait with, padded with zeros |
/// | 48 | 4 | process |
/// | 52 | 8 | how large the file may become, in bytes; 0 where that is not known |
/// | 60 | 4 | zeros |
///
/// There is nothing at its end. So a file that was cut off, since its server was killed, is good up
/// to its last whole record.
public enum RecordingFile {
  /// What the beginning of a file says.
  public struct Head: Hashable, Sendable {
    /// Loops that are recorded.
    public var loops: Int
    /// When recording began.
    public var start: Instant
    /// The wall clock then, in nanoseconds since 1970.
    public var wallClock: UInt64
    /// What the loops wait with; 16 bytes count.
    public var backend: String
    /// The server's process.
    public var process: Int32
    /// How large the file may become, in bytes; 0 where that is not known.
    public var limit: UInt64

    /// A head with all that it says.
    public init(
      loops: Int, start: Instant, wallClock: UInt64, backend: String, process: Int32,
      limit: UInt64 = 0
    ) {
      self.loops = loops
      self.start = start
      self.wallClock = wallClock
      self.backend = backend
      self.process = process
      self.limit = limit
    }
  }

  static let magic = Array("SWBRECRD".utf8)
  /// The version that is written and read.
  public static let version = 1
  static let headSize = 64
  /// The size of a record.
  public static let recordSize = 32

  /// The bytes that a file begins with.
  public static func encode(_ head: Head) -> [UInt8] {
    var bytes = magic
    let append = { (value: UInt64, count: Int) in
      for place in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * place))) }
    }
    append(UInt64(version), 2)
    append(UInt64(headSize), 2)
    append(UInt64(recordSize), 2)
    append(UInt64(clamping: head.loops), 2)
    append(head.start.nanoseconds, 8)
    append(head.wallClock, 8)
    let name = Array(head.backend.utf8.prefix(16))
    bytes += name + Array(repeating: 0, count: 16 - name.count)
    append(UInt64(UInt32(bitPattern: head.process)), 4)
    append(head.limit, 8)
    bytes += Array(repeating: 0, count: headSize - bytes.count)
    return bytes
  }

  /// The bytes of a record.
  public static func encode(_ record: LoopRecord) -> [UInt8] {
    unsafe withUnsafeBytes(of: record) { unsafe Array($0) }
  }

  /// The largest recording that is read, in bytes: as large as `--record-limit` lets one become.
  static let largest = 1 << 32

  /// Reads a file, as it comes: what is held is what it says.
  ///
  /// - Throws: when there is none, or when it is something else.
  public static func read(_ path: String) throws(FileTrouble) -> Recording {
    var decoder: RecordingDecoder?
    let head = try eachRecord(of: path, atMost: .max) { record, head in
      if decoder == nil { decoder = RecordingDecoder(head) }
      decoder?.add(record)
    }
    return (decoder ?? RecordingDecoder(head)).finish()
  }

  /// Reads a file and holds nothing of it.
  ///
  /// - Parameters:
  ///   - most: Records that are told.
  ///   - take: Gets each record, in the order of the file.
  /// - Returns: What the file's head says.
  static func eachRecord(
    of path: String, atMost most: Int, _ take: (LoopRecord, Head) -> Void
  ) throws(FileTrouble) -> Head {
    var (rest, size, told): ([UInt8], Int, Int) = ([], 0, 0)
    var known: Head?
    try InputFile.read(path, wanted: "the file of a recording") { piece throws(FileTrouble) in
      size += piece.count
      guard size <= largest else {
        throw FileTrouble(path, "is larger than any recording; give one that --record has written")
      }
      guard known == nil || told < most else { return }
      rest += piece
      if known == nil, rest.count >= headSize || !isBegun(rest) {
        known = try head(of: rest, path)
        rest.removeFirst(headSize)
      }
      guard let known else { return }
      let whole = min(rest.count / recordSize, most - told)
      eachRecord(of: rest[..<(whole * recordSize)]) { take($0, known) }
      told += whole
      rest.removeFirst(whole * recordSize)
    }
    if let known { return known }
    return try head(of: rest, path)
  }

  /// The whole records of these bytes.
  static func eachRecord(of bytes: ArraySlice<UInt8>, _ take: (LoopRecord) -> Void) {
    unsafe bytes.withUnsafeBytes { bytes in
      var place = 0
      while place + recordSize <= bytes.count {
        take(unsafe bytes.loadUnaligned(fromByteOffset: place, as: LoopRecord.self))
        place += recordSize
      }
    }
  }

  /// The whole records of these bytes, at once.
  static func records(of bytes: ArraySlice<UInt8>) -> [LoopRecord] {
    var records: [LoopRecord] = []
    records.reserveCapacity(bytes.count / recordSize)
    eachRecord(of: bytes) { records.append($0) }
    return records
  }

  /// Whether these may be the first bytes of a recording.
  static func isBegun(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: magic.prefix(bytes.count))
  }

  /// Reads the bytes of a file.
  ///
  /// - Parameter name: What errors call it.
  public static func decode(_ bytes: [UInt8], named name: String) throws(FileTrouble) -> Recording {
    var decoder = RecordingDecoder(try head(of: bytes, name))
    eachRecord(of: bytes[headSize...]) { decoder.add($0) }
    return decoder.finish()
  }

  static func head(of bytes: [UInt8], _ name: String) throws(FileTrouble) -> Head {
    guard isBegun(bytes), !bytes.isEmpty else {
      throw FileTrouble(name, "is no recording; 'switchboard serve --record FILE' makes one")
    }
    guard bytes.count >= headSize else {
      throw FileTrouble(name, "is cut off in its head, nothing can be read; record anew")
    }
    let number = { (place: Int, count: Int) in
      bytes[place..<place + count].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
    let version = number(8, 2)
    guard version == UInt64(self.version) else {
      throw FileTrouble(
        name,
        "is a recording of version \(version) and this program reads version \(self.version); "
          + "use the switchboard that made it")
    }
    guard number(10, 2) == UInt64(headSize), number(12, 2) == UInt64(recordSize) else {
      throw FileTrouble(name, "has a damaged head, nothing can be read; record anew")
    }
    return Head(
      loops: Int(number(14, 2)), start: Instant(nanoseconds: number(16, 8)),
      wallClock: number(24, 8),
      backend: String(decoding: bytes[32..<48].prefix { $0 != 0 }, as: UTF8.self),
      process: Int32(truncatingIfNeeded: number(48, 4)), limit: number(52, 8))
  }
}
