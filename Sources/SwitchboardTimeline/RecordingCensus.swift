import Switchboard

/// Who there was in a file, and from when to when: found before anything is counted.
struct RecordingCensus {
  private struct Resident {
    var loop: Int
    var accepted: Instant?
    var life: ConnectionLife?
  }

  private var places: [UInt64: Int] = [:]
  private var residents: [Resident] = []
  private var loops: Set<Int> = []
  private var first: Instant?
  /// The end of the last callback, and of anything.
  private var (lastServed, last) = (Instant(nanoseconds: 0), Instant(nanoseconds: 0))
  private var (missed, unknown) = (0, 0)

  /// A connection of a loop, by its number there.
  static func place(of record: LoopRecord) -> UInt64 {
    UInt64(record.loop) << 32 | UInt64(record.connection)
  }

  mutating func add(_ record: LoopRecord, of head: RecordingFile.Head) {
    guard Int(record.loop) < max(1, head.loops) else {
      unknown += 1
      return
    }
    if let kind = CallbackKind(rawValue: record.code) { return addCallback(kind, record) }
    switch LoopRecord.Kind(rawValue: record.code) {
    case .wait:
      loops.insert(Int(record.loop))
      last = max(last, record.wait.end)
    case .accepted:
      let resident = resident(of: record)
      if residents[resident].accepted == nil {
        residents[resident].accepted = Instant(nanoseconds: record.start)
      }
    case .sent, .returned:
      last = max(last, record.send(ConnectionName(Key(index: 0, generation: 0))).end)
    case .missed:
      let (sum, overflow) = missed.addingReportingOverflow(Int(clamping: record.wide))
      missed = overflow ? .max : sum
    case nil: unknown += 1
    }
  }

  private mutating func resident(of record: LoopRecord) -> Int {
    let place = Self.place(of: record)
    if let known = places[place] { return known }
    places[place] = residents.count
    residents.append(Resident(loop: Int(record.loop)))
    return residents.count - 1
  }

  private mutating func addCallback(_ kind: CallbackKind, _ record: LoopRecord) {
    let callback = record.callback(kind, ConnectionName(Key(index: 0, generation: 0)))
    let resident = resident(of: record)
    loops.insert(Int(record.loop))
    var life = residents[resident].life ?? ConnectionLife(opened: callback.start)
    life.opened = min(life.opened, callback.start)
    if kind == .closed { (life.closed, life.closeReason) = (callback.end, callback.closeReason) }
    residents[resident].life = life
    first = min(first ?? callback.start, callback.start)
    lastServed = max(lastServed, callback.sentBy)
  }

  /// What is known now, and the clients' places by ``place(of:)``.
  consuming func finish(
    _ head: RecordingFile.Head, from: Duration?, to: Duration?
  ) -> (RecordingFrame, [UInt64: Int]) {
    var frame = RecordingFrame()
    (frame.backend, frame.wallClock) = (head.backend, head.wallClock)
    (frame.missed, frame.unknown) = (missed, unknown)
    frame.loops = loops.sorted()
    if let first {
      (frame.zero, frame.start, frame.end) = (first, first, lastServed)
      if from != nil || to != nil {
        let end = max(first, lastServed, last)
        frame.isPart = true
        frame.end = to.map { min(first + $0, end) } ?? end
        frame.start = min(first + (from ?? .zero), frame.end)
      }
    }
    let numbered = numbered()
    var rows: [Int: Int] = [:]
    for (number, resident) in numbered.enumerated() {
      guard let life = residents[resident].life, isShown(life, frame) else { continue }
      rows[resident] = frame.clients.count
      frame.clients.append(.init(number: number, loop: residents[resident].loop, life: life))
    }
    return (frame, places.compactMapValues { rows[$0] })
  }

  private func isShown(_ life: ConnectionLife, _ frame: RecordingFrame) -> Bool {
    !frame.isPart || life.opened <= frame.end && (life.closed ?? frame.end) >= frame.start
  }

  /// Those that were accepted, in that order; behind them whose accepting was missed, as they were
  /// called first.
  private func numbered() -> [Int] {
    let known = residents.indices.filter { residents[$0].accepted != nil }.sorted {
      let (a, b) = (residents[$0].accepted, residents[$1].accepted)
      return (a?.nanoseconds ?? 0, $0) < (b?.nanoseconds ?? 0, $1)
    }
    let others = residents.indices.filter { residents[$0].accepted == nil }.sorted {
      let (a, b) = (residents[$0].life?.opened, residents[$1].life?.opened)
      return (a?.nanoseconds ?? 0, $0) < (b?.nanoseconds ?? 0, $1)
    }
    return known + others
  }
}
