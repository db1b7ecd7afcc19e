import Dispatch
import Glibc
import Switchboard

/// Takes away what a `ServerRecorder` has taken down and writes it to a file, fifty times a second,
/// in a thread of its own: the server's loops never wait for the disk.
public final class RecordingWriter: Sendable {
  /// What was written, and what was not.
  public struct Outcome: Hashable, Sendable {
    /// Bytes of the file.
    public var bytes = 0
    /// Records that came when the file was as large as it may be, or could not be written.
    public var leftOut = 0
    /// Why writing ended early.
    public var failure: Errno?
  }

  private struct State {
    var descriptor: Int32 = -1
    var outcome = Outcome()
    var lastStart: UInt64 = 0
    var lastLoop: UInt16 = 0
  }

  /// Where the loops write to.
  public let recorder: ServerRecorder
  private let limit: Int
  private let state = Lock(State())
  private let isEnding = DispatchSemaphore(value: 0)
  private let thread = Lock<OwnedThread?>(nil)

  private let head: RecordingFile.Head

  /// Opens the file, and creates it where there is none. What is in it stays until ``begin()``, so
  /// that a server which cannot start costs nobody an earlier recording.
  ///
  /// - Parameters:
  ///   - limit: How large the file may become, in bytes.
  ///   - capacity: Records that each loop may have waiting.
  /// - Throws: when the file cannot be written.
  public init(
    to path: String, _ head: RecordingFile.Head, limit: Int = 64 << 20, capacity: Int = 1 << 17
  ) throws {
    recorder = ServerRecorder(capacity: capacity)
    self.limit = max(limit, RecordingFile.headSize)
    self.head = head
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw RecordingFile.Failure(
        description: "cannot write '\(path)': \(Errno(rawValue: errno).meaning); "
          + "give a file that can be written")
    }
    state.withLock { $0.descriptor = descriptor }
  }

  /// Empties the file and begins to write. Call it once, when the server listens.
  public func begin() throws(SystemError) {
    // What is no ordinary file, a pipe for example, has nothing to be emptied.
    _ = ftruncate(state.withLock { $0.descriptor }, 0)
    unsafe RecordingFile.encode(head).withUnsafeBytes { unsafe write($0) }
    let started = try OwnedThread { [self] in
      while isEnding.wait(timeout: .now() + .milliseconds(20)) == .timedOut { takeAway() }
      takeAway()
    }
    thread.withLock { $0 = started }
  }

  private func takeAway() {
    recorder.take { records in
      unsafe records.withUnsafeBytes { unsafe writeWhatFits($0) }
    }
  }

  private func writeWhatFits(_ bytes: UnsafeRawBufferPointer) {
    let outcome = state.withLock { $0.outcome }
    // Room for the last word about what was left out.
    let room = outcome.failure == nil ? limit - outcome.bytes - RecordingFile.recordSize : 0
    let fitting = max(0, min(bytes.count, room)) / RecordingFile.recordSize
    if fitting > 0 {
      unsafe write(UnsafeRawBufferPointer(rebasing: bytes[..<(fitting * RecordingFile.recordSize)]))
    }
    let left = bytes.count / RecordingFile.recordSize - fitting
    guard left > 0 else { return }
    let last = unsafe bytes.loadUnaligned(
      fromByteOffset: bytes.count - RecordingFile.recordSize, as: LoopRecord.self)
    state.withLock { state in
      state.outcome.leftOut += left
      (state.lastStart, state.lastLoop) = (last.start, last.loop)
    }
  }

  private func write(_ bytes: UnsafeRawBufferPointer) {
    state.withLock { state in
      var offset = 0
      while offset < bytes.count {
        let count = unsafe Glibc.write(
          state.descriptor, bytes.baseAddress.unsafelyUnwrapped + offset, bytes.count - offset)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else {
          state.outcome.failure = Errno(rawValue: errno)
          return
        }
        offset += count
        state.outcome.bytes += count
      }
    }
  }

  /// Writes what is left and ends. Call it once, when the server has ended.
  public func finish() -> Outcome {
    isEnding.signal()
    thread.withLock { $0.take() }?.join()
    let state = state.withLock { $0 }
    if state.outcome.leftOut > 0, state.outcome.failure == nil {
      var note = LoopRecord(
        code: LoopRecord.Kind.missed.rawValue, loop: state.lastLoop, connection: 0,
        start: state.lastStart)
      note.wide = UInt64(state.outcome.leftOut)
      unsafe RecordingFile.encode(note).withUnsafeBytes { unsafe write($0) }
    }
    close(state.descriptor)
    return self.state.withLock { $0.outcome }
  }
}

/// A thread that a class can hold; whoever ends it does so once.
private final class OwnedThread: @unchecked Sendable {
  private var thread: LoopThread?

  init(_ body: sending @escaping () -> Void) throws(SystemError) { thread = try LoopThread(body) }

  func join() { thread.take()?.join() }
}
