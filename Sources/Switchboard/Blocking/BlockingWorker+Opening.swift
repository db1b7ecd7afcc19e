// Connections before whose sessions a filter stands: see ``Opening``.
extension BlockingWorker {
  /// Waits for a header, and makes the session then; without one the connection is over, and nobody is told.
  func open(behind filter: ProxyProtocol, from peer: SocketAddress, _ ticket: UInt32) {
    var opening = Opening(filter)
    let deadline = system.now() + filter.timeout
    while true {
      switch next(&opening, until: deadline) {
      case .receive: continue
      case .refuse(let refusal):
        house.refused(refusal, of: peer)
        ending.phase = .over
        return
      case nil:
        ending.phase = .over
        return
      case .open(let header, let used):
        return open(header, from: peer, rest: Array(arrived.dropFirst(used)), ticket)
      }
    }
  }

  /// What comes of waiting once; nil where the connection has ended, or is to.
  private func next(_ opening: inout Opening, until deadline: Instant) -> Opening.Step? {
    arrived = []
    // Who drains takes what is there, and waits for nothing.
    let isDraining = request != .none
    let mayWait = control.mail.fallAsleep() && !isDraining
    let readiness = wait(for: .read, until: mayWait ? deadline : system.now())
    doJobs()
    if request == .stop { return nil }
    let isLate = system.now() >= deadline
    guard readiness == .read else {
      return isDraining ? nil : isLate ? .refuse(.late) : .receive
    }
    let (system, descriptor) = (system, descriptor)
    let outcome = system.retryingInterrupts {
      unsafe system.receive(descriptor, into: input.all)
    }
    if let errno = outcome.errno { return errno == .wouldBlock ? .receive : nil }
    if outcome.value == 0 { return opening.ended.map { .refuse($0) } }
    let bytes = unsafe Array(input.all.prefix(outcome.value))
    arrived = bytes
    let step = opening.take(bytes.span)
    return step == .receive && isLate ? .refuse(.late) : step
  }

  private func open(
    _ header: ProxyHeader, from peer: SocketAddress, rest: [UInt8], _ ticket: UInt32
  ) {
    let client = header.source ?? peer
    guard house.admit(client) else {
      ending.phase = .over
      return
    }
    house.note(client, at: ticket)
    if connection.peers == nil { connection.peers = PeerAddresses(capacity: 1) }
    connection.peers?.remember(key, proxied: client)
    lastActive = system.now()
    connection.proxied = header
    callBack { sessions, connection in sessions.open(0, &connection) }
    connection.proxied = nil
    guard !rest.isEmpty, !isOver else { return }
    leftovers += rest
    if !isPaused { giveLeftovers() }
  }
}
