#if TestBench

// Who comes in, and who is turned away.
extension Course {
  /// A listener, and for how many turns it was passed over.
  struct PassedOver {
    let socket: SimulatedSocket
    /// How many had been taken from it when that was last looked at.
    var taken = 0
    /// How often it had been asked in vain, for descriptors or memory had run out: it had its turn.
    var spoiled = 0
    /// Whether anybody waited then.
    var hadWaiting = false
    var turns = 0
  }

  func watch(_ listener: Descriptor) {
    guard let socket = network.socket(listener) else { return }
    unsafe listeners.append(PassedOver(socket: socket))
  }

  /// A turn of the loop is over: no listener may be passed over again and again while others are
  /// accepted from.
  func checkListeners() {
    var sum = 0
    for place in listeners.indices {
      sum += listeners[place].socket.taken - listeners[place].taken
    }
    // A batch of one event may tell of one listener, the next of another.
    // A poller that tells of a few at once comes round when it has told of all.
    let patience = 2 * listeners.count + 2 + 2 * clients.count / mostEvents
    for place in listeners.indices {
      let state = listeners[place]
      let taken = state.socket.taken
      let hadTurn = taken != state.taken || state.socket.spoiled != state.spoiled
      if hadTurn || !state.hadWaiting {
        listeners[place].turns = 0
      } else if sum > 0 {
        listeners[place].turns += 1
      }
      listeners[place].taken = taken
      listeners[place].spoiled = state.socket.spoiled
      listeners[place].hadWaiting = !state.socket.queue.isEmpty
      if listeners[place].turns > patience {
        record.fail(.passedOver("listener \(place + 1)", turns: listeners[place].turns))
      }
    }
  }

  /// A session was opened for a client.
  func opened(_ number: Int) {
    if isOutgoing(number) { return }
    guard let index = index(of: number) else {
      return record.fail(.sessionContract("opened for nobody"))
    }
    clients[index].wasOpened = true
    checkOpening(index)
    cameFurther()
    openedInTurn += 1
    if openedInTurn == world.options.acceptBudget { record.reach(.acceptBudgetUsed) }
    if drainBegan != nil { record.reach(.cameInDrain) }
    // Headers that come together are not accepted together.
    if openedInTurn > world.options.acceptBudget, world.proxyProtocol == nil, !hasWires {
      record.fail(.budget("\(openedInTurn) connections were opened in one turn"))
    }
    clients[index].isHeld = true
    held += 1
    if held == capacity { record.reach(.roomUsedUp) }
    if held + heldByOthers > capacity {
      record.fail(
        .limit("\(held) connections are held, and \(heldByOthers) by others, of \(capacity)"))
    }
    guard let limit = world.options.maxConnectionsPerAddress else { return }
    let count = heldFromMachine(of: index)
    if count > max(1, limit) {
      record.fail(.limit("\(count) connections of one address are held, of \(limit)"))
    }
  }

  /// How many connections the server holds from a client's machine.
  private func heldFromMachine(of index: Int) -> Int {
    let machine = clients[index].machine
    return clients.indices.count { other in
      // A ring closes when it is entered next, and headers of others may have come by then.
      let isClosing =
        hasOpenings && record.ring != nil && clients[other].sessionClosedIn == turn
      return clients[other].isHeld && clients[other].machine == machine && !isClosing
    }
  }

  func index(of number: Int) -> Int? {
    guard number > 0, number < indices.count, indices[number] >= 0 else { return nil }
    return indices[number]
  }

  /// The server closes its end of a connection. Whoever got no session must have been one too many.
  func serverClosed(_ socket: SimulatedSocket) {
    guard let number = socket.link?.number, let index = index(of: number) else { return }
    clients[index].closedIn = turn
    checkLingering(socket, index)
    if clients[index].isHeld {
      clients[index].isHeld = false
      held -= 1
    }
    if !clients[index].wasOpened {
      record.reach(.neverOpened)
      checkGivenUp(socket)
    }
    guard !clients[index].wasOpened, !record.isExcused(number), !record.hasFailed else { return }
    if mayRefuse(socket, index) {
      record.reach(.neverOpened)
      return record.excuse(number)
    }
    // Its peer has gone already, or the loop is ending.
    if socket.wasReset || drainBegan != nil || stopBegan != nil { return record.excuse(number) }
    if isOneTooMany(index) {
      clients[index].wasRefused = true
      return record.excuse(number)
    }
    record.fail(.refused(client: number))
  }

  /// Whether so many connections come from a client's machine already that it may be turned away.
  /// The loop hears of a close at the end of its turn.
  private func isOneTooMany(_ index: Int) -> Bool {
    guard let limit = world.options.maxConnectionsPerAddress else { return false }
    let machine = clients[index].machine
    let count = clients.indices.count { other in
      clients[other].machine == machine && (clients[other].wasOpened || hasWires)
        && (isOpening(other) || clients[other].isHeld || clients[other].closedIn >= turn - 1)
    }
    return count >= max(1, limit)
  }

  /// What the loop tells its operator.
  func noticed(_ notice: LoopNotice) {
    record.say("\(notice)")
    checkTelling(notice)
    if let branch = Branch(notice) { record.reach(branch) }
    if case .addressLimit(var address, let limit) = notice {
      if limit != world.options.maxConnectionsPerAddress.map({ max(1, $0) }) {
        record.fail(.limit("a limit of \(limit) connections from one address is told of"))
      }
      address.port = 0
      toldHosts.insert(address)
    }
  }

  /// Whoever was turned away for an address's limit was told of, or one before it.
  func checkNotices() {
    for index in clients.indices where clients[index].wasRefused {
      if !toldHosts.contains(clients[index].machine) {
        record.fail(.limit("client \(clients[index].plan.number) was turned away in silence"))
      }
    }
  }
}

#endif
