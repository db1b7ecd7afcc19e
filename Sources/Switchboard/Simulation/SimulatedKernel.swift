#if TestBench

/// The kernel of a simulated machine: the calls of a ``SimulatedNetwork``, and the faults.
///
/// The real pollers, the real ``Proactor`` and the real loop run on it unchanged. Every call and its
/// answer goes into a digest, so that two runs of one seed can be compared by one number. One thread:
/// it is `Sendable` because ``Kernel`` asks for it, and never leaves the thread of its simulation.
struct SimulatedKernel: ReadinessKernel, @unchecked Sendable {
  let network: SimulatedNetwork
  let record: CallRecord

  init(_ network: SimulatedNetwork, _ record: CallRecord) {
    self.network = network
    self.record = record
  }

  /// Every call passes here once with its answer.
  @inline(__always)
  func answer(
    _ call: SystemError.Call, _ descriptor: Descriptor, _ outcome: Outcome, _ detail: UInt64 = 0
  ) -> Outcome {
    record.note(call, descriptor, outcome, detail, network.now)
    return outcome
  }

  /// The client whose connection a descriptor is; 0 for others.
  @inline(__always)
  func target(_ descriptor: Descriptor) -> Int {
    network.socket(descriptor)?.link?.number ?? 0
  }

  @inline(__always)
  func fires(_ kind: Fault.Kind, on target: @autoclosure () -> Int) -> UInt64? {
    guard network.faults.has(kind) else { return nil }
    return network.faults.fires(kind, on: target(), at: network.now)
  }

  @inline(__always)
  func begin() {
    network.enter()
    if let chance = fires(.stall, on: 0) {
      record.stoppedAt = network.now
      network.lose((1 + chance % 50) * 1_000_000)
    }
    if let chance = fires(.frozen, on: 0) {
      record.say("stopped")
      record.reach(.longSleep)
      record.stoppedAt = network.now
      network.lose((1 + chance % 5000) * 1_000_000)
    }
  }

  func now() -> Instant {
    Instant(nanoseconds: network.now - network.now % network.clockStep)
  }

  func entropy() -> UInt64 { record.entropy.next() }

  // ----------------------------------------------------------------------------- sockets

  func socket(_ family: SocketAddress.Family) -> Outcome {
    begin()
    let made = network.openSocket(family)
    return answer(.socket, Descriptor(rawValue: -1), made)
  }

  func bind(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome {
    begin()
    return answer(.bind, descriptor, network.bind(descriptor, to: address))
  }

  func listen(_ descriptor: Descriptor, backlog: Int32) -> Outcome {
    begin()
    return answer(.listen, descriptor, network.listen(descriptor, backlog: Int(backlog)))
  }

  func connect(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome {
    begin()
    return answer(.connect, descriptor, network.connect(descriptor, to: address))
  }

  func accept(_ descriptor: Descriptor, peer: inout SocketAddress) -> Outcome {
    begin()
    if let errno = acceptFault(descriptor) { return answer(.accept, descriptor, .failure(errno)) }
    let outcome = network.accept(descriptor, peer: &peer)
    return answer(.accept, descriptor, outcome, UInt64(peer.port))
  }

  func acceptFault(_ descriptor: Descriptor) -> Errno? {
    if fires(.interrupt, on: 0) != nil {
      // Pollers ask again at once, and a ring in its next turn: more cannot be done for it.
      network.socket(descriptor)?.spoiled += 1
      return .interrupted
    }
    if record.exhausted > 0 {
      record.exhausted -= 1
      network.socket(descriptor)?.spoiled += 1
      return record.exhaustion
    }
    if let chance = fires(.acceptExhaustion, on: 0) {
      let kinds: [Errno] = [.descriptorLimit, .systemDescriptorLimit, .noBuffers, .outOfMemory]
      record.exhausted = Int(chance >> 8 & 3)
      record.exhaustion = kinds[Int(chance & 3)]
      network.socket(descriptor)?.spoiled += 1
      return record.exhaustion
    }
    guard let first = network.socket(descriptor)?.queue.first, let link = first.link,
      let chance = fires(.acceptAborted, on: link.number)
    else { return nil }
    let kinds: [Errno] = [
      .connectionAborted, .protocolError, .notPermitted, .networkDown, .hostUnreachable,
    ]
    // The kernel has taken it from the queue and given it up.
    network.socket(descriptor)?.queue.removeFirst()
    record.excuse(link.number)
    network.sendReset(from: first)
    first.state = .closed
    return kinds[Int(chance % 5)]
  }

  func receive(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    begin()
    guard let socket = network.socket(descriptor) else {
      return answer(.receive, descriptor, .failure(.badDescriptor))
    }
    let number = socket.link?.number ?? 0
    if fires(.interrupt, on: number) != nil {
      return answer(.receive, descriptor, .failure(.interrupted))
    }
    if let chance = fires(.receiveFailure, on: number) {
      let kinds: [Errno] = [
        .connectionReset, .timedOut, .hostUnreachable, .connectionAborted, .outOfMemory,
      ]
      return answer(.receive, descriptor, .failure(fail(socket, kinds[Int(chance % 5)])))
    }
    delayReceive(socket, number)
    let outcome = unsafe network.receive(socket, into: buffer)
    return answer(.receive, descriptor, outcome, unsafe record.digest(buffer, outcome))
  }

  /// A part of what has arrived, or all of it, has not: it comes a little later, and is told of then.
  private func delayReceive(_ socket: SimulatedSocket, _ number: Int) {
    guard let incoming = socket.incoming, incoming.unread > 0, !incoming.hasEnded else { return }
    var late = 0
    var chance: UInt64 = 0
    if let bits = fires(.receiveWouldBlock, on: number) {
      (late, chance) = (incoming.unread, bits)
    } else if incoming.unread > 1, let bits = fires(.shortReceive, on: number) {
      (late, chance) = (1 + Int(bits % UInt64(incoming.unread - 1)), bits)
    }
    guard late > 0 else { return }
    let time = network.now + 1000 + chance >> 40 % 2_000_000
    record.excuseIdleTurn()
    incoming.delay(late, until: time)
    network.heap.push(.arrival, socket.id, at: time)
  }

  /// A connection is over because of a fault, and its client will see a reset.
  func fail(_ socket: SimulatedSocket, _ errno: Errno) -> Errno {
    record.excuse(socket.link?.number ?? 0)
    network.sendReset(from: socket)
    network.breakDown(socket)
    return errno
  }

  func send(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome {
    begin()
    return unsafe send(network.socket(descriptor), .send, descriptor, from: buffer)
  }

  /// Files are real ones.
  func readFile(_ file: Descriptor, at offset: Int, into buffer: UnsafeMutableRawBufferPointer)
    -> Outcome
  {
    begin()
    if fires(.interrupt, on: 0) != nil { return answer(.readFile, file, .failure(.interrupted)) }
    let outcome = unsafe Linux().readFile(file, at: offset, into: buffer)
    return answer(.readFile, Descriptor(rawValue: -1), outcome)
  }

  func sendFile(_ descriptor: Descriptor, from file: Descriptor, at offset: Int, count: Int)
    -> Outcome
  {
    begin()
    var bytes = [UInt8](repeating: 0, count: min(max(0, count), SimulatedKernel.mostOfFile))
    let read = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe Linux().readFile(file, at: offset, into: buffer)
    }
    guard read.errno == nil, read.value > 0 else { return answer(.sendFile, descriptor, read) }
    let alias = network.file(descriptor) as? SimulatedAlias
    let socket = alias?.socket ?? network.socket(descriptor)
    return unsafe bytes.withUnsafeBytes { buffer in
      let part = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<read.value])
      return unsafe send(socket, .sendFile, descriptor, from: part)
    }
  }

