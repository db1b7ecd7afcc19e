import Switchboard
import TestSupport

/// What a handler was told, kept so that a test can wait for it from another thread.
final class Record: Sendable {
  struct Closed: Hashable {
    let key: Key
    let port: UInt16
    let reason: CloseReason
  }

  struct Entries {
    /// Peers that stand, by the port they come from.
    var live: [UInt16: Key] = [:]
    var connected = 0
    var closed: [Closed] = []
    /// Connection attempts that failed, among the closed.
    var failedAttempts = 0
    var notices: [LoopNotice] = []
    var alarms: [Instant] = []
    var watched: [Readiness] = []
    /// What must never happen, in words.
    var mistakes: [String] = []
    /// Keys whose peer was closed; each names one peer in the life of a reactor.
    fileprivate var dead: Set<Key> = []
    fileprivate var keys: Set<Key> = []

    var resumed: Int { notices.filter { $0 == .acceptingResumed }.count }
    var pauses: [LoopNotice.Pause] {
      notices.compactMap { if case .acceptingPaused(let why) = $0 { why } else { nil } }
    }
    func reason(of client: Client) -> CloseReason? {
      closed.last { $0.port == client.port }?.reason
    }
  }

  let entries = Monitor(Entries())

  func wait(milliseconds: Int = longestWait * 1000, until holds: (Entries) -> Bool) -> Bool {
    entries.wait(milliseconds: milliseconds, until: holds)
  }

  fileprivate func connected(_ key: Key, _ port: UInt16) {
    entries.with {
      $0.connected += 1
      if !$0.keys.insert(key).inserted { $0.mistakes.append("key \(key) came twice") }
      $0.live[port] = key
    }
  }

  fileprivate func called(_ key: Key, _ what: String) {
    entries.with {
      if $0.dead.contains(key) { $0.mistakes.append("\(what) after \(key) was closed") }
      if !$0.keys.contains(key) { $0.mistakes.append("\(what) before \(key) was connected") }
    }
  }

  fileprivate func closed(_ key: Key, _ port: UInt16, _ reason: CloseReason) {
    entries.with {
      if !$0.dead.insert(key).inserted { $0.mistakes.append("\(key) closed twice") }
      if !$0.keys.contains(key) {
        $0.failedAttempts += 1
        guard case .connectFailed = reason else {
          return $0.mistakes.append("\(key) closed before it was connected: \(reason)")
        }
      }
      if $0.live[port] == key { $0.live[port] = nil }
      $0.closed.append(Closed(key: key, port: port, reason: reason))
    }
  }
}

/// A handler that enters in a ``Record`` what it is told, and passes it on.
struct Recorded<Inner: ReactorHandler & ~Copyable>: ReactorHandler, ~Copyable {
  typealias System = Inner.System
  var inner: Inner
  let record: Record

  init(_ inner: consuming Inner, in record: Record) {
    self.inner = inner
    self.record = record
  }

  mutating func peerConnected(_ peer: inout Peer<System>) -> Interest {
    record.connected(peer.key, peer.address.port)
    return inner.peerConnected(&peer)
  }
  mutating func readyToReceive(_ peer: inout Peer<System>) -> Interest {
    record.called(peer.key, "readyToReceive")
    return inner.readyToReceive(&peer)
  }
  mutating func readyToSend(_ peer: inout Peer<System>) -> Interest {
    record.called(peer.key, "readyToSend")
    return inner.readyToSend(&peer)
  }
  mutating func timeElapsed(_ peer: inout Peer<System>) -> Interest {
    record.called(peer.key, "timeElapsed")
    let now = peer.now
    record.entries.with { $0.alarms.append(now) }
    return inner.timeElapsed(&peer)
  }
  mutating func drain(_ peer: inout Peer<System>) -> Interest {
    record.called(peer.key, "drain")
    return inner.drain(&peer)
  }
  mutating func peerClosed(_ peer: inout Peer<System>, _ reason: CloseReason) {
    inner.peerClosed(&peer, reason)
    record.closed(peer.key, peer.address.port, reason)
  }
  mutating func ready(_ readiness: Readiness, watched descriptor: Descriptor) -> Interest {
    record.entries.with { $0.watched.append(readiness) }
    return inner.ready(readiness, watched: descriptor)
  }
  mutating func notice(_ notice: LoopNotice) {
    record.entries.with { $0.notices.append(notice) }
    inner.notice(notice)
  }
}
