#if TestBench

// Connections that have to begin with a header, and whose sessions are made then.
extension Course {
  /// A client's session was made: its header must have come, in time and from somebody who may send one.
  func checkOpening(_ index: Int) {
    guard let proxy = world.proxyProtocol else { return }
    let client = clients[index]
    guard client.isTrusted, case .whole(_, let count) = client.header else {
      return record.fail(.sessionContract("opened without a header that may be taken"))
    }
    clients[index].taken += count
    guard let end = network.other(client.socket), record.ring == nil else { return }
    let due = end.acceptedAt + nanoseconds(of: proxy.timeout)
    if network.now > due + slack {
      record.fail(.limit("a header was taken \(network.now - due) ns after its time"))
    }
  }

  /// Where a client comes from, as its session is told.
  func address(of end: SimulatedSocket) -> SocketAddress {
    guard let number = end.link?.number, let index = index(of: number),
      case .whole(let header, _) = clients[index].header, let source = header.source
    else { return end.peer }
    return source
  }

  /// Whether the server may close a client's connection without having made a session.
  func mayRefuse(_ socket: SimulatedSocket, _ index: Int) -> Bool {
    guard let proxy = world.proxyProtocol else { return false }
    let client = clients[index]
    guard client.isTrusted else { return true }
    let early: UInt64 = 2_000_000
    if network.now + early >= socket.acceptedAt + nanoseconds(of: proxy.timeout) { return true }
    switch client.header {
    case .wrong: return true
    case .incomplete: return socket.incoming?.hasEnded ?? true
    case .whole, nil: return false
    }
  }

  /// How many connections at most wait for their headers.
  var mostOpenings: Int {
    guard world.proxyProtocol != nil else { return 0 }
    return clients.indices.count { index in
      guard !clients[index].wasOpened, let end = network.other(clients[index].socket) else {
        return false
      }
      return end.acceptedAt > 0 && clients[index].closedIn < 0
    }
  }
}

#endif
