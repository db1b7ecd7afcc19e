#if TestBench

// Clients of servers that share something wait for each other: what they receive is known then.
extension Course {
  /// Whether all of these have come so far. Where not, the client goes on when they have.
  func isPast(_ those: [SimulatedClient.Reached], _ index: Int) -> Bool {
    let isPast = those.allSatisfy { those in
      guard let other = self.index(of: those.client) else { return true }
      return clients[other].wasOpened && clients[other].received >= those.received
        && clients[other].taken >= those.taken
    }
    clients[index].isBehind = !isPast
    return isPast
  }

  /// A client has come further, or is over: those who wait look again, and all leave if the order is lost.
  func cameFurther() {
    guard isOrdered else { return }
    let isLost = hasLostOrder
    for index in clients.indices where !clients[index].isOver {
      let isBehind = clients[index].isBehind
      if clients[index].socket.state == .connected {
        guard isBehind || isLost else { continue }
        network.heap.push(.client, index, at: network.now, detail: .max)
      } else if isBehind, isLost {
        over(index)
      } else if isBehind {
        network.heap.push(.other, index, at: network.now, detail: Moment.connect.rawValue)
      }
      clients[index].isBehind = false
    }
  }

  /// Whether a fault has struck a connection on which others wait: what they receive is not known any more.
  var hasLostOrder: Bool { isOrdered && record.excusesAny }
}

#endif
