#if TestBench

// Those outside who have a filter at their end of the wire, and what all of them send.
extension SimulatedOutside {
  /// The wire of one of their connections, by its number; nil where it has no filter.
  func wire(of number: Int) -> WireEnd? {
    peers.indices.first { peers[$0].number == number }.flatMap { peers[$0].wire }
  }

  /// Begins, and sends what is to go: whether hands are shaken and all has gone.
  func isReady(_ place: Int) -> Bool {
    guard let wire = peers[place].wire else { return true }
    if !wire.hasBegun { wire.begin() }
    return flush(place) && wire.isOpen && wire.failure == nil
  }

  /// Whether hands will never be shaken, or what has come cannot be read.
  func isGivenUp(_ place: Int) -> Bool {
    guard let wire = peers[place].wire else { return false }
    return wire.failure != nil || !wire.isOpen && peers[place].socket.incoming?.isAtEnd ?? true
  }

  /// Whether all that his filter has made has gone.
  func flush(_ place: Int) -> Bool {
    guard let wire = peers[place].wire else { return true }
    while !wire.isFlushed {
      let next = wire.next
      let sent = sendPlain(next, from: peers[place].socket)
      wire.went(sent)
      if sent < next.count { return false }
    }
    return true
  }

  /// Says that no more comes from him: whether that could be done.
  func finish(_ place: Int) -> Bool {
    guard sayEnd(place) else { return false }
    network.finish(peers[place].socket)
    return true
  }

  func sayEnd(_ place: Int) -> Bool {
    guard let wire = peers[place].wire, wire.isOpen else { return true }
    if !wire.habit.cutsOff { wire.end() }
    return flush(place)
  }

  func close(_ place: Int) {
    let peer = peers[place]
    network.close(peer.socket)
    over(place, "is done, with \(peer.received) bytes")
  }

  /// How many of them are on their way.
  func send(_ bytes: ArraySlice<UInt8>, from place: Int) -> Int {
    let socket = peers[place].socket
    guard let wire = peers[place].wire, !socket.hasFinished else {
      return sendPlain(bytes, from: socket)
    }
    var count = 0
    while count < bytes.count, flush(place) { count += wire.seal(bytes.dropFirst(count)) }
    _ = flush(place)
    return count
  }

  func sendPlain(_ bytes: ArraySlice<UInt8>, from socket: SimulatedSocket) -> Int {
    // Whoever has said that he sends no more does not.
    guard !socket.hasFinished else { return bytes.count }
    let outcome = unsafe bytes.withUnsafeBytes { unsafe network.send(socket, from: $0) }
    return outcome.isSuccess ? outcome.value : 0
  }
}

#endif
