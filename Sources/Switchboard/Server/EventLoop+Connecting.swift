/// Connections that are begun here.
///
/// An attempt has its slot and its session from the beginning, so that whatever comes of it can be told; it is
/// nobody's connection until the backend has adopted its socket.
extension EventLoop where B: ~Copyable {
  /// What a callback wanted to be connected to.
  mutating func connectAsAsked() {
    var wishes: [ConnectWish] = []
    swap(&wishes, &connection.wishes)
    for wish in wishes { connect(wish) }
  }

  /// Does what other threads and look-ups ask for.
  mutating func obeyLoopRequests() {
    for letter in control.requests.take() {
      switch letter.message {
      case .connect(let wish): connect(wish)
      case .cancel(let number): if let making = outgoing?[number] { step(making) { $0.cancel() } }
      case .found(let number, let family, let answer):
        let now = now
        guard let making = outgoing?[number] else { continue }
        step(making) { eyes in
          switch answer {
          case .success(let addresses): eyes.found(addresses, family, now)
          case .failure(let failure): eyes.lookUpFailed(failure, now)
          }
        }
      }
    }
  }

  mutating func connect(_ wish: ConnectWish) {
    if isStopped || draining != nil { return refuse(wish, .stopped) }
    if let partner = wish.partner, !isFree(partner) {
      return refuse(wish, .notConnected(.unneeded("\(wish.target)")))
    }
    do throws(SystemError) {
      try wish.times.check()
      if wish.partner != nil, !hasPairs() { throw SystemError(.reserve, .outOfMemory) }
      let outgoing = try outgoingConnections()
      guard slots.count < limits.maxConnections, control.places?.take() ?? true else {
        let remedy = "raise it, or close connections: there are as many"
        let fault = OptionFault("maxConnections", is: limits.maxConnections, remedy)
        throw SystemError(.connect, .noBuffers, on: .option(fault))
      }
      begin(wish, with: outgoing)
    } catch {
      refuse(wish, .connectFailed(error))
    }
  }

  /// The session of a connection that will not be made is told, and whoever it was to be the partner of.
  private mutating func refuse(_ wish: ConnectWish, _ reason: CloseReason) {
    wish.refuse(reason)
    if let partner = wish.partner { tellOfNone(partner, reason) }
  }

  /// Whoever wants a partner is given nothing before it stands.
  private mutating func belong(_ key: Key, to partner: Key) {
    join(key, partner)
    slots[partner.index].partnership.insert(.waits)
    updateReceiving(partner)
  }

  private mutating func outgoingConnections() throws(SystemError) -> Outgoing<B.System> {
    if let outgoing { return outgoing }
    let made = try Outgoing(control.system)
    try backend.watch(made.descriptor, .attempted)
    outgoing = made
    return made
  }

  private mutating func begin(_ wish: ConnectWish, with outgoing: Outgoing<B.System>) {
    let key = slots.take(descriptor: -1)
    slots[key.index].flags = .connecting
    if let partner = wish.partner { belong(key, to: partner) }
    let isPlaced = unsafe sessions._withUnsafeGuaranteedRef { $0.place(wish, at: Int(key.index)) }
    precondition(
      isPlaced,
      "tell the server: server.connects(as: Type.self), or server.connects(through: pool)")
    let now = control.system.now()
    var only: SocketAddress.Family?
    if case .address(let address) = wish.target { only = address.family == .v6 ? .v6 : .v4 }
    let eyes = HappyEyeballs(to: wish.target, only: only, times: wish.times, now)
    let making = Outgoing<B.System>.Making(wish, key, eyes)
    outgoing.add(making)
    wheel.set(key.index, to: eyes.wakesAt ?? now)
    switch wish.target {
    case .address(let address): step(making) { $0.found([address], only ?? .v4, now) }
    case .host(let name, let port):
      let number = making.number
      for family in [SocketAddress.Family.v6, .v4] {
        let requests = control.requests
        let lookUp = control.resolver.lookUp(
          name, family, port: port, within: wish.times.timeout
        ) { answer in
          _ = requests.post(.found(number, family, answer), to: Key(rawValue: 0))
        }
        making.lookUps.append(lookUp)
      }
    }
  }

