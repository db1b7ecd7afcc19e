import Dispatch
import Glibc
import Switchboard
import SwitchboardBase

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

  /// Where the loops write to.
  public let recorder: ServerRecorder
  private let limit: Int
  private let head: RecordingFile.Head
  private let sink: Sink
  private let isEnding = DispatchSemaphore(value: 0)
  private let thread = Lock<OwnedThread?>(nil)

  /// Opens the file, and creates it where there is none. What is in it stays until ``begin()``, so
  /// that a server which cannot start costs nobody an earlier recording. A pipe that nobody reads yet
  /// is opened when somebody does.
  ///
  /// - Parameters:
  ///   - limit: How large the file may become, in bytes.
  ///   - capacity: Records that each loop may have waiting.
  /// - Throws: ``FileTrouble`` when the file cannot be written.
  public init(
    to path: String, _ head: RecordingFile.Head, limit: Int = 64 << 20, capacity: Int = 1 << 17
  ) throws {
    sink = try Sink(path)
    recorder = ServerRecorder(capacity: capacity)
    self.limit = max(limit, RecordingFile.headSize)
    var head = head
    head.limit = UInt64(self.limit)
    self.head = head
  }

  /// Empties the file and begins to write. Call it once, when the server listens.
  public func begin() throws(SystemError) {
    sink.empty()
    let started = try OwnedThread { [self] in
      while isEnding.wait(timeout: .now() + .milliseconds(20)) == .timedOut { takeAway() }
      takeAway()
      sink.noteLeftOut()
    }
    thread.withLock { $0 = started }
  }

  private func takeAway() {
    guard sink.open(head) else { return }
    recorder.take { records in
      unsafe records.withUnsafeBytes { unsafe sink.add($0, upTo: limit) }
    }
  }

  /// Writes what is left and ends: at most a second after a reader has stopped. Call it once, when the
  /// server has ended.
  public func finish() -> Outcome {
    sink.isEnding.store(true, ordering: .relaxed)
    isEnding.signal()
    thread.withLock { $0.take() }?.join()
    return sink.close()
  }
}
