/// How many connections each address has on the loops of a server. Any thread.
final class AddressTally: Sendable {
  fileprivate struct Count {
    var open = 0
    /// Of those beyond the limit, since the address last had no connection.
    var refused = 0
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

    /// The address, or the first of those that count together.
    var address: SocketAddress {
      family == .v4
        ? SocketAddress(family: .v4, low: prefix, port: 0)
        : SocketAddress(family: .v6, high: prefix, low: 0, port: 0)
    }

    /// Nil for a Unix-domain socket, which comes from no address.
    init?(_ address: SocketAddress) {
      guard address.family != .unix else { return nil }
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
    /// So many by now, which is to be told: ten, a hundred, a thousand and so on, so that a crowd of any
    /// size is a few lines.
    case refusedMany(Int)
  }

  /// What is left to tell of an address that has no connection any more.
  struct Refusals: Hashable {
    let address: SocketAddress
    let count: Int
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
      count.refused += 1
      counts[origin] = count
      if count.refused == 1 { return .refusedFirst }
      return isRound(count.refused) ? .refusedMany(count.refused) : .refused
    }
  }

  /// Whether a count is told when it is reached.
  func isRound(_ count: Int) -> Bool {
    var rest = count
    while rest >= 10, rest % 10 == 0 { rest /= 10 }
    return rest == 1
  }

  /// An admitted connection has got its slot.
  mutating func note(_ origin: Origin, at index: UInt32) {
    let index = Int(index)
    while origins.count <= index { origins.append(nil) }
    origins[index] = origin
  }

  /// The connection in that slot has gone. If it was its address's last one, what has not been told of
  /// those that were refused is to be told.
  mutating func leave(_ index: UInt32) -> Refusals? {
    guard limit != nil, index < origins.count, let origin = origins[Int(index)] else { return nil }
    origins[Int(index)] = nil
    return tally.counts.withLock { counts -> Refusals? in
      guard let count = counts[origin] else { return nil }
      guard count.open <= 1 else {
        counts[origin]?.open -= 1
        return nil
      }
      counts[origin] = nil
      let isTold = count.refused == 0 || isRound(count.refused)
      return isTold ? nil : Refusals(address: origin.address, count: count.refused)
    }
  }
}
