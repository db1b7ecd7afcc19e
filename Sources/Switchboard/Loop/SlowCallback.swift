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