  /// More than a loop ever sends of a file at once.
  private static var mostOfFile: Int { 4 << 20 }

  private func send(
    _ socket: SimulatedSocket?, _ call: SystemError.Call, _ descriptor: Descriptor,
    from buffer: UnsafeRawBufferPointer
  ) -> Outcome {
    guard let socket else { return answer(call, descriptor, .failure(.badDescriptor)) }
    let number = socket.link?.number ?? 0
    if fires(.interrupt, on: number) != nil {
      return answer(call, descriptor, .failure(.interrupted))
    }
    if let chance = fires(.sendFailure, on: number) {
      let kinds: [Errno] = [.brokenPipe, .connectionReset, .timedOut, .noBuffers, .outOfMemory]
      return answer(call, descriptor, .failure(fail(socket, kinds[Int(chance % 5)])))
    }
    let limit = sendLimit(socket, number, buffer.count)
    guard limit > 0 || buffer.count == 0 else {
      return answer(call, descriptor, .failure(.wouldBlock))
    }
    let part = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<limit])
    let outcome = unsafe network.send(socket, from: part)
    return answer(call, descriptor, outcome, unsafe record.digest(part, outcome))
  }

  /// How much a send may take.
  private func sendLimit(_ socket: SimulatedSocket, _ number: Int, _ count: Int) -> Int {
    guard socket.state == .connected, !socket.wasReset, !socket.hasFinished, count > 0 else {
      return count
    }
    var limit = count
    if let chance = fires(.sendWouldBlock, on: number) {
      limit = 0
      tellOfRoomLater(socket, chance)
    } else if count > 1, let chance = fires(.shortSend, on: number) {
      limit = 1 + Int(chance % UInt64(count - 1))
      tellOfRoomLater(socket, chance)
    }
    return limit
  }

  private func tellOfRoomLater(_ socket: SimulatedSocket, _ chance: UInt64) {
    let time = network.now + 1000 + chance >> 40 % 2_000_000
    socket.isHeldUp = true
    record.excuseIdleTurn()
    network.heap.push(.wake, socket.id, at: time, detail: UInt64(PollBits.write))
  }

  func shutdownSending(_ descriptor: Descriptor) -> Outcome {
    begin()
    let alias = network.file(descriptor) as? SimulatedAlias
    guard let socket = alias?.socket ?? network.socket(descriptor) else {
      return answer(.shutdown, descriptor, .failure(.badDescriptor))
    }
    return answer(.shutdown, descriptor, network.shutdownSending(socket))
  }

  func close(_ descriptor: Descriptor) -> Outcome {
    begin()
    let watch = network.watch(descriptor)
    let outcome = network.close(descriptor)
    if !outcome.isSuccess { record.fail(.closedTwice(descriptor)) }
    if let watch, network.faults.has(.staleEvent), watch.own.epoll == record.loopEpoll {
      record.closed.append(watch)
    }
    return answer(.close, descriptor, outcome)
  }
}

#endif
