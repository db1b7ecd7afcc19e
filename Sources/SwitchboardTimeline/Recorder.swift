import Glibc
import Switchboard

/// Wraps a handler and notes when each of its callbacks began and returned.
///
/// A server that is not wrapped pays nothing. One that is pays for two readings of the clock and
/// one write into a buffer whose size never changes; when that is full, callbacks are counted and
/// no longer noted.
public struct Recorder<Base: ReactorHandler & ~Copyable>: ReactorHandler, ~Copyable {
  /// The kernel that the peers' sockets live in.
  public typealias System = Base.System

  /// The handler that does the work.
  public var base: Base
  private let system: System
  private let capacity: Int
  private var recording = Recording()
  private var processorTimeAtStart: Duration?

  /// Records up to `capacity` callbacks of a handler, with the clock of `system`.
  public init(_ base: consuming Base, capacity: Int = 4096, system: System) {
    self.base = base
    self.system = system
    self.capacity = capacity
    recording.callbacks.reserveCapacity(capacity)
  }

  /// What has been recorded. Call it on the reactor's thread: it reads that thread's clock.
  public consuming func finish() -> Recording {
    recording.processorTime = processorTimeAtStart.map { threadProcessorTime() - $0 }
    return recording
  }

  /// Makes a callback and notes it.
  private mutating func observe<Answer>(
    _ kind: CallbackKind, _ peer: Key, reason: CloseReason? = nil,
    _ callback: (inout Base) -> Answer
  ) -> Answer {
    let start = system.now()
    let answer = callback(&base)
    let end = system.now()
    if recording.callbacks.count < capacity {
      var record = CallbackRecord(kind, of: peer, from: start, to: end)
      record.closeReason = reason?.description
      recording.callbacks.append(record)
    } else {
      recording.missed += 1
    }
    return answer
  }

  public mutating func peerConnected(_ peer: inout Peer<System>) -> Interest {
    if processorTimeAtStart == nil { processorTimeAtStart = threadProcessorTime() }
    return observe(.connected, peer.key) { $0.peerConnected(&peer) }
  }
  public mutating func readyToReceive(_ peer: inout Peer<System>) -> Interest {
    observe(.receive, peer.key) { $0.readyToReceive(&peer) }
  }
  public mutating func readyToSend(_ peer: inout Peer<System>) -> Interest {
    observe(.send, peer.key) { $0.readyToSend(&peer) }
  }
  public mutating func timeElapsed(_ peer: inout Peer<System>) -> Interest {
    observe(.alarm, peer.key) { $0.timeElapsed(&peer) }
  }
  public mutating func drain(_ peer: inout Peer<System>) -> Interest {
    observe(.drain, peer.key) { $0.drain(&peer) }
  }
  public mutating func peerClosed(_ peer: inout Peer<System>, _ reason: CloseReason) {
    observe(.closed, peer.key, reason: reason) { $0.peerClosed(&peer, reason) }
  }

  public mutating func ready(_ readiness: Readiness, watched descriptor: Descriptor) -> Interest {
    base.ready(readiness, watched: descriptor)
  }

  public mutating func notice(_ notice: LoopNotice) { base.notice(notice) }
}

/// What the calling thread has had of a processor so far.
private func threadProcessorTime() -> Duration {
  var time = timespec()
  unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}
