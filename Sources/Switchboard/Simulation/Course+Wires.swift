#if TestBench

// Clients with a filter at their end of the wire, as the server has one at its own.
extension Course {
  /// Whether filters stand between clients and sessions, so that bytes of the one kind are not those of the other.
  var hasWires: Bool { !world.clientFilters.isEmpty }

  /// Filters take time, and tell what they make.
  func prepareFilters() {
    filterBook.cost = world.openingCost.clampedNanoseconds
    filterBook.end = { [unowned self] descriptor in end(behind: descriptor) }
    filterBook.spend = { [unowned network] time in network.spend(time) }
    filterBook.fail = { [unowned record] violation in record.fail(violation) }
    if hasWires || world.remoteFilter != nil { record.hasSecrets = true }
    guard let source = world.remoteFilter, let bench = wireBench() else { return }
    let (maker, seed, cut) = (source.makeMaker(), world.seed, world.cutOffRemotes)
    network.outside?.makeWire = { number in
      var random = SimulatedRandom(seed: seed, stream: 9, part: UInt64(number))
      var habit = WireHabit()
      habit.cutsOff = random.chance(cut)
      return WireEnd(maker, bench, habit, random)
    }
  }

  private func wireBench() -> WireBench? {
    if bench == nil {
      do throws(SystemError) {
        bench = try WireBench()
      } catch {
        record.fail(.loopFailed(error))
      }
    }
    return bench
  }

  /// A client's end of the wire; nil where it sends what its script says as it is.
  func makeWire(of plan: SimulatedClient) -> WireEnd? {
    guard hasWires else { return nil }
    if plan.wire.isBad { record.excuse(plan.number) }
    guard let place = plan.wire.filter, let bench = wireBench() else { return nil }
    let filter = place % world.clientFilters.count
    if clientMakers.isEmpty { clientMakers = world.clientFilters.map { $0.makeMaker() } }
    let random = SimulatedRandom(seed: world.seed, stream: 9, part: UInt64(plan.number))
    return WireEnd(clientMakers[filter], bench, plan.wire, random)
  }

  // ------------------------------------------------------------------------------ sending

  /// How long a client waits that has garbled what it sent.
  private static var patience: UInt64 { 3_000_000_000 }

  /// Begins, and sends what is to go: whether hands are shaken and all has gone.
  func isReady(_ index: Int) -> Bool {
    guard let wire = clients[index].wire else { return true }
    if network.now >= wire.givesUpAt {
      leave(index, byReset: false)
      return false
    }
    if !wire.hasBegun { wire.begin() }
    return flush(index) && wire.isOpen
  }

  /// Whether all that a client's filter has made has gone.
  func flush(_ index: Int) -> Bool {
    guard let wire = clients[index].wire else { return true }
    let socket = clients[index].socket
    while isGoing(index), !wire.isFlushed {
      guard !socket.hasFinished else {
        wire.drop()
        break
      }
      if network.now < wire.heldUntil { return false }
      if let trouble = wire.takeTrouble(), !suffer(trouble, index) { return false }
      let next = wire.next
      let outcome = unsafe next.withUnsafeBytes { unsafe network.send(socket, from: $0) }
      guard outcome.isSuccess else {
        if let errno = outcome.errno, errno != .wouldBlock { lost(index, errno) }
        return false
      }
      record.say("client \(clients[index].plan.number) sends \(outcome.value) wire bytes")
      wire.went(outcome.value)
      if outcome.value < next.count { return false }
    }
    return isGoing(index)
  }

  /// Whether the client can go on sending at once.
  private func suffer(_ trouble: WireHabit.Trouble, _ index: Int) -> Bool {
    record.say("client \(clients[index].plan.number)'s wire: \(trouble)")
    switch trouble {
    case .garble:
      let end = network.now + Self.patience
      clients[index].wire?.givesUpAt = end
      network.heap.push(.client, index, at: end, detail: .max)
      return true
    case .pause(let duration):
      let end = network.now + duration.clampedNanoseconds
      clients[index].wire?.heldUntil = end
      network.heap.push(.client, index, at: end, detail: .max)
    case .reset: leave(index, byReset: true)
    case .finish:
      clients[index].wire?.drop()
      network.finish(clients[index].socket)
    }
    return false
  }

