import SwitchboardBase

/// A request that was answered, by itself: who asked, and when what happened, in nanoseconds of the monotonic clock.
package struct TracedRequest: BitwiseCopyable, Hashable, Sendable {
  /// Who the connection is to the server: a `PeerMark`, or 0 where that is not known.
  package var peer: UInt64
  package var due: UInt64
  package var sent: UInt64
  package var answered: UInt64
  /// By which it is kept when there are too many: spread evenly, whatever comes in which order.
  fileprivate var lot: UInt64

  /// A request.
  package init(peer: UInt64, due: UInt64, sent: UInt64, answered: UInt64, lot: UInt64 = 0) {
    (self.peer, self.due, self.sent, self.answered) = (peer, due, sent, answered)
    self.lot = lot
  }

  /// How long it took since it was sent.
  package var sinceSent: UInt64 { answered - min(sent, answered) }
}

/// A sample of a thread's requests, each as likely to be in it as any other: all of them as long as there is room, and
/// whenever that is used up half of those that are there.
///
/// Its room is taken at the beginning; nothing is allocated for a request.
package struct RequestTraces: Sendable {
  private(set) package var requests: [TracedRequest] = []
  /// Requests of which these are a sample.
  private(set) package var seen = 0
  private let capacity: Int
  private var chance = Chance(seed: 1)
  /// Lots with one of these bits are not kept.
  private var mask: UInt64 = 0

  /// What a thread keeps: 5 MB, a hundredth of which is some seven hundred at least.
  static let usual = 1 << 17

  /// A sample of at most so many.
  package init(capacity: Int = 0) {
    self.capacity = capacity
    requests.reserveCapacity(capacity)
  }

  /// Several threads' samples, as one: the coarsest says how much of each is left.
  package init(merging all: [RequestTraces]) {
    capacity = 0
    for traces in all {
      seen += traces.seen
      mask |= traces.mask
    }
    for traces in all { requests += traces.requests.filter { $0.lot & mask == 0 } }
  }

  /// A request was answered.
  package mutating func add(_ peer: UInt64, due: UInt64, sent: UInt64, answered: UInt64) {
    let lot = chance.next()
    seen &+= 1
    guard lot & mask == 0 else { return }
    while requests.count >= capacity {
      guard mask != .max, capacity > 0 else { return }
      mask = mask << 1 | 1
      requests.removeAll { $0.lot & mask != 0 }
    }
    guard lot & mask == 0 else { return }
    requests.append(
      TracedRequest(peer: peer, due: due, sent: sent, answered: answered, lot: lot))
  }
}
