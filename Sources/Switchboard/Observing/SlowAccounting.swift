/// Finds out what slow callbacks of one loop cost, and tells it, a few times a second at most.
struct SlowAccounting {
  /// Told in a second; more are counted.
  static let mostInASecond = 5
  /// Looked into in a turn; more are counted.
  private static let mostInATurn = 16

  /// One whose cost is not known yet.
  private struct Pending {
    var report: SlowCallback
    /// Where in `order` it stands.
    var place: Int
    var delayed: Set<Key> = []
    var arrived: Set<Key> = []
  }

  private let notice: (LoopNotice) -> Void
  private var thisTurn: [Pending] = []
  private var lastTurn: [Pending] = []
  /// Who came to be served since the first slow callback of this turn, or after the last one.
  private var order: [(key: Key, wasReady: Bool)] = []
  private var windowEnd: UInt64 = 0
  private var told = 0
  private var untold = 0

  init(notice: @escaping (LoopNotice) -> Void) { self.notice = notice }

  /// Whether there is anything to find out.
  var isActive: Bool { !thisTurn.isEmpty || !lastTurn.isEmpty }

  mutating func found(_ report: SlowCallback) {
    guard thisTurn.count < Self.mostInATurn else {
      untold += 1
      return
    }
    thisTurn.append(Pending(report: report, place: order.count))
  }

  /// Somebody's turn has come: ready since the wait, or perhaps only later.
  mutating func served(_ key: Key, wasReady: Bool) { order.append((key, wasReady)) }

  /// All completions of a turn have been taken: what the look after a slow turn found is known.
  mutating func tookAll(at now: UInt64) {
    guard !lastTurn.isEmpty else { return }
    for var pending in lastTurn {
      for (key, _) in order { pending.arrived.insert(key) }
      tell(pending, at: now)
    }
    lastTurn = []
    if thisTurn.isEmpty { order = [] }
  }

  /// A turn is over: whether the loop shall look without waiting, to know who has come meanwhile.
  mutating func turnEnds(at now: UInt64) -> Bool {
    tookAll(at: now)
    for var pending in thisTurn {
      for (key, wasReady) in order[pending.place...] {
        if wasReady { pending.delayed.insert(key) } else { pending.arrived.insert(key) }
      }
      lastTurn.append(pending)
    }
    thisTurn = []
    order = []
    if untold > 0, now >= windowEnd { tellUntold() }
    return !lastTurn.isEmpty
  }

  /// The loop ends.
  mutating func finish(at now: UInt64) {
    _ = turnEnds(at: now)
    tookAll(at: now)
    if untold > 0 { tellUntold() }
  }

  private mutating func tell(_ pending: Pending, at now: UInt64) {
    if now >= windowEnd {
      if untold > 0 { tellUntold() }
      windowEnd = now &+ 1_000_000_000
      told = 0
    }
    guard told < Self.mostInASecond else {
      untold += 1
      return
    }
    told += 1
    var report = pending.report
    report.delayed = pending.delayed.subtracting([report.connection]).count
    report.arrived =
      pending.arrived.subtracting(pending.delayed).subtracting([report.connection])
      .count
    notice(.slowCallback(report))
  }

  private mutating func tellUntold() {
    notice(.slowCallbacksUntold(untold))
    untold = 0
  }
}
