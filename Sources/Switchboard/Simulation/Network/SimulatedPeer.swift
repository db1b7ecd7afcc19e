#if TestBench

/// One connection that a simulated process has begun, at its other end.
struct SimulatedPeer {
  let socket: SimulatedSocket
  /// Its connection's number, which its faults go by.
  let number: Int
  let steps: [SimulatedRemote.Step]
  /// All that is to come before what is sent back.
  let expected: [UInt8]
  /// Whether he sends back what comes behind that.
  let echoes: Bool
  var step = 0
  /// How much of a step that sends has been sent.
  var offset = 0
  /// How much is to have come when the present step is done.
  var wanted = 0
  var received = 0
  /// What is to be sent back and was not yet.
  var held: [UInt8] = []
  var isEchoing = false
  var isTiming = false
  var hasBegun = false
  var pausedUntil: UInt64 = 0
  var isOver = false

  /// His filter; nil where he has none.
  let wire: WireEnd?

  init(
    _ socket: SimulatedSocket, _ number: Int, _ steps: [SimulatedRemote.Step], wire: WireEnd? = nil
  ) {
    self.socket = socket
    self.wire = wire
    self.number = number
    self.steps = steps
    var expected: [UInt8] = []
    for case .expect(let bytes) in steps { expected += bytes }
    self.expected = expected
    echoes = steps.contains(.echo)
  }
}

// What those outside do when something has happened to them.
extension SimulatedOutside {
  /// Something happened to the socket of one of them.
  func happened(_ socket: SimulatedSocket) { advance(-1 - socket.client) }

  /// One of their clocks: of a step, by its place plus one, or for whatever there is to do.
  func timer(_ place: Int, _ token: UInt64) {
    peers[place].hasBegun = true
    if peers[place].isTiming, token == UInt64(peers[place].step) + 1 {
      peers[place].isTiming = false
      peers[place].step += 1
    }
    advance(place)
  }

  private func advance(_ place: Int) {
    guard !isAdvancing, peers.indices.contains(place), peers[place].hasBegun, !peers[place].isOver
    else { return }
    isAdvancing = true
    defer { isAdvancing = false }
    let socket = peers[place].socket
    if socket.wasReset || socket.state != .connected { return over(place, "lost its connection") }
    sufferFaults(place)
    read(place)
    guard !peers[place].isOver else { return }
    guard isReady(place) else {
      if isGivenUp(place) { close(place) }
      return
    }
    while !peers[place].isOver, peers[place].step < peers[place].steps.count {
      guard doStep(place) else { break }
    }
    if !peers[place].isOver { echo(place) }
    if !peers[place].isOver, socket.incoming?.isAtEnd ?? true { reachedEnd(place) }
  }

  func over(_ place: Int, _ how: String) {
    let number = peers[place].number
    say { "connection \(number): the other end \(how)" }
    peers[place].isOver = true
    network.hasChanged = true
  }

  private func sufferFaults(_ place: Int) {
    let (number, now) = (peers[place].number, network.now)
    if network.faults.fires(.resetByPeer, on: number, at: now) != nil {
      excuse(number)
      return reset(place)
    }
    if let chance = network.faults.fires(.slowPeer, on: number, at: now) {
      pause(place, (1 + chance % 2000) * 1_000_000)
    }
  }

  private func reset(_ place: Int) {
    network.sendReset(from: peers[place].socket)
    peers[place].socket.state = .closed
    over(place, "resets")
  }

  private func pause(_ place: Int, _ duration: UInt64) {
    peers[place].pausedUntil = max(peers[place].pausedUntil, network.now + duration)
    network.heap.push(.remote, place, at: peers[place].pausedUntil)
  }

  private func read(_ place: Int) {
    while !peers[place].isOver, network.now >= peers[place].pausedUntil,
      let count = peers[place].socket.incoming?.unread, count > 0
    {
      let got = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, made in
        let outcome = unsafe network.receive(
          peers[place].socket, into: UnsafeMutableRawBufferPointer(buffer))
        made = outcome.isSuccess ? outcome.value : 0
      }
      guard !got.isEmpty else { return }
      take(peers[place].wire.map { $0.take(got) } ?? got, place)
    }
  }

  /// Looks at what has come, and keeps what is to be sent back.
  private func take(_ bytes: [UInt8], _ place: Int) {
    let expected = peers[place].expected
    for byte in bytes {
      let offset = peers[place].received
      peers[place].received += 1
      if offset < expected.count {
        if byte != expected[offset] { complain(place, offset, expected[offset], byte) }
      } else if peers[place].echoes {
        peers[place].held.append(byte)
      } else if !expected.isEmpty {
        complain(place, offset, nil, byte)
      }
    }
  }

  private func complain(_ place: Int, _ offset: Int, _ wanted: UInt8?, _ got: UInt8) {
    fail(.wrongByte(client: peers[place].number, offset: offset, wanted: wanted, got: got))
  }

  /// Does what the script says: whether it can go on at once.
  private func doStep(_ place: Int) -> Bool {
    switch peers[place].steps[peers[place].step] {
    case .send(let bytes):
      guard send(bytes, place) else { return false }
    case .expect(let bytes):
      guard peers[place].received >= peers[place].wanted + bytes.count else { return false }
      peers[place].wanted += bytes.count
    case .echo: peers[place].isEchoing = true
    case .wait(let duration):
      guard !peers[place].isTiming else { return false }
      peers[place].isTiming = true
      network.heap.push(
        .remote, place, at: network.now + duration, detail: UInt64(peers[place].step) + 1)
      return false
    case .pauseReading(let duration): pause(place, duration)
    case .finish:
      echo(place)
      guard peers[place].held.isEmpty, finish(place) else { return false }
    case .reset:
      reset(place)
      return false
    case .close:
      _ = sayEnd(place)
      network.close(peers[place].socket)
      over(place, "closes")
      return false
    case .vanish:
      excuse(peers[place].number)
      peers[place].socket.link?.vanish()
      over(place, "vanishes")
      return false
    }
    peers[place].step += 1
    return true
  }

  /// Whether all of it has gone.
  private func send(_ bytes: [UInt8], _ place: Int) -> Bool {
    let rest = bytes.dropFirst(peers[place].offset)
    peers[place].offset += send(rest, from: place)
    guard peers[place].offset == bytes.count else { return false }
    peers[place].offset = 0
    return true
  }

  private func echo(_ place: Int) {
    guard peers[place].isEchoing, !peers[place].held.isEmpty else { return }
    let sent = send(peers[place].held[...], from: place)
    peers[place].held.removeFirst(sent)
  }

  /// The process has finished: he does what is left of his script, and closes.
  private func reachedEnd(_ place: Int) {
    let peer = peers[place]
    if peer.step < peer.steps.count, case .expect(let bytes) = peer.steps[peer.step] {
      if !isExcused(peer.number) {
        let wanted = peer.wanted + bytes.count
        fail(.missingBytes(client: peer.number, got: peer.received, wanted: wanted))
      }
    } else if peer.step < peer.steps.count || peer.isEchoing && !peer.held.isEmpty {
      return
    }
    if sayEnd(place) { close(place) }
  }
}

#endif
