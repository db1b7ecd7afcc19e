/// A callback that took longer than ``ServerOptions/slowCallback``, and what it cost the others.
///
/// Who waited is found out without asking the system anything. *Delayed* are the connections that
/// were ready when the callback began and were served after it in the same turn: each of them
/// waited for the whole of it. *Arrived* are those that the loop finds ready when it looks without
/// waiting as soon as that turn is over, and connections then to be accepted: they became ready
/// while the callback ran, or shortly after, so each waited for at most the whole of it, and for
/// how much of it nobody knows. A connection counts once; what it sent after it had been served in
/// that turn is not counted again. The slow callback's own connection is never counted.
public struct SlowCallback: Hashable, Sendable, CustomStringConvertible {
  /// Its connection.
  public let connection: Key
  /// Its connection's number on its loop, from 1 on in the order of accepting; as in recordings.
  public let number: Int
  /// Its connection's peer, where that can still be asked.
  public let peer: SocketAddress?
  /// What it was called for.
  public let kind: CallbackKind
  /// How long it took.
  public let duration: Duration
  /// Connections that waited for all of it.
  public internal(set) var delayed = 0
  /// Connections that waited for a part of it.
  public internal(set) var arrived = 0

  /// How many connections had something waiting.
  public var waiting: Int { delayed + arrived }

  /// For how long they waited in sum: at least, and at most.
  public var cost: ClosedRange<Duration> { duration * delayed...duration * waiting }

  /// One line.
  public var description: String {
    let name = peer.map { "\($0) (connection \(number))" } ?? "connection \(number)"
    return "slow callback: '\(kind.method)' of \(name) took \(duration.brief); \(consequence)"
  }

  private var consequence: String {
    if waiting == 0 { return "nobody else waited" }
    let who = waiting == 1 ? "1 other" : "\(waiting) others"
    if arrived == 0 { return "\(who) waited \(cost.upperBound.brief) in sum" }
    if delayed == 0 { return "\(who) waited up to \(cost.upperBound.brief) in sum" }
    return "\(who) waited \(cost.lowerBound.brief) to \(cost.upperBound.brief) in sum"
  }
}

extension CallbackKind {
  /// The session's method: `received`.
  public var method: String {
    switch self {
    case .connected: "opened"
    case .receive: "received"
    case .send: "readyToSend"
    case .drained: "drained"
    case .ended: "ended"
    case .alarm: "elapsed"
    case .posted: "posted"
    case .drain: "draining"
    case .closed: "closed"
    }
  }
}

extension Duration {
  /// In the unit that suits it, three digits or so, for a line of log.
  fileprivate var brief: String {
    let nanoseconds = clampedNanoseconds
    for (size, unit) in [(1_000_000_000 as UInt64, "s"), (1_000_000, "ms"), (1000, "µs")]
    where nanoseconds >= size {
      let tenths = nanoseconds / (size / 10)
      return tenths >= 1000 || tenths % 10 == 0
        ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
    }
    return "\(nanoseconds) ns"
  }
}

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

  private let notice: (ReactorNotice) -> Void
  private var thisTurn: [Pending] = []
  private var lastTurn: [Pending] = []
  /// Who came to be served since the first slow callback of this turn, or after the last one.
  private var order: [(key: Key, wasReady: Bool)] = []
  private var windowEnd: UInt64 = 0
  private var told = 0
  private var untold = 0

  init(notice: @escaping (ReactorNotice) -> Void) { self.notice = notice }

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
