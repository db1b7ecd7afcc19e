#if TestBench

// Connections that have to begin with a header, and whose sessions are made then.
extension Course {
  /// A client's session was made: its header must have come, in time and from somebody who may send one.
  func checkOpening(_ index: Int) {
    if hasWires { checkInTime(index) }
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

  /// A client's hands were shaken in time.
  private func checkInTime(_ index: Int) {
    guard let end = network.other(clients[index].socket), record.ring == nil else { return }
    let due = end.acceptedAt.addingReportingOverflow(filterBook.timeout).partialValue
    if network.now > max(due, end.acceptedAt) + slack {
      record.fail(.limit("hands were shaken \(network.now - due) ns after their time"))
    }
  }

  /// A connection without a session is closed: not long after it had to have one.
  func checkGivenUp(_ socket: SimulatedSocket) {
    guard hasWires, record.ring == nil, socket.acceptedAt > 0 else { return }
    let linger = nanoseconds(of: world.options.lingerTimeout)
    let most = min(filterBook.timeout, 1 << 62) + linger + 2 * slack
    if network.now - socket.acceptedAt > most {
      record.fail(
        .limit("a connection without a session was kept for \(network.now - socket.acceptedAt) ns"))
    }
  }

  /// Whether sessions are made later than connections are accepted.
  var hasOpenings: Bool { world.proxyProtocol != nil || hasWires }

  /// Whether a client's connection is held and has no session.
  func isOpening(_ index: Int) -> Bool {
    guard hasWires, !clients[index].wasOpened, clients[index].closedIn < 0,
      let end = network.other(clients[index].socket)
    else { return false }
    return end.acceptedAt > 0
  }

  /// What the server's filters had to say and have not sent, of connections that have no session yet.
  var unsentInExchanges: Int {
    guard hasWires else { return 0 }
    return clients.indices.reduce(0) { sum, index in
      guard isOpening(index), let end = network.other(clients[index].socket) else { return sum }
      return sum + max(0, end.overhead - (end.outgoing?.sent ?? 0))
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
    guard let proxy = world.proxyProtocol else { return mayFail(socket, index) }
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

  /// As much as the server's filter has to say before there is a session.
  private static var mostInExchange: Int { 4096 }

  /// Whether a client may get no session because of its filter, or the server's.
  private func mayFail(_ socket: SimulatedSocket, _ index: Int) -> Bool {
    guard hasWires else { return false }
    let early: UInt64 = 2_000_000
    let due = socket.acceptedAt.addingReportingOverflow(filterBook.timeout)
    if !due.overflow, network.now + early >= due.partialValue { return true }
    // What a filter says in its exchange counts as any output.
    let room = min(
      world.options.outboxLimit, world.options.totalOutboxLimit / max(1, clients.count))
    return filterBook.most < clients.count || room < Self.mostInExchange
  }

  /// How many connections at most wait for their sessions.
  var mostOpenings: Int {
    guard hasOpenings else { return 0 }
    return clients.indices.count { index in
      guard !clients[index].wasOpened, let end = network.other(clients[index].socket) else {
        return false
      }
      return end.acceptedAt > 0 && clients[index].closedIn < 0
    }
  }
}

#endif
