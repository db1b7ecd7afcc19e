import Glibc
import Switchboard
import SwitchboardBase
import Synchronization

/// The file of a ``RecordingWriter``. It belongs to the writer's thread, but for what is said otherwise.
extension RecordingWriter {
  final class Sink: @unchecked Sendable {
    private let path: String
    /// -1 as long as a pipe has no reader.
    private var descriptor: Int32
    private let isOwned: Bool
    /// What is no ordinary file may keep us waiting.
    private var isOrdinary = false
    private var outcome = Outcome()
    private var last: LoopRecord?
    /// Set by the thread that ends the recording.
    let isEnding = Atomic(false)
    private var patience = Instant(nanoseconds: 0)

    /// Opens it where that does not wait for anybody.
    init(_ path: String) throws(FileTrouble) {
      self.path = path
      if let number = OutputFile.openNumber(path) {
        (descriptor, isOwned) = (number, false)
        guard fcntl(number, F_GETFL) >= 0, !StandardStreams.wereClosed(number) else {
          throw FileTrouble(writing: path, Errno(rawValue: EBADF))
        }
        return
      }
      (descriptor, isOwned) = (FileCalls.open(path, Sink.flags | O_CREAT), true)
      let failure = errno
      if descriptor < 0, failure != ENXIO || FileCalls.status(path)?.isPipe != true {
        throw FileTrouble(writing: path, Errno(rawValue: failure))
      }
    }

    private static let flags = O_WRONLY | O_NONBLOCK

    /// Empties a file that the recording has for itself. Before the thread begins.
    func empty() {
      isOrdinary = FileCalls.status(of: descriptor)?.isOrdinary == true
      if isOrdinary, isOwned, ftruncate(descriptor, 0) != 0 {
        outcome.failure = Errno(rawValue: errno)
      }
    }

    /// Makes sure that there is somebody to write to, and that the head is written.
    func open(_ head: RecordingFile.Head) -> Bool {
      if descriptor < 0 { descriptor = FileCalls.open(path, Sink.flags) }
      guard descriptor >= 0 else { return false }
      if outcome.bytes == 0, outcome.failure == nil {
        unsafe RecordingFile.encode(head).withUnsafeBytes { unsafe write($0) }
      }
      return true
    }

    /// Writes whole records, as long as the file is not larger than it may be.
    func add(_ bytes: UnsafeRawBufferPointer, upTo limit: Int) {
      let size = RecordingFile.recordSize
      // Room for the last word about what was left out.
      let room = outcome.failure == nil ? limit - outcome.bytes - size : 0
      let fitting = max(0, min(bytes.count, room)) / size
      if fitting > 0 { unsafe write(UnsafeRawBufferPointer(rebasing: bytes[..<(fitting * size)])) }
      let left = bytes.count / size - fitting
      guard left > 0 else { return }
      outcome.leftOut += left
      last = unsafe bytes.loadUnaligned(fromByteOffset: bytes.count - size, as: LoopRecord.self)
    }

    /// Says, as the last record, what was left out.
    func noteLeftOut() {
      guard outcome.leftOut > 0, outcome.failure == nil else { return }
      var note = LoopRecord(
        code: LoopRecord.Kind.missed.rawValue, loop: last?.loop ?? 0, connection: 0,
        start: last?.start ?? 0)
      note.wide = UInt64(outcome.leftOut)
      unsafe RecordingFile.encode(note).withUnsafeBytes { unsafe write($0) }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) {
      patience = Linux().now() + .seconds(1)
      let wait = { [self] in
        // A reader that has stopped is waited for; when the server has ended, only so long.
        if !isEnding.load(ordering: .relaxed) { patience = Linux().now() + .seconds(1) }
        return Linux().now() < patience
      }
      let written = unsafe WholeWrite(bytes, to: descriptor, while: isOrdinary ? nil : wait)
      outcome.bytes += written.written
      outcome.failure = written.failure
    }

    /// Closes the file. When the thread has ended.
    func close() -> Outcome {
      if descriptor < 0 { outcome.failure = Errno(rawValue: ENXIO) }
      if isOwned, descriptor >= 0, Glibc.close(descriptor) != 0, outcome.failure == nil {
        outcome.failure = Errno(rawValue: errno)
      }
      return outcome
    }
  }
}
