#if TestBench

// What clients do when something has happened to them.
extension Course {
  func advance(_ index: Int) {
    guard !isAdvancing, index >= 0, !clients[index].isOver else { return }
    isAdvancing = true
    defer { isAdvancing = false }
    let socket = clients[index].socket
    if let end = clients[index].staysUntil { return stay(index, until: end) }
    if socket.state == .closed { return lost(index, socket.error ?? .connectionRefused) }
    guard socket.state == .connected else { return }
    if hasStayed(index) { return }
    if hasLostOrder { return leave(index, byReset: false) }
    sufferFaults(index)
    read(index)
    guard isGoing(index), isReady(index) else { return }
    while isGoing(index), clients[index].step < clients[index].moves.count {
      guard doStep(index) else { return }
    }
    guard isGoing(index), clients[index].pausedUntil != .max else { return }
    guard finish(index) else { return }
    // Its server had finished before.
    if clients[index].plan.goesOn { read(index) }
  }

  /// Whether a client that never reads has stayed for long enough. It may be in the middle of sending.
  private func hasStayed(_ index: Int) -> Bool {
    if network.now >= clients[index].givesUpAt {
      record.say("client \(clients[index].plan.number) does nothing more")
      over(index)
      return true
    }
    return false
  }

  func isGoing(_ index: Int) -> Bool {
    !clients[index].isOver && clients[index].staysUntil == nil
  }

  func sufferFaults(_ index: Int) {
    let number = clients[index].plan.number
    if network.faults.fires(.resetByPeer, on: number, at: network.now) != nil {
      return leave(index, byReset: true)
    }
    if let chance = network.faults.fires(.slowPeer, on: number, at: network.now) {
      pause(index, (1 + chance % 2000) * 1_000_000)
    }
  }

  func vanish(_ index: Int) {
    record.say("client \(clients[index].plan.number) vanishes")
    record.reach(.vanished)
    record.excuse(clients[index].plan.number)
    clients[index].socket.link?.vanish()
    over(index)
  }

  func pause(_ index: Int, _ duration: UInt64) {
    guard clients[index].pausedUntil != .max else { return }
    clients[index].pausedUntil = max(clients[index].pausedUntil, network.now + duration)
    network.heap.push(.client, index, at: clients[index].pausedUntil, detail: .max)
  }

  /// Does what the script says: whether it can go on at once.
  func doStep(_ index: Int) -> Bool {
    let place = clients[index].step
    switch clients[index].moves[place] {
    case .send(let range): return send(range, index)
    case .awaitReplies(let count):
      guard clients[index].received >= count else { return false }
    case .awaitOthers(let those): guard isPast(those, index) else { return false }
    case .wait(let duration):
      if !clients[index].isTiming {
        clients[index].isTiming = true
        network.heap.push(.client, index, at: network.now + duration, detail: UInt64(place))
      }
      return false
    case .pauseReading(let duration): pause(index, duration)
    case .sendUrgent(let byte): guard sendUrgent(byte, index) else { return false }
    case .readSlowly(let count, let duration):
      record.reach(.readsSlowly)
      clients[index].pace = (count, duration)
    case .stopReading:
      clients[index].pausedUntil = .max
      clients[index].givesUpAt = network.now + 2_000_000_000
      network.heap.push(.client, index, at: clients[index].givesUpAt, detail: .max)
      record.reach(.neverReads)
      record.excuse(clients[index].plan.number)
    case .vanish:
      vanish(index)
      return false
    case .finish: guard finish(index) else { return false }
    case .reset:
      leave(index, byReset: true)
      return false
    case .close:
      sayEnd(index)
      if isGoing(index) { leave(index, byReset: false) }
      return false
    }
    clients[index].step += 1
    return true
  }

  func send(_ range: Range<Int>, _ index: Int) -> Bool {
    let socket = clients[index].socket
    // Whoever has said that he sends no more does not.
    if socket.hasFinished {
      clients[index].step += 1
      return true
    }
    if let wire = clients[index].wire { return send(range, through: wire, index) }
    let rest = range.dropFirst(clients[index].offset)
    let outcome = unsafe clients[index].sent.withUnsafeBytes { bytes in
      unsafe network.send(socket, from: UnsafeRawBufferPointer(rebasing: bytes[rest]))
    }
    guard outcome.isSuccess else {
      if let errno = outcome.errno, errno != .wouldBlock { lost(index, errno) }
      return false
    }
    record.say("client \(clients[index].plan.number) sends \(outcome.value) bytes")
    clients[index].offset += outcome.value
    guard outcome.value == rest.count else { return false }
    clients[index].offset = 0
    clients[index].step += 1
    return true
  }

  /// Whether that could be done.
  private func sendUrgent(_ byte: UInt8, _ index: Int) -> Bool {
    let socket = clients[index].socket
    guard !socket.hasFinished, let outgoing = socket.outgoing, let link = socket.link else {
      return true
    }
    guard outgoing.room > 0, !outgoing.hasMark else {
      // Looked for again, since nothing tells of it.
      network.heap.push(.client, index, at: network.now + 1_000_000, detail: .max)
      return false
    }
    outgoing.append(urgent: byte)
    network.transmit(from: socket, over: link)
    return true
  }

  func read(_ index: Int) {
    let socket = clients[index].socket
    guard !clients[index].isOver, network.now >= clients[index].pausedUntil,
      let incoming = socket.incoming
    else { return }
    let count = min(incoming.unread, clients[index].pace?.count ?? .max)
    if count > 0 {
      if let pace = clients[index].pace { pause(index, pace.pause) }
      if let wire = clients[index].wire {
        read(count, through: wire, index)
      } else if hasWires {
        passOver(count, index)
      } else {
        read(count, index)
      }
    }
    guard isGoing(index) else { return }
    if let error = socket.error { return lost(index, error) }
    if incoming.isAtEnd { reachedEnd(index) }
  }

  /// So many bytes have come for a client.
  private func read(_ count: Int, _ index: Int) {
    let socket = clients[index].socket
    guard let incoming = socket.incoming else { return }
    world.heard?(clients[index].plan.number, incoming.next(count))
    record.say("client \(clients[index].plan.number) receives \(count) bytes")
    let offset = clients[index].received
    let found = incoming.difference(from: clients[index].expected, at: offset, count: count)
    if let (at, got) = found {
      let wanted = at < clients[index].expected.count ? clients[index].expected[at] : nil
      record.fail(
        .wrongByte(client: clients[index].plan.number, offset: at, wanted: wanted, got: got))
    }
    clients[index].received += count
    incoming.skip(count)
    network.hasRead(socket)
    cameFurther()
  }
}

#endif
