import Switchboard

/// What a recording tells of a server, while it grows: sums, the last minute, and the connections of which there was
/// news last. However long the recording is, it takes some 30 MB at most.
package struct Activity: Sendable {
  /// What is followed at most.
  package struct Bounds: Sendable {
    package var loops = 256
    package var connections = 1 << 17
    /// Callbacks of which everything is remembered: those that one connection is shown by.
    package var callbacks = 1 << 16
    package var slow = 100
    package init() {}
  }

  /// One callback that took longer than allowed.
  package typealias Call = LoopRecord

  /// What the file begins with.
  package let head: RecordingFile.Head
  /// What a callback may take before it counts as slow, in nanoseconds.
  package let slowLimit: UInt64
  private let bounds: Bounds
  package private(set) var loops: [LoopActivity] = []
  private var connections: [UInt64: ConnectionActivity] = [:]
  /// From the oldest on.
  package private(set) var slow: [Call] = []
  private var calls: [Call] = []
  private var callsEnd = 0
  package private(set) var callbacks = 0
  package private(set) var opened = 0
  package private(set) var closed = 0
  /// Records that were lost, that mean nothing, and connections that are followed no more.
  package private(set) var missed = 0
  package private(set) var unknown = 0
  package private(set) var forgotten = 0
  /// The end of what is known, in nanoseconds since recording began.
  package private(set) var last: UInt64 = 0

  /// Nothing yet.
  package init(_ head: RecordingFile.Head, slowLimit: Duration, bounds: Bounds = Bounds()) {
    self.head = head
    self.slowLimit = UInt64(max(0, slowLimit.inSeconds * 1e9))
    self.bounds = bounds
  }

  /// The connections that are followed, in no order.
  package var followed: some Collection<ConnectionActivity> { connections.values }

  /// One connection; nil where it is not followed.
  package func connection(_ id: UInt64) -> ConnectionActivity? { connections[id] }

  /// Nanoseconds since recording began.
  package func time(of moment: UInt64) -> UInt64 { moment - min(moment, head.start.nanoseconds) }

  // ------------------------------------------------------------------------------ records

  /// Adds what has come.
  package mutating func add(_ records: some Sequence<LoopRecord>) {
    for record in records { add(record) }
  }

  private mutating func add(_ record: LoopRecord) {
    let loop = Int(record.loop)
    guard loop < max(1, min(head.loops, bounds.loops)) else {
      unknown += 1
      return
    }
    while loops.count <= loop { loops.append(LoopActivity()) }
    let start = time(of: record.start)
    if let kind = CallbackKind(rawValue: record.code) {
      addCall(kind, record, at: start)
    } else {
      addOther(record, loop, at: start)
    }
    last = max(last, loops[loop].last)
  }

  private mutating func addOther(_ record: LoopRecord, _ loop: Int, at start: UInt64) {
    switch LoopRecord.Kind(rawValue: record.code) {
    case .wait:
      // A wait may have begun before recording did.
      let duration = time(of: record.start.addingSaturated(record.wide)) - start
      loops[loop].addWait(from: start, for: duration, completions: Int(record.c))
    case .accepted:
      opened += 1
      change(record) { $0.opened = start }
    case .sent:
      loops[loop].addSent(record.d, at: start)
      change(record) { $0.addSent(record.d, at: start) }
    case .returned:
      loops[loop].takeBack(record.d, at: start)
      change(record) { $0.takeBack(record.d) }
    case .missed:
      missed = missed.addingReportingOverflow(Int(clamping: record.wide)).partialValue
      loops[loop].forgetTurn()
    case nil: unknown += 1
    }
  }

  private mutating func addCall(_ kind: CallbackKind, _ record: LoopRecord, at start: UInt64) {
    let loop = Int(record.loop)
    let duration = LoopRecord.unpacked(record.a)
    let end = start.addingSaturated(duration).addingSaturated(LoopRecord.unpacked(record.b))
    callbacks += 1
    let found = kind.answersWait ? loops[loop].waited : nil
    loops[loop].addCall(
      at: start, until: end, received: kind == .closed ? 0 : record.c, sent: record.d)
    change(record) { $0.add(record, at: start, ready: found.map { start - min($0, start) } ?? 0) }
    if kind == .closed { closed += 1 }
    remember(record)
    guard duration >= slowLimit else { return }
    slow.append(record)
    if slow.count > bounds.slow { slow.removeFirst() }
  }

  private mutating func remember(_ record: LoopRecord) {
    if calls.count < bounds.callbacks {
      calls.append(record)
    } else {
      calls[callsEnd % bounds.callbacks] = record
    }
    callsEnd += 1
  }

  /// The last callbacks of a connection, from the newest on; of those that are remembered.
  package func calls(of connection: ConnectionActivity, atMost most: Int) -> [Call] {
    var found: [Call] = []
    for step in 1...max(1, calls.count) where found.count < most && step <= calls.count {
      let call = calls[(callsEnd - step) % calls.count]
      if call.connection == connection.number, Int(call.loop) == connection.loop {
        found.append(call)
      }
    }
    return found
  }

  // -------------------------------------------------------------------------- connections

  private mutating func change(_ record: LoopRecord, _ body: (inout ConnectionActivity) -> Void) {
    // What belongs to nobody who was accepted.
    guard record.connection > 0 else { return }
    let id = ConnectionActivity.id(loop: record.loop, record.connection)
    if connections.count >= bounds.connections, connections[id] == nil { forget() }
    body(
      &connections[
        id, default: ConnectionActivity(loop: Int(record.loop), number: record.connection)])
  }

  /// Makes room: half of them go, first those that are closed, then those served longest ago.
  private mutating func forget() {
    let order = connections.values.sorted {
      ($0.closing == nil ? 1 : 0, $0.last) < ($1.closing == nil ? 1 : 0, $1.last)
    }
    for connection in order.prefix(max(1, connections.count / 2)) {
      if connection.closing == nil { forgotten += 1 }
      connections[connection.id] = nil
    }
  }
}
