#if TestBench

// The calls of a process, on its descriptors. Each answers as Linux would, at once.
extension SimulatedNetwork {
  func openSocket(_ family: SocketAddress.Family) -> Outcome {
    let socket = makeSocket(family)
    guard let number = install(socket) else { return .failure(.descriptorLimit) }
    return .value(Int(number))
  }

  func bind(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome {
    guard let socket = socket(descriptor) else { return .failure(.badDescriptor) }
    guard socket.state == .fresh else { return .failure(.invalid) }
    var address = address
    if address.port == 0 { address.port = nextEphemeralPort() }
    let isTaken = listeners.contains {
      $0.address.covers(address) && !($0.sharesPort && socket.sharesPort)
    }
    if isTaken { return .failure(.addressInUse) }
    socket.address = address
    socket.state = .bound
    return .value(0)
  }

  func listen(_ descriptor: Descriptor, backlog: Int) -> Outcome {
    guard let socket = socket(descriptor) else { return .failure(.badDescriptor) }
    guard socket.state == .bound else { return .failure(.invalid) }
    socket.state = .listening
    socket.backlog = max(1, backlog)
    listeners.append(socket)
    return .value(0)
  }

  func accept(_ descriptor: Descriptor, peer: inout SocketAddress) -> Outcome {
    guard let listener = socket(descriptor) else { return .failure(.badDescriptor) }
    guard listener.state == .listening else { return .failure(.invalid) }
    guard let first = listener.queue.first else { return .failure(.wouldBlock) }
    guard let number = install(first) else { return .failure(.descriptorLimit) }
    listener.queue.removeFirst()
    first.lastActive = turnStart
    first.acceptedAt = now
    peer = first.peer
    return .value(Int(number))
  }

  /// `connect(2)` of the simulated process itself.
  func connect(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome {
    guard let socket = socket(descriptor) else { return .failure(.badDescriptor) }
    guard socket.state == .fresh || socket.state == .bound else { return .failure(.invalid) }
    guard socket.address.family == address.family else { return .failure(.familyNotSupported) }
    if let outcome = outside?.connect(socket, to: address) { return outcome }
    let link = makeLink(number: 0, random: SimulatedRandom(seed: UInt64(socket.id)))
    beginConnecting(socket, to: address, over: link)
    return .failure(.inProgress)
  }

  func receive(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    guard let socket = socket(descriptor) else { return .failure(.badDescriptor) }
    return unsafe receive(socket, into: buffer)
  }

  /// What is unread first, then the pending error, then the end.
  func receive(_ socket: SimulatedSocket, into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    guard socket.state == .connected, let incoming = socket.incoming else {
      return .failure(.notConnected)
    }
    let count = unsafe incoming.take(into: buffer)
    if count > 0 {
      charge(count, on: socket)
      hasRead(socket)
      return .value(count)
    }
    if let error = socket.error {
      socket.error = nil
      return .failure(error)
    }
    return incoming.hasEnded || socket.wasReset ? .value(0) : .failure(.wouldBlock)
  }

  func send(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome {
    guard let socket = socket(descriptor) else { return .failure(.badDescriptor) }
    return unsafe send(socket, from: buffer)
  }

  func send(_ socket: SimulatedSocket, from buffer: UnsafeRawBufferPointer) -> Outcome {
    guard socket.state == .connected, let outgoing = socket.outgoing, let link = socket.link,
      !socket.wasReset, !socket.hasFinished
    else {
      let error = socket.error ?? .brokenPipe
      socket.error = nil
      return .failure(error)
    }
    let count = min(buffer.count, outgoing.room)
    if count < buffer.count { outgoing.wantsRoom = true }
    guard count > 0 else { return buffer.count == 0 ? .value(0) : .failure(.wouldBlock) }
    unsafe outgoing.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    charge(count, on: socket)
    socket.lastActive = turnStart
    transmit(from: socket, over: link)
    return .value(count)
  }

  func shutdownSending(_ socket: SimulatedSocket) -> Outcome {
    guard socket.state == .connected, !socket.wasReset else { return .failure(.notConnected) }
    finish(socket)
    return .value(0)
  }

  func close(_ descriptor: Descriptor) -> Outcome {
    guard let released = release(descriptor) else { return .failure(.badDescriptor) }
    if let socket = released.socket, !socket.isDirect { close(socket) }
    return .value(0)
  }

  func set(_ option: SocketOption, _ value: Int32, on descriptor: Descriptor) -> Outcome {
    guard let socket = socket(descriptor) else { return .failure(.badDescriptor) }
    switch option {
    case .reusePort: socket.sharesPort = value != 0
    case .linger: socket.resetsOnClose = value == 0
    default: break
    }
    return .value(0)
  }

  func silence(of socket: SimulatedSocket) -> Outcome {
    .value(Int((socket.outgoing?.silence(at: now) ?? 0) / 1_000_000))
  }

  func get(_ option: SocketOption, on descriptor: Descriptor) -> Outcome {
    guard let socket = socket(descriptor) else { return .failure(.badDescriptor) }
    if option == .sendSilence { return silence(of: socket) }
    guard option == .error else { return .value(1) }
    defer { socket.error = nil }
    return .value(Int(socket.error?.rawValue ?? 0))
  }
}

extension SocketAddress {
  /// Whether a listener on this address takes what is sent to another.
  func covers(_ other: SocketAddress) -> Bool {
    port == other.port && family == other.family
      && ((high == other.high && low == other.low) || (high == 0 && low == 0))
  }
}

#endif
