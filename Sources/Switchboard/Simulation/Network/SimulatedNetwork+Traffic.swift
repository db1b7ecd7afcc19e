#if TestBench

// What happens by itself: segments arrive, connections stand or are refused, resets cross them.
extension SimulatedNetwork {
  // ------------------------------------------------------------------------- connecting

  /// A socket begins to connect.
  func beginConnecting(
    _ socket: SimulatedSocket, to address: SocketAddress, over link: SimulatedLink
  ) {
    prepare(socket, for: address, over: link)
    heap.push(.connect, socket.id, at: now + delay(over: link))
  }

  func prepare(
    _ socket: SimulatedSocket, for address: SocketAddress, over link: SimulatedLink
  ) {
    socket.link = link
    socket.state = .connecting
    if socket.address.port == 0 {
      socket.address = .loopback(address.family, port: nextEphemeralPort())
    }
    socket.peer = address
  }

  func connectArrives(from socket: SimulatedSocket, attempt: UInt64) {
    guard socket.state == .connecting, let link = socket.link else { return }
    if link.isGone { return }
    if now < link.cutUntil {
      return heap.push(.connect, socket.id, at: link.cutUntil + link.latency, detail: attempt)
    }
    guard let listener = listeners.first(where: { $0.address.covers(socket.peer) }) else {
      return heap.push(.refused, socket.id, at: now + delay(over: link))
    }
    // A full queue: the first segment is dropped, and sent again a second later, then two.
    guard listener.queue.count < listener.backlog + (machine.handshakes ? 1 : 0) else {
      let again = now + 1_000_000_000 << min(attempt, 4)
      return heap.push(.connect, socket.id, at: again, detail: attempt + 1)
    }
    let end = makeSocket(socket.address.family)
    end.state = machine.handshakes ? .halfOpen : .connected
    end.address = listener.address
    end.peer = socket.address
    end.link = link
    end.other = socket.id
    end.incoming = makeStream(over: link)
    end.outgoing = makeStream(over: link)
    end.lastActive = now
    socket.other = end.id
    heap.push(.connected, socket.id, at: now + delay(over: link))
    if !machine.handshakes { enqueue(end, at: listener) }
  }

  private func enqueue(_ end: SimulatedSocket, at listener: SimulatedSocket) {
    listener.queue.append(end)
    listener.queued += 1
    wake(listener, PollBits.read)
  }

  /// The last word of a handshake is here: the connection takes its place in the queue. Where there is
  /// none it is asked for again, and what the client sends meanwhile has not come.
  func established(_ end: SimulatedSocket, attempt: UInt64) {
    guard end.state == .halfOpen, let link = end.link, !link.isGone else { return }
    guard let listener = listeners.first(where: { $0.address.covers(end.address) }) else {
      end.state = .closed
      return sendReset(from: end)
    }
    guard listener.queue.count <= listener.backlog else {
      let again = now + 1_000_000_000 << min(attempt, 4)
      return heap.push(.established, end.id, at: again, detail: attempt + 1)
    }
    end.state = .connected
    end.lastActive = now
    enqueue(end, at: listener)
    // What was sent since then.
    while let incoming = end.incoming, end.missed > 0 {
      end.missed -= 1
      if incoming.isMoving { arrive(at: end) }
    }
  }

  func connectionStands(_ socket: SimulatedSocket) {
    // Who has been given up meanwhile knows nothing of it, and says so.
    if socket.state == .closed { return sendReset(from: socket) }
    guard socket.state == .connecting, let end = other(socket) else { return }
    socket.state = .connected
    socket.incoming = end.outgoing
    socket.outgoing = end.incoming
    socket.lastActive = now
    if end.state == .halfOpen, let link = socket.link {
      heap.push(.established, end.id, at: now + delay(over: link))
    }
    // The server may have said something before its answer to the connecting was here.
    wake(socket, PollBits.write | (socket.incoming.map { $0.unread > 0 } ?? false ? 1 : 0))
  }

