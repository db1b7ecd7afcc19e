import Switchboard

/// Makes a recording of records.
struct RecordingDecoder {
  private let head: RecordingFile.Head
  private var recording = Recording()
  private var names: [UInt64: ConnectionName] = [:]
  private var accepted: [(start: UInt64, name: ConnectionName)] = []

  init(_ head: RecordingFile.Head) {
    self.head = head
    recording.backend = head.backend
    recording.wallClock = head.wallClock
  }

  /// Adds a record.
  mutating func add(_ record: LoopRecord) {
    guard Int(record.loop) < max(1, head.loops) else {
      recording.unknown += 1
      return
    }
    if let kind = CallbackKind(rawValue: record.code) {
      return recording.callbacks.append(record.callback(kind, name(of: record)))
    }
    switch LoopRecord.Kind(rawValue: record.code) {
    case .wait: recording.waits.append(record.wait)
    case .accepted:
      let name = ConnectionName(Key(rawValue: record.wide), loop: Int(record.loop))
      names[place(of: record)] = name
      accepted.append((record.start, name))
    case .sent, .returned: recording.sends.append(record.send(name(of: record)))
    case .missed:
      let (sum, overflow) = recording.missed.addingReportingOverflow(Int(clamping: record.wide))
      recording.missed = overflow ? .max : sum
    case nil: recording.unknown += 1
    }
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

extension LoopRecord {
  /// As a callback, which it has to be.
  func callback(_ kind: CallbackKind, _ connection: ConnectionName) -> CallbackRecord {
    let start = Instant(nanoseconds: start)
    var callback = CallbackRecord(
      kind, of: connection.key, loop: connection.loop, from: start,
      to: start + .nanoseconds(Int64(clamping: LoopRecord.unpacked(a))))
    callback.sending = LoopRecord.unpacked(b)
    callback.sent = d
    if kind == .closed { callback.closeReason = closeReason } else { callback.received = c }
    return callback
  }

  /// As a wait.
  var wait: WaitRecord {
    let start = Instant(nanoseconds: start)
    let end = start + .nanoseconds(Int64(clamping: wide))
    return WaitRecord(loop: Int(loop), start: start, end: end, completions: Int(c))
  }

  /// As something that was sent later, or that came back.
  func send(_ connection: ConnectionName) -> SendRecord {
    let start = Instant(nanoseconds: start)
    let end = start + .nanoseconds(Int64(clamping: LoopRecord.unpacked(a)))
    let isReturn = code == LoopRecord.Kind.returned.rawValue
    return SendRecord(
      connection: connection, start: start, end: end, bytes: isReturn ? -Int(d) : Int(d))
  }
}
