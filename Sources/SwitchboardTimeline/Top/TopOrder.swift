import Switchboard

/// What connections are put in order by.
package enum TopOrder: String, CaseIterable, Sendable {
  case rate, calls, waits, bytes

  /// The key that chooses it.
  package var key: Character {
    switch self {
    case .rate: "r"
    case .calls: "c"
    case .waits: "w"
    case .bytes: "b"
    }
  }

  /// What is larger stands higher.
  ///
  /// - Parameter second: The one whose rates are shown.
  func measure(of connection: ConnectionActivity, in second: UInt64) -> UInt64 {
    switch self {
    case .rate: UInt64(connection.calls(in: second))
    case .calls: UInt64(connection.calls)
    case .waits: connection.waited
    case .bytes: connection.bytes
    }
  }
}

extension Activity {
  /// The connections that stand highest, in order; those that stand before those that are closed, and of what is alike
  /// the one with more calls, then the older one, first.
  package func highest(_ most: Int, by order: TopOrder, in second: UInt64) -> [ConnectionActivity] {
    let ranks = followed.map { connection in
      Rank(
        isOpen: connection.closing == nil, measure: order.measure(of: connection, in: second),
        calls: connection.calls, id: connection.id)
    }
    return ranks.sorted { $0.isBefore($1) }.prefix(most).compactMap { self.connection($0.id) }
  }

  private struct Rank {
    let isOpen: Bool
    let measure: UInt64
    let calls: Int
    let id: UInt64

    func isBefore(_ other: Rank) -> Bool {
      if isOpen != other.isOpen { return isOpen }
      if measure != other.measure { return measure > other.measure }
      return calls == other.calls ? id < other.id : calls > other.calls
    }
  }
}
