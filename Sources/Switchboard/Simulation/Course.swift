/// One run of a ``SimulatedWorld``: the clients, and what is checked of them.
final class Course: SimulatedNetwork.Hooks {
  struct ClientState {
    let plan: SimulatedClient
    let socket: SimulatedSocket
    /// Everything that it should receive.
    let expected: [UInt8]
    /// For each step, how much must have come before the step is done.
    let targets: [Int]
    var step = 0
    /// How much of a step that sends has been sent.
    var offset = 0
    var isTiming = false
    var received = 0
    var pausedUntil: UInt64 = 0
    var isOver = false
    /// How many of its bytes its session has been given.
    var taken = 0
    /// When that was last.
    var tookAt: UInt64 = 0
    /// It has all it will get, and keeps its end open for so long all the same.
    var staysUntil: UInt64?
    /// What it must have received in the end if the server drains early; nil for everything.
    var promised: Int?
  }

  let world: SimulatedWorld
  let network: SimulatedNetwork
  let record: CallRecord
  let kernel: SimulatedKernel
  var clients: [ClientState] = []
  var indices: [Int] = []
  private var isAdvancing = false
  var left = 0
  /// When draining began; nil before.
  var drainBegan: UInt64?
  /// Asks the loop to drain; nil while there is none.
  var drain: (() -> Void)?
  let start: UInt64

  static let port: UInt16 = 9090

  /// Events of kind `.other`.
  enum Moment: UInt64 { case connect, drain }

  init(_ world: SimulatedWorld, faults: Faults, trace: ((String) -> Void)?) {
    self.world = world
    let injector = FaultInjector(faults, seed: world.seed)
    network = SimulatedNetwork(seed: world.seed, faults: injector)
    record = CallRecord(network, seed: world.seed)
    kernel = SimulatedKernel(network, record)
    start = network.now
    super.init()
    record.trace = trace
    record.unfinished = { [unowned self] in unfinished }
    network.descriptorLimit = world.descriptorLimit
    network.faults.end = start + world.faultPhase.clampedNanoseconds
    network.limit = network.faults.end + world.limit.clampedNanoseconds
    network.hooks = self
    for plan in world.clients { add(plan) }
    left = clients.count
  }

  /// The server listens: its clients come.
  func begin() {
    let now = network.now
    for index in clients.indices {
      let at = now + clients[index].plan.start
      network.heap.push(.other, index, at: at, detail: Moment.connect.rawValue)
    }
    let drainAt = world.drain.map { now + $0.clampedNanoseconds }
    if let at = drainAt ?? (left == 0 ? now : nil) {
      network.heap.push(.other, 0, at: at, detail: Moment.drain.rawValue)
    }
  }

  func add(_ plan: SimulatedClient) {
    let socket = network.makeSocket(.v4)
    socket.client = plan.number
    // Its port is its name.
    socket.address = .loopback(port: UInt16(20000 + plan.number % 20000))
    var (expected, targets, sent): ([UInt8], [Int], [UInt8]) = ([], [], [])
    var modelled = -1
    for step in plan.steps {
      switch step {
      case .send(let bytes): sent += bytes
      case .expect(let bytes): if world.model == nil { expected += bytes }
      case .awaitReplies:
        if let model = world.model, sent.count != modelled {
          expected = model(sent)
          modelled = sent.count
        }
      default: break
      }
      targets.append(expected.count)
    }
    if let model = world.model, sent.count != modelled { expected = model(sent) }
    while indices.count <= plan.number { indices.append(-1) }
    indices[plan.number] = clients.count
    clients.append(
      ClientState(plan: plan, socket: socket, expected: expected, targets: targets))
  }

  /// The client whose address ends with a port.
  func client(atPort port: UInt16) -> Int { port >= 20000 && port < 40000 ? Int(port) - 20000 : 0 }

  /// The client behind a direct descriptor. While completions find the queue full, a ring's session
  /// may be told of no address.
  func client(behind descriptor: Int32) -> Int? {
    record.ring?.file(descriptor)?.link?.number
  }

  func took(_ count: Int, _ client: Int, at now: Instant) {
    guard client > 0, client < indices.count, indices[client] >= 0 else { return }
    clients[indices[client]].taken += count
    clients[indices[client]].tookAt = now.nanoseconds
  }

  // ------------------------------------------------------------------------------- hooks

  override func happened(_ socket: SimulatedSocket, _ bits: UInt32) {
    guard socket.client > 0 else { return }
    advance(indices[socket.client])
  }

  override func clientTimer(_ client: Int, _ token: UInt64) {
    if clients[client].isTiming, token == UInt64(clients[client].step) {
      clients[client].isTiming = false
      clients[client].step += 1
    }
    advance(client)
  }

  override func other(_ subject: Int, _ detail: UInt64) {
    switch Moment(rawValue: detail) {
    case .connect: connect(subject)
    case .drain: beginDraining()
    case nil: break
    }
  }

