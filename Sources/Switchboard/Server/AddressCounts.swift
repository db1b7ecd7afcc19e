/// How many connections each address has on the loops of a server. Any thread.
final class AddressTally: Sendable {
  fileprivate struct Count {
    var open = 0
    var isTold = false
  }
  fileprivate let counts = Lock<[AddressCounts.Origin: Count]>([:])
}

/// How many connections each address has, for a limit on them: what one loop knows of it.
///
/// Costs nothing without a limit. With one, an address is looked up when a connection comes and when
/// it has gone, and never for what it sends.
struct AddressCounts {
  /// Whose connections count together: an IPv4 address, however it comes; of an IPv6 address the
  /// first 64 bits, since whoever has one mostly has all that begin like it.
  struct Origin: Hashable {
    private let family: SocketAddress.Family
    private let prefix: UInt64

    init(_ address: SocketAddress) {
      let plain = address.unmapped
      family = plain.family
      prefix = plain.family == .v4 ? plain.low : plain.high
    }
  }

  enum Answer: Hashable {
    case admitted
    /// For the first time since the address had no connection.
    case refusedFirst
    case refused
  }

  /// Nil for none.
  let limit: Int?
  private let tally: AddressTally
  /// By the index of the connection's slot.
  private var origins: [Origin?] = []

  init(limit: Int?, tally: AddressTally = AddressTally()) {
    self.limit = limit.map { max(1, $0) }
    self.tally = tally
  }

  /// Addresses that have connections.
  var count: Int { tally.counts.withLock { $0.count } }

  /// Whether one more may come from there; if so it is counted.
  mutating func admit(_ origin: Origin) -> Answer {
    guard let limit else { return .admitted }
    return tally.counts.withLock { counts in
      var count = counts[origin] ?? AddressTally.Count()
      if count.open < limit {
        count.open += 1
        counts[origin] = count
        return .admitted
      }
      if count.isTold { return .refused }
      counts[origin]?.isTold = true
      return .refusedFirst
    }
  }

  /// An admitted connection has got its slot.
  mutating func note(_ origin: Origin, at index: UInt32) {
    let index = Int(index)
    while origins.count <= index { origins.append(nil) }
    origins[index] = origin
  }

  /// The connection in that slot has gone.
  mutating func leave(_ index: UInt32) {
    guard limit != nil, index < origins.count, let origin = origins[Int(index)] else { return }
    origins[Int(index)] = nil
    tally.counts.withLock { counts in
      guard let count = counts[origin] else { return }
      counts[origin]?.open -= 1
      if count.open <= 1 { counts[origin] = nil }
    }
  }
}
