/// A connection whose session is not made yet.
struct BegunOpening {
  var opening: Opening
  /// Who has connected; nil where that is not known any more.
  let peer: SocketAddress?
  /// The place of its listener.
  let listener: Int
}

/// Connections before whose sessions a filter stands: see ``Opening``.
///
/// One has its slot and its place among all from the first moment, and a deadline; its session is made when the header
/// has come. Until then whatever ends it ends it in silence, as nobody has been told of it.
extension EventLoop where B: ~Copyable {
  /// Whether somebody may say whose his connection is.
  mutating func trusts(_ peer: SocketAddress?, _ filter: ProxyProtocol) -> Bool {
    if filter.trusts(peer) { return true }
    tell(.untrusted, of: peer)
    return false
  }

  mutating func beginOpening(
    _ key: Key, _ peer: SocketAddress?, from listener: Int, _ filter: ProxyProtocol
  ) {
    slots[key.index].isFiltered = true
    openings[key.index] = BegunOpening(
      opening: Opening(filter), peer: peer, listener: listener)
    // Not from when the turn began: the process may have been stopped since.
    wheel.set(key.index, to: control.system.now() + filter.timeout)
  }

  /// Bytes have come of a header.
  mutating func receivedOfHeader(_ completion: Completion) {
    let key = completion.key
    slots[key.index].lastActive = tick
    // A copy, once for a connection: what follows the header may have to be kept for its session.
    let bytes = unsafe Array(completion.received)
    switch openings[key.index]?.opening.take(bytes.span) {
    case .open(let header, let used): open(key, header, Array(bytes[used...]))
    case .refuse(let refusal): refuse(key, refusal)
    case .receive, nil: break
    }
  }

  /// The header is there: the connection is as one that was just accepted, from whom the header tells of.
  private mutating func open(_ key: Key, _ header: ProxyHeader, _ rest: [UInt8]) {
    guard let begun = openings[key.index] else { return }
    guard admits(header.source ?? begun.peer, key) else { return closeNow(key, .aborted) }
    forgetOpening(key)
    wheel.cancel(key.index)
    if let source = header.source {
      peers.remember(key, proxied: source)
    } else if peers.isWanted, let peer = begun.peer {
      peers.remember(key, peer)
    }
    connection.proxied = header
    openSession(key, from: begun.listener, behind: filters[begun.listener].maker)
    connection.proxied = nil
    guard !rest.isEmpty, slots.contains(key) else { return }
    if slots[key.index].isFiltered {
      unsafe rest.withUnsafeBytes { unsafe receivedByFilter(key, $0) }
    } else {
      give(key, behindHeader: rest)
    }
  }

  /// Gives a session what came in one piece with the header, as if it came by itself.
  private mutating func give(_ key: Key, behindHeader rest: [UInt8]) {
    guard slots[key.index].flags.isDisjoint(with: [.closing, .lingering, .closed]) else {
      return discard(rest.count, key)
    }
    let bytes = takeLeftovers(key) + rest
    if slots[key.index].isPaused { keep(bytes, key) } else { give(bytes, key) }
  }

  /// The peer has finished before there was a session.
  mutating func endedBeforeOpening(_ key: Key) {
    if let refusal = openings[key.index]?.opening.ended { return refuse(key, refusal) }
    closeNow(key, .peerFinished)
  }

  /// The header was to be there by now. Who was stopped looks first what has come meanwhile.
  mutating func serveDeadlineOfOpening(_ key: Key) {
    guard !isCatchingUp else {
      return wheel.set(key.index, to: now.advanced(byNanoseconds: CatchUp.idleAgain))
    }
    if let channel = desk?[key.index] { return give(channel, up: .late, key) }
    refuse(key, .late)
  }

  private mutating func refuse(_ key: Key, _ refusal: ProxyRefusal) {
    tell(refusal, of: openings[key.index]?.peer)
    closeNow(key, .aborted)
  }

  /// There is no header before its session any more.
  mutating func forgetOpening(_ key: Key) {
    slots[key.index].isFiltered = false
    openings[key.index] = nil
  }

  private mutating func tell(_ refusal: ProxyRefusal, of peer: SocketAddress?) {
    let count = proxyRefusals.count(refusal)
    if addresses.isRound(count) { notice(.headerRefused(peer, refusal, count)) }
  }
}
