/// Looks on while a loop works: records what it does, and finds slow callbacks.
///
/// Told by an ``Observed`` backend of waits, completions and sends, and by ``ObservedSessions`` of
/// callbacks. Belongs to the loop's thread.
final class LoopObserver<System: Kernel> {
  private let system: System
  private let loop: UInt16
  private let ring: RecordRing?
  private var slow: SlowAccounting
  private let slowLimit: UInt64
  /// Each slot's connection.
  private var connections: ReservedTable<Known>
  private var accepted: UInt32 = 0

  // The turn's wait, and the callback whose output may be sent next.
  private var wait = -1
  private var completions: UInt32 = 0
  private var callback = -1
  private var caller: UInt32 = .max
  private var returned: UInt64 = 0

  private struct Known: BitwiseCopyable {
    var key: UInt64
    var number: UInt32
  }

  /// - Parameters:
  ///   - capacity: Slots that the loop has.
  ///   - slowLimit: What a callback may take; nil when nobody asks.
  init(
    loop: Int, ring: RecordRing?, slowLimit: Duration?, capacity: Int, system: System,
    notice: @escaping (LoopNotice) -> Void
  ) throws(SystemError) {
    connections = try ReservedTable(capacity: capacity)
    self.system = system
    self.loop = UInt16(truncatingIfNeeded: loop)
    self.ring = ring
    self.slowLimit = slowLimit?.clampedNanoseconds ?? .max
    slow = SlowAccounting(notice: notice)
  }

  var now: UInt64 { system.now().nanoseconds }

  private func record(_ code: UInt8, _ connection: UInt32, _ start: UInt64) -> LoopRecord {
    LoopRecord(code: code, loop: loop, connection: connection, start: start)
  }

  // -------------------------------------------------------------------------------- waits

  /// The loop is about to wait: when that is, and whether it shall only look.
  func waitBegins() -> (start: UInt64, looksOnly: Bool) {
    let start = now
    let looksOnly = slow.turnEnds(at: start)
    callback = -1
    ring?.publish()
    return (start, looksOnly)
  }

  func waitEnded(since start: UInt64) {
    completions = 0
    guard let ring else { return }
    var record = record(LoopRecord.Kind.wait.rawValue, 0, start)
    record.wide = now &- start
    wait = ring.append(record)
  }

  func took(_ completion: borrowing Completion) {
    callback = -1
    completions &+= 1
    if slow.isActive { weigh(completion) }
    switch completion.kind {
    case .sent where completion.value > 0:
      sentLater(completion.key, completion.value, since: nil)
    case .sentInPlace where completion.value > 0:
      var record = record(
        LoopRecord.Kind.returned.rawValue, number(of: completion.key.index), now)
      record.d = UInt32(clamping: completion.value)
      _ = ring?.append(record)
    default: break
    }
  }

  /// Whether somebody waited for this completion to be handled.
  private func weigh(_ completion: borrowing Completion) {
    switch completion.kind {
    case .received, .ended, .sent, .receiveFailed, .sendFailed:
      slow.served(completion.key, wasReady: true)
    case .accepted:
      // It has no key yet: its descriptor names it, as no connection's key can.
      let name = Key(index: UInt32(truncatingIfNeeded: completion.value), generation: 0)
      slow.served(name, wasReady: false)
    case .acceptFailed, .sentInPlace, .closed, .woken, .signalled, .attempted: break
    }
  }

  func tookAll() {
    callback = -1
    if slow.isActive { slow.tookAll(at: now) }
    let count = completions
    ring?.change(wait) { $0.c = count }
    wait = -1
  }

  // --------------------------------------------------------------------------- callbacks

  private func number(of index: UInt32) -> UInt32 {
    index < connections.capacity ? connections[Int(index)].number : 0
  }

  /// - Parameter peer: Who is at the other end; asked for where it is recorded.
  func opens(_ key: Key, from peer: @autoclosure () -> SocketAddress?) {
    accepted &+= 1
    guard key.index < connections.capacity else { return }
    connections[Int(key.index)] = Known(key: key.rawValue, number: accepted)
    guard let ring else { return }
    var record = record(LoopRecord.Kind.accepted.rawValue, accepted, now)
    record.wide = key.rawValue
    if let peer = peer(), let mark = PeerMark(peer) { mark.note(in: &record) }
    _ = ring.append(record)
  }

  /// A callback that was not brought by a completion begins.
  func comes(_ index: Int, _ kind: CallbackKind) {
    guard slow.isActive, index < connections.capacity else { return }
    slow.served(Key(rawValue: connections[index].key), wasReady: kind == .alarm)
  }

  /// A callback has returned. Answers how long it took, if that was too long.
  @inline(__always)
  func called(
    _ kind: CallbackKind, _ index: Int, since start: UInt64, received: Int = 0,
    reason: CloseReason? = nil
  ) -> UInt64? {
    returned = now
    let duration = returned &- start
    if let ring {
      var record = record(kind.rawValue, number(of: UInt32(truncatingIfNeeded: index)), start)
      record.a = LoopRecord.packed(duration)
      record.c = UInt32(clamping: received)
      if let reason { record.set(reason) }
      callback = ring.append(record)
      caller = UInt32(truncatingIfNeeded: index)
    }
    return duration > slowLimit ? duration : nil
  }

  /// A callback was slow.
  func tooSlow(_ kind: CallbackKind, _ index: Int, _ duration: UInt64, peer: SocketAddress?) {
    guard index < connections.capacity else { return }
    let known = connections[index]
    slow.found(
      SlowCallback(
        connection: Key(rawValue: known.key), number: Int(known.number), peer: peer, kind: kind,
        duration: .nanoseconds(Int64(clamping: duration))))
  }

  // ------------------------------------------------------------------------------- sends

  /// When a send begins; nobody's business where nothing is recorded.
  func sendBegins() -> UInt64 { ring == nil ? 0 : now }

  /// The kernel, or the ring, has taken bytes that the callback wrote which has just returned.
  @inline(__always)
  func sentOutput(_ key: Key, _ count: Int) {
    if ring != nil { sent(key, count, since: returned) }
  }

  /// The kernel has taken bytes since `start`.
  @inline(__always)
  func sent(_ key: Key, _ count: Int, since start: UInt64) {
    guard callback >= 0, caller == key.index else {
      return sentLater(key, count, since: start)
    }
    let duration = now &- start
    ring?.change(callback) { record in
      record.b = LoopRecord.packed(LoopRecord.unpacked(record.b) &+ duration)
      record.d = record.d.addingReportingOverflow(UInt32(clamping: count)).partialValue
    }
  }

  private func sentLater(_ key: Key, _ count: Int, since start: UInt64?) {
    guard let ring else { return }
    let end = now
    var record = record(
      LoopRecord.Kind.sent.rawValue, number(of: key.index), start ?? end)
    record.a = LoopRecord.packed(end &- (start ?? end))
    record.d = UInt32(clamping: count)
    _ = ring.append(record)
  }

  /// The loop has ended.
  func finish() {
    slow.finish(at: now)
    ring?.close(loop: loop, at: system.now())
  }
}
