import Glibc
import Switchboard
import SwitchboardBase

/// A recording that may still be written: what has come to it since the last look.
///
/// A record that is there in part is waited for, and so is the head. It is an error when what was read is there no
/// more: the file was emptied, or has become another one. A file that was only given another name is read on.
/// One user at a time; any thread.
package final class RecordingTail {
  /// How far reading is.
  package enum Standing: Sendable {
    /// All that is there was read.
    case upToDate
    /// There is more.
    case behind
    /// Nothing can come any more: the writer of a pipe has closed it.
    case over
  }

  private let path: String
  private let descriptor: Int32
  private let isOwned: Bool
  private let isOrdinary: Bool
  /// What the file begins with, as far as it is known.
  private var beginning: [UInt8] = []
  /// The part of a record.
  private var rest: [UInt8] = []
  private var buffer: [UInt8]
  private var offset = 0
  /// What the beginning says; nil until it is there whole.
  package private(set) var head: RecordingFile.Head?
  package private(set) var standing = Standing.behind

  /// What is read at once, in bytes: a bound for how long nobody draws.
  private static let piece = 1 << 19

  /// Opens a file, a pipe, or with `-` standard input, waiting for nobody.
  ///
  /// - Throws: when that cannot be.
  package init(_ path: String) throws(FileTrouble) {
    self.path = path
    isOwned = path != "-"
    descriptor = isOwned ? FileCalls.open(path, O_RDONLY | O_NONBLOCK) : 0
    guard descriptor >= 0 else {
      throw FileTrouble(reading: path, Errno(rawValue: errno), wanted: RecordingTail.wanted)
    }
    isOrdinary = FileCalls.status(of: descriptor)?.isOrdinary == true
    buffer = [UInt8](repeating: 0, count: RecordingTail.piece)
  }

  deinit { if isOwned, descriptor >= 0 { close(descriptor) } }

  private static let wanted = "the file of a recording"

  /// How much of the file was read, from 0 to 1; nil where that cannot be told.
  package var share: Double? {
    guard isOrdinary, let size = FileCalls.status(of: descriptor)?.size, size > 0 else {
      return nil
    }
    return min(1, Double(offset) / Double(size))
  }

  /// Whether the file is as large as whoever writes it lets it become.
  package var isFull: Bool {
    guard isOrdinary, let limit = head?.limit, limit > 0 else { return false }
    // Kept free is a record for the last word about what was left out.
    return UInt64(clamping: offset + 2 * RecordingFile.recordSize) > limit
  }

  /// The records that have come, and what is to be expected: at most half a megabyte of them. Never waits.
  ///
  /// - Throws: ``FileTrouble`` when the file is no recording, is not the same any more, or cannot be read.
  package func next() throws(FileTrouble) -> [LoopRecord] {
    if isOrdinary { try checkSameness() }
    guard isReadable else {
      standing = .upToDate
      return []
    }
    let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
    guard count > 0 else {
      try ended(with: count)
      return []
    }
    standing = count == buffer.count ? .behind : .upToDate
    offset += count
    return try records(of: buffer[..<count])
  }

  private var isReadable: Bool {
    var one = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&one, 1, 0) > 0
  }

  private func ended(with count: Int) throws(FileTrouble) {
    let failure = errno
    if count < 0, failure != EAGAIN, failure != EINTR {
      throw FileTrouble(reading: path, Errno(rawValue: failure), wanted: RecordingTail.wanted)
    }
    // A pipe that nobody has written to yet reads as if it had ended, but for one that was there from the start.
    let hasEnded = count == 0 && !isOrdinary && (offset > 0 || !isOwned)
    standing = hasEnded ? .over : .upToDate
    if hasEnded, head == nil { _ = try RecordingFile.head(of: beginning, path) }
  }

  private func records(of bytes: ArraySlice<UInt8>) throws(FileTrouble) -> [LoopRecord] {
    var bytes = bytes
    if head == nil {
      let missing = bytes.prefix(RecordingFile.headSize - beginning.count)
      beginning += missing
      bytes = bytes.dropFirst(missing.count)
      guard beginning.count == RecordingFile.headSize || !RecordingFile.isBegun(beginning) else {
        return []
      }
      head = try RecordingFile.head(of: beginning, path)
    }
    rest += bytes
    let whole = rest.count / RecordingFile.recordSize * RecordingFile.recordSize
    defer { rest.removeFirst(whole) }
    return RecordingFile.records(of: rest[..<whole])
  }

  /// Whoever begins a recording anew empties its file first.
  private func checkSameness() throws(FileTrouble) {
    let begun = "; begin again to see the recording that is there now"
    guard let ours = FileCalls.status(of: descriptor), ours.size >= offset, isBeginningThere else {
      throw FileTrouble(path, "was emptied while it was read" + begun)
    }
    if let named = FileCalls.status(path), !named.isSame(as: ours) {
      throw FileTrouble(path, "is another file now" + begun)
    }
  }

  private var isBeginningThere: Bool {
    guard !beginning.isEmpty else { return true }
    var now = [UInt8](repeating: 0, count: beginning.count)
    return unsafe pread(descriptor, &now, now.count, 0) == now.count && now == beginning
  }

  /// That a file ends within its head, where nothing is to follow.
  package func requireHead() throws(FileTrouble) {
    if head == nil { head = try RecordingFile.head(of: beginning, path) }
  }
}
