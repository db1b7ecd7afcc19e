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
    var rest: [UInt8] = []
    var decoder: RecordingDecoder?
    var size = 0
    try InputFile.read(path, wanted: "the file of a recording") { piece throws(FileTrouble) in
      size += piece.count
      guard size <= largest else {
        throw FileTrouble(path, "is larger than any recording; give one that --record has written")
      }
      rest += piece
      if decoder == nil, rest.count >= headSize || !isBegun(rest) {
        decoder = RecordingDecoder(try head(of: rest, path))
        rest.removeFirst(headSize)
      }
      let whole = rest.count / recordSize * recordSize
      decoder?.add(rest[..<whole])
      if decoder != nil { rest.removeFirst(whole) }
    }
    if let decoder { return decoder.finish() }
    return try decode(rest, named: path)
  }

  /// The records of these bytes, of which there are only whole ones.
  static func records(of bytes: ArraySlice<UInt8>) -> [LoopRecord] {
    unsafe bytes.withUnsafeBytes { bytes in
      (0..<bytes.count / recordSize).map {
        unsafe bytes.loadUnaligned(fromByteOffset: $0 * recordSize, as: LoopRecord.self)
      }
    }
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
    decoder.add(bytes[headSize...])
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

/// Makes a recording of records.
private struct RecordingDecoder {
  private let head: RecordingFile.Head
  private var recording = Recording()
  private var names: [UInt64: ConnectionName] = [:]
  private var accepted: [(start: UInt64, name: ConnectionName)] = []

  init(_ head: RecordingFile.Head) {
    self.head = head
    recording.backend = head.backend
    recording.wallClock = head.wallClock
  }

  /// Adds the whole records of these bytes.
  mutating func add(_ bytes: ArraySlice<UInt8>) {
    for record in RecordingFile.records(of: bytes) { add(record) }
  }

  mutating func add(_ record: LoopRecord) {
    guard Int(record.loop) < max(1, head.loops) else {
      recording.unknown += 1
      return
    }
    if let kind = CallbackKind(rawValue: record.code) { return addCallback(kind, record) }
    let start = Instant(nanoseconds: record.start)
    switch LoopRecord.Kind(rawValue: record.code) {
    case .wait:
      let end = start + .nanoseconds(Int64(clamping: record.wide))
      recording.waits.append(
        WaitRecord(
          loop: Int(record.loop), start: start, end: end, completions: Int(record.c)))
    case .accepted:
      let name = ConnectionName(Key(rawValue: record.wide), loop: Int(record.loop))
      names[place(of: record)] = name
      accepted.append((record.start, name))
    case .sent, .returned:
      let end = start + .nanoseconds(Int64(clamping: LoopRecord.unpacked(record.a)))
      let isReturn = record.code == LoopRecord.Kind.returned.rawValue
      recording.sends.append(
        SendRecord(
          connection: name(of: record), start: start, end: end,
          bytes: isReturn ? -Int(record.d) : Int(record.d)))
    case .missed:
      let (sum, overflow) = recording.missed.addingReportingOverflow(Int(clamping: record.wide))
      recording.missed = overflow ? .max : sum
    case nil: recording.unknown += 1
    }
  }

  private mutating func addCallback(_ kind: CallbackKind, _ record: LoopRecord) {
    let start = Instant(nanoseconds: record.start)
    let connection = name(of: record)
    var callback = CallbackRecord(
      kind, of: connection.key, loop: connection.loop, from: start,
      to: start + .nanoseconds(Int64(clamping: LoopRecord.unpacked(record.a))))
    callback.sending = LoopRecord.unpacked(record.b)
    callback.sent = record.d
    if kind == .closed {
      callback.closeReason = record.closeReason
    } else {
      callback.received = record.c
    }
    recording.callbacks.append(callback)
  }

  private func place(of record: LoopRecord) -> UInt64 {
    UInt64(record.loop) << 32 | UInt64(record.connection)
  }

  /// Whose record it is; one whose accepting was missed gets a key that no connection has.
  private func name(of record: LoopRecord) -> ConnectionName {
    names[place(of: record)]
      ?? ConnectionName(
        Key(index: record.connection, generation: 0), loop: Int(record.loop))
  }

  consuming func finish() -> Recording {
    recording.callbacks.sort { $0.start < $1.start }
    recording.waits.sort { $0.start < $1.start }
    recording.sends.sort { $0.start < $1.start }
    for (_, name) in accepted.sorted(by: { $0.start < $1.start })
    where recording.numbers[name] == nil {
      recording.numbers[name] = recording.numbers.count
    }
    return recording.numbered()
  }
}