  /// - Parameter detail: The error's number, 0 where nobody listens.
  func connectionFailed(_ socket: SimulatedSocket, _ detail: UInt64 = 0) {
    guard socket.state == .connecting else { return }
    socket.state = .closed
    let errno = Errno(rawValue: Int32(truncatingIfNeeded: detail))
    socket.error = detail == 0 ? .connectionRefused : errno
    wake(socket, PollBits.error | PollBits.hangUp)
  }

  // ---------------------------------------------------------------------------- streams

  /// How long the next segment takes.
  func delay(over link: SimulatedLink) -> UInt64 {
    var time = link.nextDelay()
    if let chance = faults.fires(.latencySpike, on: link.number, at: now) {
      time += (1 + chance % 300) * 1_000_000
    }
    if let chance = faults.fires(.loss, on: link.number, at: now) {
      // Lost, and sent again when its timer has run out: 200 ms, then twice that.
      time += 200_000_000 << (chance & 1)
    }
    if !link.isGone, let chance = faults.fires(.partition, on: link.number, at: now) {
      link.cutUntil = now + (1 + chance % 3000) * 1_000_000
    }
    return time
  }

  /// Sends on their way what the receiver's window has room for, in segments; and behind everything, that
  /// no more comes.
  func transmit(from socket: SimulatedSocket, over link: SimulatedLink) {
    guard let outgoing = socket.outgoing, !socket.wasReset else { return }
    let count = outgoing.leaving
    if count > 0 {
      outgoing.dispatchedAt = now
      let last = outgoing.dispatched + count
      // Eight segments at most, so that a large send does not become a thousand events.
      let least = count / 8 + 1
      while outgoing.dispatched < last {
        let length = max(least, link.nextLength(of: count))
        dispatch(to: min(last, outgoing.dispatched + length), from: socket, over: link)
      }
    }
    if socket.hasFinished, !outgoing.isFinished, outgoing.waiting == 0 {
      outgoing.isFinished = true
      dispatch(to: outgoing.sent, from: socket, over: link, isEnd: true)
    }
  }

  private func dispatch(
    to end: Int, from socket: SimulatedSocket, over link: SimulatedLink, isEnd: Bool = false
  ) {
    guard let outgoing = socket.outgoing else { return }
    outgoing.dispatch(to: end, at: now + delay(over: link), isEnd: isEnd)
    heap.push(.arrival, socket.other, at: outgoing.lastArrival)
  }

  func arrive(at socket: SimulatedSocket) {
    guard let incoming = socket.incoming ?? pendingIncoming(socket), let link = socket.link,
      incoming.isMoving, !link.isGone
    else { return }
    if now < link.cutUntil {
      return heap.push(.arrival, socket.id, at: link.cutUntil + link.latency)
    }
    if socket.state == .halfOpen {
      socket.missed += 1
      return
    }
    let before = incoming.arrived
    guard let segment = incoming.arrive() else { return }
    acknowledge(socket, incoming, over: link)
    if socket.state == .closed || socket.wasReset {
      let count = incoming.unread
      incoming.skip(count)
      // Nobody is there to read it: the sender is told so.
      if incoming.arrived > before, !socket.wasReset { sendReset(from: socket) }
      return
    }
    wake(
      socket,
      PollBits.read | (segment.isEnd ? PollBits.ended : 0)
        | (incoming.isUrgent ? PollBits.urgent : 0))
  }

  /// What arrives is acknowledged: the sender's kernel need not hold it any longer.
  private func acknowledge(
    _ socket: SimulatedSocket, _ incoming: SimulatedStream, over link: SimulatedLink
  ) {
    incoming.acknowledgedAt = now
    guard incoming.wantsRoom, !incoming.tellsOfRoom, incoming.isWritable else { return }
    tellSender(of: socket, incoming, over: link)
  }

  private func tellSender(
    of socket: SimulatedSocket, _ incoming: SimulatedStream, over link: SimulatedLink
  ) {
    guard socket.other >= 0, !link.isGone else { return }
    incoming.tellsOfRoom = true
    heap.push(.room, socket.other, at: link.arrival(from: now, after: delay(over: link)))
  }