  func connect(_ index: Int) {
    let plan = clients[index].plan
    let random = SimulatedRandom(seed: world.seed, stream: 1, part: UInt64(plan.number))
    let link = network.makeLink(number: plan.number, random: random)
    record.say("client \(plan.number) connects")
    network.beginConnecting(
      clients[index].socket, to: .loopback(port: Course.port), over: link)
  }

  func beginDraining() {
    guard drainBegan == nil, !record.hasFailed else { return }
    guard let drain else { return }
    drainBegan = network.now
    record.say("the server is asked to drain")
    for index in clients.indices where !clients[index].isOver {
      clients[index].promised = promise(to: clients[index])
    }
    drain()
  }

  /// What a client gets in any case of a server that drains: the replies to what has arrived, or
  /// where replies may be held up, to what was read.
  func promise(to client: ClientState) -> Int {
    guard let end = network.other(client.socket) else {
      record.excuse(client.plan.number)
      return 0
    }
    if end.descriptor < 0, !takesAll { record.excuse(client.plan.number) }
    guard let model = world.model, let incoming = end.incoming else { return 0 }
    // Bytes that a fault has made come later have not arrived.
    let isHeldUp =
      world.readsLate || client.expected.count > world.options.highWatermark
      || network.faults.has(.receiveWouldBlock) || network.faults.has(.shortReceive)
    // A ring reads ahead of the sessions.
    let read = world.backend == .ioUring ? client.taken : incoming.read
    let taken = isHeldUp ? read : incoming.arrived
    return model(Array(client.plan.sent.prefix(taken))).count
  }

  /// Whether nothing keeps the server from accepting all that wait.
  private var takesAll: Bool {
    world.options.maxConnections.map { $0 >= clients.count } ?? true
      && world.descriptorLimit >= clients.count + 64
      && !network.faults.has(.acceptExhaustion) && !network.faults.has(.registrationFailure)
  }

  // ----------------------------------------------------------------------------- clients

  func advance(_ index: Int) {
    guard !isAdvancing, index >= 0, !clients[index].isOver else { return }
    isAdvancing = true
    defer { isAdvancing = false }
    let socket = clients[index].socket
    if let end = clients[index].staysUntil { return stay(index, until: end) }
    if socket.state == .closed { return lost(index, socket.error ?? .connectionRefused) }
    guard socket.state == .connected else { return }
    sufferFaults(index)
    read(index)
    while isGoing(index), clients[index].step < clients[index].plan.steps.count {
      guard doStep(index) else { return }
    }
    if isGoing(index) { network.finish(socket) }
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

  func pause(_ index: Int, _ duration: UInt64) {
    clients[index].pausedUntil = max(clients[index].pausedUntil, network.now + duration)
    network.heap.push(.client, index, at: clients[index].pausedUntil, detail: .max)
  }

  /// Does what the script says: whether it can go on at once.
  func doStep(_ index: Int) -> Bool {
    let place = clients[index].step
    switch clients[index].plan.steps[place] {
    case .send(let bytes): return send(bytes, index)
    case .expect, .awaitReplies:
      guard clients[index].received >= clients[index].targets[place] else { return false }
    case .wait(let duration):
      if !clients[index].isTiming {
        clients[index].isTiming = true
        network.heap.push(.client, index, at: network.now + duration, detail: UInt64(place))
      }
      return false
    case .pauseReading(let duration): pause(index, duration)
    case .finish: network.finish(clients[index].socket)
    case .reset:
      leave(index, byReset: true)
      return false
    case .close:
      leave(index, byReset: false)
      return false
    }
    clients[index].step += 1
    return true
  }

  func send(_ bytes: [UInt8], _ index: Int) -> Bool {
    let socket = clients[index].socket
    // Whoever has said that he sends no more does not.
    if socket.hasFinished {
      clients[index].step += 1
      return true
    }
    let offset = clients[index].offset
    let outcome = unsafe bytes.withUnsafeBytes { bytes in
      unsafe network.send(socket, from: UnsafeRawBufferPointer(rebasing: bytes[offset...]))
    }
    guard outcome.isSuccess else {
      if let errno = outcome.errno, errno != .wouldBlock { lost(index, errno) }
      return false
    }
    clients[index].offset += outcome.value
    guard clients[index].offset == bytes.count else { return false }
    clients[index].offset = 0
    clients[index].step += 1
    return true
  }

  func read(_ index: Int) {
    let socket = clients[index].socket
    guard !clients[index].isOver, network.now >= clients[index].pausedUntil,
      let incoming = socket.incoming
    else { return }
    let count = incoming.unread
    if count > 0 {
      let offset = clients[index].received
      let expected = clients[index].expected
      if let (at, got) = incoming.difference(from: expected.span, at: offset, count: count) {
        let wanted = at < expected.count ? expected[at] : nil
        record.fail(
          .wrongByte(client: clients[index].plan.number, offset: at, wanted: wanted, got: got))
      }
      clients[index].received += count
      incoming.skip(count)
      network.hasRead(socket)
    }
    if let error = socket.error { return lost(index, error) }
    if incoming.isAtEnd { reachedEnd(index) }
  }
}