  /// Seals and sends: whether all of it has gone.
  func send(_ range: Range<Int>, through wire: WireEnd, _ index: Int) -> Bool {
    guard flush(index) else { return false }
    while clients[index].offset < range.count {
      let rest = clients[index].sent[range].dropFirst(clients[index].offset)
      clients[index].offset += wire.seal(rest)
      guard flush(index) else { return false }
    }
    clients[index].offset = 0
    clients[index].step += 1
    return true
  }

  /// Says that a client sends no more: whether that could be done.
  func finish(_ index: Int) -> Bool {
    let socket = clients[index].socket
    if let wire = clients[index].wire, !socket.hasFinished {
      if wire.habit.cutsOff { record.excuse(clients[index].plan.number) } else { wire.end() }
      guard flush(index) else { return false }
    }
    network.finish(socket)
    return true
  }

  /// Says the same as well as it can be said now, before it closes.
  func sayEnd(_ index: Int) {
    guard let wire = clients[index].wire, wire.isOpen, !clients[index].socket.hasFinished else {
      return
    }
    if !wire.habit.cutsOff { wire.end() }
    if !flush(index) || wire.habit.cutsOff { record.excuse(clients[index].plan.number) }
  }

  // ---------------------------------------------------------------------------- receiving

  /// Wire bytes have come for a client.
  func read(_ count: Int, through wire: WireEnd, _ index: Int) {
    let (socket, number) = (clients[index].socket, clients[index].plan.number)
    guard let incoming = socket.incoming else { return }
    let bytes = incoming.next(count)
    incoming.skip(count)
    network.hasRead(socket)
    let plain = wire.take(bytes)
    record.say("client \(number) receives \(count) wire bytes, \(plain.count) in plain")
    if !plain.isEmpty { world.heard?(number, plain) }
    let (offset, expected) = (clients[index].received, clients[index].expected)
    for place in plain.indices {
      let wanted = offset + place < expected.count ? expected[offset + place] : nil
      guard plain[place] != wanted else { continue }
      record.fail(
        .wrongByte(client: number, offset: offset + place, wanted: wanted, got: plain[place]))
      break
    }
    clients[index].received += plain.count
    cameFurther()
    if let failure = wire.failure { failed(index, failure) }
  }

  /// A client without a filter has been sent what is for one.
  func passOver(_ count: Int, _ index: Int) {
    clients[index].socket.incoming?.skip(count)
    network.hasRead(clients[index].socket)
  }

  /// A client's filter cannot go on.
  private func failed(_ index: Int, _ failure: FilterFailure) {
    excuseRefused(index)
    let number = clients[index].plan.number
    if !record.isExcused(number), !isExcusedByTime(clients[index]), !record.hasFailed {
      record.fail(.broke(client: number, how: failure.description))
    }
    _ = flush(index)
    if isGoing(index) { leave(index, byReset: false) }
  }

  // ------------------------------------------------------------------------------- ending

  /// The server has finished with a client that may have had no session.
  func excuseRefused(_ index: Int) {
    guard hasWires, !clients[index].wasOpened, let end = network.other(clients[index].socket) else {
      return
    }
    if mayRefuse(end, index) || drainBegan != nil { record.excuse(clients[index].plan.number) }
  }

  /// The wire has ended: the server must have said so before.
  func checkEnd(of wire: WireEnd, _ index: Int) {
    let number = clients[index].plan.number
    guard !wire.peerHasEnded, !record.isExcused(number), !isPastDrain, !isPastGathering else {
      return
    }
    record.fail(.broke(client: number, how: "its wire ended, and the server had not said so"))
  }

  /// Whether a peer has said that nothing more comes from it, or need not say so.
  func hasSaidEnd(_ number: Int) -> Bool {
    if let index = index(of: number) { return clients[index].wire?.hasSaidEnd ?? true }
    guard let outside = network.outside else { return true }
    return outside.wire(of: number)?.hasSaidEnd ?? true
  }

  /// A session was given bytes: they are those that its client sent.
  func checkGiven(_ bytes: Span<UInt8>, from start: Int, _ number: Int) {
    guard hasWires, let index = index(of: number) else { return }
    let sent = clients[index].sent
    for place in bytes.indices
    where start + place >= sent.count || sent[start + place] != bytes[place] {
      return record.fail(
        .sessionContract("given what client \(number) had not sent, at \(start + place)"))
    }
  }
}

#endif