  /// The stream of a socket that does not know yet that its connection stands.
  private func pendingIncoming(_ socket: SimulatedSocket) -> SimulatedStream? {
    other(socket)?.outgoing
  }

  /// A socket has read: its peer may hear of room.
  func hasRead(_ socket: SimulatedSocket) {
    guard let incoming = socket.incoming, let link = socket.link else { return }
    socket.lastActive = turnStart
    guard incoming.isOpen, !incoming.tellsOfRoom else { return }
    tellSender(of: socket, incoming, over: link)
  }

  func tellOfRoom(_ socket: SimulatedSocket) {
    guard let outgoing = socket.outgoing else { return }
    outgoing.tellsOfRoom = false
    // Also when its process has closed it: the kernel sends what it holds.
    if let link = socket.link { transmit(from: socket, over: link) }
    guard outgoing.wantsRoom, outgoing.isWritable, socket.state == .connected else { return }
    outgoing.wantsRoom = false
    wake(socket, PollBits.write)
  }

  // ----------------------------------------------------------------------------- ending

  /// Says that nothing more is sent.
  func finish(_ socket: SimulatedSocket) {
    guard socket.state == .connected, !socket.hasFinished, let link = socket.link else { return }
    socket.hasFinished = true
    // As its owner's clock has it: a loop's deadlines begin with its turn, however long that lasts.
    socket.finishedAt = socket.client != 0 ? now : turnStart
    transmit(from: socket, over: link)
    // Sending is possible now, to no avail; and where both ends have finished it is a hang-up.
    wake(
      socket, PollBits.write | (socket.incoming?.hasEnded ?? false ? PollBits.hangUp : 0))
  }

  /// Closes. With unread bytes, or a linger of zero, the peer gets a reset; otherwise what was sent
  /// still arrives.
  func close(_ socket: SimulatedSocket) {
    if socket.client == 0, socket.state == .connected { serverCloses(socket) }
    if socket.remote > 0 { outside?.closes(socket) }
    switch socket.state {
    case .listening:
      listeners.removeAll { $0 === socket }
      for waiting in socket.queue {
        sendReset(from: waiting)
        waiting.state = .closed
      }
      socket.queue = []
    case .connected where !socket.wasReset:
      if socket.resetsOnClose || socket.incoming.map({ $0.unread > 0 }) ?? false {
        sendReset(from: socket)
      } else {
        finish(socket)
      }
      if let incoming = socket.incoming { incoming.skip(incoming.unread) }
    default: break
    }
    socket.state = .closed
  }

  /// Ends a connection from one side, without ceremony.
  func sendReset(from socket: SimulatedSocket) {
    guard let link = socket.link, socket.other >= 0, !socket.wasReset else { return }
    socket.wasReset = true
    socket.outgoing?.cut(forgets: false)
    guard !link.isGone else { return }
    heap.push(.reset, socket.other, at: link.arrival(from: now, after: delay(over: link)))
  }

  func resetArrives(at socket: SimulatedSocket) {
    if socket.state == .connecting {
      socket.other = -1
      return connectionFailed(socket)
    }
    if socket.state == .halfOpen { socket.state = .closed }
    guard socket.state == .connected, !socket.wasReset else { return }
    socket.error = socket.incoming?.hasEnded ?? false ? .brokenPipe : .connectionReset
    breakDown(socket)
  }

  /// A connection is over at this end: its pending error is set already.
  func breakDown(_ socket: SimulatedSocket) {
    if socket.brokeAt == 0 { socket.brokeAt = now }
    socket.wasReset = true
    socket.incoming?.cut(forgets: socket.link?.resetForgets ?? true)
    socket.outgoing?.cut(forgets: false)
    wake(
      socket,
      PollBits.read | PollBits.write | PollBits.error | PollBits.hangUp | PollBits.ended)
  }
}

#endif
