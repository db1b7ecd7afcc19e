/// Who comes in: admission with its limits, pauses and back-off.
extension EventLoop where B: ~Copyable {
  mutating func accepted(_ descriptor: Int32, from listener: Int) {
    // Those that are refused take one of the slots to spare, and give it back at once.
    let key = slots.take(descriptor: descriptor)
    if slots.count > limits.maxConnections || isStopped { return giveUp(key) }
    let filter = listener < filters.count ? filters[listener] : ListenerFilters()
    // A peer whose address the kernel does not tell counts for nobody: memory is short.
    let isAsked = addresses.limit != nil || filter.proxy != nil
    let peer = isAsked ? connection.loop.peerAddress(descriptor) : nil
    guard filter.proxy.map({ trusts(peer, $0) }) ?? admits(peer, key) else { return giveUp(key) }
    slots[key.index].lastActive = tick
    do throws(RegistrationError) {
      try backend.open(key, &slots)
    } catch {
      leaveAddress(key)
      giveUp(key)
      return pauseAccepting(.refused(error))
    }
    noteAccepted()
    if let proxy = filter.proxy {
      beginOpening(key, peer, from: listener, proxy)
    } else {
      if peers.isWanted, let peer = peer ?? connection.loop.acceptedAddress(descriptor) {
        peers.remember(key, peer)
      }
      openSession(key, from: listener, behind: filter.maker)
    }
    // It was on its way when the listeners were closed.
    if draining.map({ !$0.isGathering }) ?? false { return askToFinish(key) }
    if slots.count >= limits.maxConnections {
      pauseAccepting(.connectionLimit(limits.maxConnections))
    }
  }

  /// Makes the session of a connection that has come through a listener, when what stands before it lets it.
  mutating func openSession(_ key: Key, from listener: Int, behind maker: (any FilterMaker)?) {
    guard let maker else { return openSession(key, from: listener) }
    let channel = Channel(maker, listener: listener, proxied: connection.proxied)
    // Not from when the turn began: the process may have been stopped since.
    let deadline = control.system.now() + maker.openingTimeout
    begin(channel, key, until: deadline, most: maker.mostOpenings)
  }

  /// Makes the session of a connection that has come through a listener.
  mutating func openSession(_ key: Key, from listener: Int) {
    connection.role = listener < roles.count ? roles[listener] : ListenerRole()
    callBack(key) { sessions, index, connection in sessions.open(index, &connection) }
    if limits.idle != 0, slots.contains(key) { schedule(key) }
  }

  /// Closes a connection that cannot be kept. No session has seen it.
  private mutating func giveUp(_ key: Key) {
    _ = backend.close(key, &slots)
    slots.giveBack(key)
    control.places?.giveBack()
  }

  /// Whether a connection may come from there, which then is counted.
  mutating func admits(_ peer: SocketAddress?, _ key: Key) -> Bool {
    guard addresses.limit != nil, let peer, let origin = AddressCounts.Origin(peer) else {
      return true
    }
    guard admits(peer, origin) else { return false }
    addresses.note(origin, at: key.index)
    return true
  }

  /// Whether an address may have one more connection, which then is counted.
  private mutating func admits(_ address: SocketAddress, _ origin: AddressCounts.Origin) -> Bool {
    switch addresses.admit(origin) {
    case .admitted: return true
    case .refusedFirst: notice(.addressLimit(address, addresses.limit ?? 0))
    case .refusedMany(let count): notice(.addressRefusals(address, count))
    case .refused: break
    }
    return false
  }

  mutating func leaveAddress(_ key: Key) {
    guard let untold = addresses.leave(key.index) else { return }
    notice(.addressRefusals(untold.address, untold.count))
  }

  private mutating func noteAccepted() {
    defer { enterPlace() }
    guard accepting.end() else { return }
    // Perhaps in the very turn in which the pause began: there was room after all.
    isAccepting = true
    if isPauseTold { notice(.acceptingResumed) }
    isPauseTold = false
  }

  /// Where loops share a limit, it is told once for all of them that it is reached; each finds out by
  /// itself, and is woken when it is not any more.
  func enterPlace() {
    guard let places = control.places else { return }
    if places.resumes() { notice(.acceptingResumed) }
    if places.enter() { notice(.acceptingPaused(.connectionLimit(places.limit))) }
  }

  mutating func acceptFailed(_ errno: Errno) {
    guard !isStopped, accepting.pauses(after: errno) else { return }
    pauseAccepting(.failed(SystemError(.accept, errno)))
  }

  private mutating func pauseAccepting(_ reason: LoopNotice.Pause) {
    isAccepting = false
    // In this turn too: what is accepted and cannot be kept is closed.
    backend.setRoom(0, within: control.places)
    let (isEmpty, system) = (slots.count == 0, control.system)
    let isNew = accepting.begin(reason, isEmpty: isEmpty, now, entropy: system.entropy())
    guard isNew, !isToldByPlaces(reason) else { return }
    isPauseTold = true
    notice(.acceptingPaused(reason))
  }

  /// Whether one loop has all places that several share: then it has been told for all of them.
  private func isToldByPlaces(_ reason: LoopNotice.Pause) -> Bool {
    guard let places = control.places, case .connectionLimit(let limit) = reason else {
      return false
    }
    return limit >= places.limit
  }

  mutating func tryAcceptingAgain() {
    guard draining == nil || isGathering else { return }
    let hasRoom = slots.count < limits.maxConnections
    if accepting.tryAgain(hasRoom: hasRoom, now, control.system) { isAccepting = true }
  }
}