  /// Attempts have come to their ends.
  mutating func attempted() {
    guard let outgoing else { return }
    for (making, attempt) in outgoing.ended() {
      guard let address = making.eyes.address(of: attempt) else { continue }
      let (error, now) = (outgoing.outcome(of: attempt, making, to: address), now)
      if error != nil { outgoing.abandon(attempt, of: making) }
      step(making) { eyes in
        if let error { eyes.failed(attempt, error, now) } else { eyes.connected(attempt) }
      }
    }
  }

  /// The time has come that an attempt waits for.
  mutating func serveDeadlineOfAttempt(_ key: Key) {
    guard let making = outgoing?.making(at: key) else { return }
    let now = now
    step(making) { $0.elapsed(now) }
  }

  /// Nobody wants it any more.
  mutating func cancelAttempt(_ key: Key) {
    if let making = outgoing?.making(at: key) { step(making) { $0.cancel() } }
  }

  // -------------------------------------------------------------------------------- doing it

  /// Tells an attempt's state machine what has happened, and does what it answers.
  private mutating func step(
    _ making: Outgoing<B.System>.Making,
    _ happen: (inout HappyEyeballs) -> [HappyEyeballs.Step]
  ) {
    guard let outgoing else { return }
    var steps = happen(&making.eyes)
    var place = 0
    while place < steps.count {
      defer { place += 1 }
      switch steps[place] {
      case .start(let attempt):
        guard let error = outgoing.begin(attempt, of: making) else { continue }
        steps += making.eyes.failed(attempt.number, error, now)
      case .abandon(let attempt): outgoing.abandon(attempt.number, of: making)
      case .connected(let attempt): return connected(attempt.number, of: making)
      case .failed(let failure): return notConnected(making, failure)
      }
    }
    guard let wakesAt = making.eyes.wakesAt else { return }
    wheel.cancel(making.key.index)
    wheel.set(making.key.index, to: wakesAt)
  }

  private mutating func connected(_ attempt: Int, of making: Outgoing<B.System>.Making) {
    guard let outgoing, let socket = outgoing.take(attempt, of: making), outgoing.remove(making)
    else { return }
    let key = making.key
    wheel.cancel(key.index)
    let adopted = connection.loop.adopt(socket)
    if let errno = adopted.errno {
      _ = control.system.close(socket)
      return endAttempt(key, .connectFailed(SystemError(.connect, errno, on: .none)))
    }
    slots[key.index].descriptor = Int32(truncatingIfNeeded: adopted.value)
    slots[key.index].flags.remove(.connecting)
    slots[key.index].flags.insert(.receiving)
    slots[key.index].lastActive = tick
    enterPlace()
    do throws(RegistrationError) {
      try backend.open(key, &slots)
    } catch {
      return closeNow(key, .registrationFailed(error))
    }
    if let filter = making.wish.filter {
      return begin(filter, key, until: making.eyes.deadline)
    }
    connected(key)
  }

  /// The session of a connection that was begun here is told that it stands.
  mutating func connected(_ key: Key) {
    if let partner = partner(of: key) { tell(partner, .opened) }
    callBack(key) { sessions, index, connection in sessions.connected(index, &connection) }
    if limits.idle != 0, slots.contains(key) { schedule(key) }
  }

  private mutating func notConnected(
    _ making: Outgoing<B.System>.Making, _ failure: ConnectFailure
  ) {
    guard outgoing?.remove(making) ?? false else { return }
    wheel.cancel(making.key.index)
    let isOurDoing = failure.reason == .cancelled && isStopped
    endAttempt(making.key, isOurDoing ? .stopped : .notConnected(failure))
  }

  /// The session is told, and the slot is free: there was no connection.
  private mutating func endAttempt(_ key: Key, _ reason: CloseReason) {
    if slots[key.index].partnership.contains(.paired) { leavePartner(key, reason) }
    unsafe sessions._withUnsafeGuaranteedRef { $0.close(Int(key.index), reason) }
    slots.giveBack(key)
    control.places?.giveBack()
    if accepting.pause != nil { tryAcceptingAgain() }
  }
}
