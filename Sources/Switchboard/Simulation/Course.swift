#if TestBench

/// One run of a ``SimulatedWorld``: the clients, and what is checked of them.
final class Course: SimulatedNetwork.Hooks {
  let world: SimulatedWorld
  let network: SimulatedNetwork
  let record: CallRecord
  let kernel: SimulatedKernel
  let clients = StableTable<CourseClient>()
  let indices = StableTable<Int>()
  var isAdvancing = false
  var left = 0
  /// Server's ends of connections whose sessions were opened, and that it has not closed.
  var held = 0
  /// How many connections the server is making, and the numbers of those that it has made and not closed.
  var making = 0
  var made: Set<Int> = []
  /// What the loops of the server share, and how much of it others have.
  lazy var places = makePlaces()
  var heldByOthers = 0
  /// The loop's turn, as its sessions see it.
  var turn = 0
  var openedInTurn = 0
  /// Client machines that were told to have reached the limit of an address.
  var toldHosts: Set<SocketAddress> = []
  let listeners = StableTable<PassedOver>()
  /// When draining began; nil before.
  var drainBegan: UInt64?
  /// When it was asked to stop; nil before.
  var stopBegan: UInt64?
  var told = Told()
  /// Ask the loop to drain, and to stop; nil while there is none.
  var drain: (() -> Void)?
  var stop: (() -> Void)?
  /// Gives the loop a job, and wakes it; nil while there is none.
  var post: ((@escaping @Sendable () -> Void) -> Bool)?
  var wake: (() -> Void)?
  /// What the process's other threads hold, and the numbers that they act by.
  var others: [Descriptor] = []
  lazy var chances = SimulatedRandom(seed: world.seed, stream: 6)
  /// Names that the server may look up.
  let names = SimulatedNames(threads: 4)
  /// When the next of them is answered.
  var answersAt: UInt64?
  /// When each job that is not done yet was given.
  let jobs = JobBook()
  /// Whether clients wait for others.
  let isOrdered: Bool
  /// What the loop's filters have in common, and what clients' filters are made by and write into.
  var filterBook: FilterBook { world.filterBook }
  var clientMakers: [any FilterMaker] = []
  var bench: WireBench?
  let start: UInt64
  /// How long the loop's clock has run when the run begins, in nanoseconds.
  let age: UInt64

  /// Events of kind `.other`.
  enum Moment: UInt64 { case connect, drain, stop, otherEnters, otherLeaves, act, answer }

  init(_ world: SimulatedWorld, faults: Faults, trace: ((String) -> Void)?) {
    self.world = world
    let injector = FaultInjector(faults, seed: world.seed)
    let age = world.age?.clampedNanoseconds ?? Course.age(seed: world.seed)
    self.age = age
    network = SimulatedNetwork(
      seed: world.seed, faults: injector, start: min(age, 1 << 62) + 1_000_000_000)
    record = CallRecord(network, seed: world.seed)
    isOrdered = world.clients.contains { client in
      !client.predecessors.isEmpty
        || client.steps.contains { if case .awaitOthers = $0 { true } else { false } }
    }
    kernel = SimulatedKernel(network, record)
    start = network.now
    if world.hasCoarseClock { network.clockStep = 1_000_000 }
    super.init()
    network.machine = world.machine
    network.callCost = world.costs.call.clampedNanoseconds
    network.kibibyteCost = world.costs.kibibyte.clampedNanoseconds
    record.trace = trace
    if trace != nil { network.faults.tell = { [unowned record] in record.say("fault: \($0)") } }
    record.unfinished = { [unowned self] in unfinished }
    network.descriptorLimit = world.descriptorLimit
    network.faults.end = start + world.faultPhase.clampedNanoseconds
    network.limit = network.faults.end + world.limit.clampedNanoseconds
    network.hooks = self
    for plan in world.clients { add(plan) }
    left = clients.count
    addRemotes()
    addNames()
    prepareFilters()
  }

  /// Half of the seeds begin with a young loop, the others shortly before its clock of 32 bits comes to
  /// its middle or its end, for the first or the second time; many of them so that deadlines which are
  /// set in the first moments fall there.
  private static func age(seed: UInt64) -> UInt64 {
    var random = SimulatedRandom(seed: seed, stream: 2, part: 3)
    guard random.chance(0.5) else { return 0 }
    let wraps: [UInt64] = [1 << 31, 1 << 32, 3 << 31, 1 << 33]
    let wrap = wraps[random.below(wraps.count)]
    let before =
      switch random.below(3) {
      case 0: random.below(4000)
      case 1: random.below(100)
      default: Int(ServerOptions().lingerTimeout.milliseconds) + random.below(100)
      }
    return (wrap - UInt64(before)) * 1_000_000 - UInt64(random.below(1_000_000))
  }

  /// The server listens: its clients come.
  func begin() {
    let now = network.now
    network.turnStart = now
    for index in clients.indices {
      let at = now + clients[index].plan.start
      network.heap.push(.other, index, at: at, detail: Moment.connect.rawValue)
    }
    beginOthers()
    if let stop = world.stop {
      let at = now + stop.clampedNanoseconds
      network.heap.push(.other, 0, at: at, detail: Moment.stop.rawValue)
    }
    tallyWorld()
    if world.machine.hasOtherThreads { actElsewhere() }
    let drainAt = world.drain.map { now + $0.clampedNanoseconds }
    if let at = drainAt ?? (left == 0 ? now : nil) {
      network.heap.push(.other, 0, at: at, detail: Moment.drain.rawValue)
    }
  }

  func add(_ plan: SimulatedClient) {
    let family = destination(of: plan).family
    let socket = network.makeSocket(family)
    socket.client = plan.number
    // Its port is its name.
    socket.address = plan.address(family)
    while indices.count <= plan.number { unsafe indices.append(-1) }
    indices[plan.number] = clients.count
    let client = CourseClient(
      plan, socket, model: world.model, behind: world.proxyProtocol, wire: makeWire(of: plan))
    unsafe clients.append(client)
  }

  /// Where a client connects to.
  func destination(of plan: SimulatedClient) -> SocketAddress {
    guard !world.addresses.isEmpty else { return .loopback(port: 9090) }
    return world.addresses[plan.destination % world.addresses.count]
  }

  /// The server's end behind a descriptor as its backend numbers it.
  func end(behind descriptor: Int32) -> SimulatedSocket? {
    if let ring = record.ring { return ring.file(descriptor) }
    return network.socket(Descriptor(rawValue: descriptor))
  }

  func took(_ count: Int, _ client: Int, at now: Instant) {
    guard client > 0, client < indices.count, indices[client] >= 0 else { return }
    clients[indices[client]].taken += count
    clients[indices[client]].tookAt = now.nanoseconds
    cameFurther()
  }

  // ------------------------------------------------------------------------------- hooks

  override func happened(_ socket: SimulatedSocket, _ bits: UInt32) {
    guard socket.client > 0 else { return }
    advance(indices[socket.client])
  }

  override func serverCloses(_ socket: SimulatedSocket) {
    if let number = socket.link?.number { made.remove(number) }
    serverClosed(socket)
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
    case .stop: beginStopping()
    case .otherEnters: otherEnters(for: subject)
    case .otherLeaves: otherLeaves()
    case .act: actElsewhere()
    case .answer: tellNames()
    case nil: break
    }
  }

  func connect(_ index: Int) {
    let plan = clients[index].plan
    if clients[index].isOver { return }
    if hasLostOrder { return over(index) }
    guard isPast(plan.predecessors, index) else { return }
    let random = SimulatedRandom(seed: world.seed, stream: 1, part: UInt64(plan.number))
    let link = network.makeLink(number: plan.number, random: random, isNear: plan.isNear)
    record.say("client \(plan.number) connects")
    network.beginConnecting(
      clients[index].socket, to: destination(of: plan), over: link)
  }

  func beginDraining() {
    guard drainBegan == nil, !record.hasFailed else { return }
    guard let drain else { return }
    drainBegan = network.now
    record.say("the server is asked to drain")
    for index in clients.indices where !clients[index].isOver {
      let promised = promise(to: clients[index])
      clients[index].promised = promised
    }
    drain()
  }

  /// What kind of world it is.
  private func tallyWorld() {
    if listeners.count > 1 { record.reach(.severalListeners) }
    if clients.count > 100 { record.reach(.manyAtOnce) }
    for index in clients.indices {
      if clients[index].plan.host > 0 { record.reach(.severalMachines) }
      if clients[index].plan.isNear { record.reach(.floods) }
    }
  }

  /// What a client gets in any case of a server that drains: the replies to what has arrived, or
  /// where replies may be held up, to what was read.
  func promise(to client: borrowing CourseClient) -> Int {
    guard let end = network.other(client.socket) else {
      record.excuse(client.plan.number)
      return 0
    }
    if world.options.drainTimeout < .seconds(10) { record.excuse(client.plan.number) }
    // Its server's kernel has not had its last word yet.
    if end.state == .halfOpen {
      record.excuse(client.plan.number)
      return 0
    }
    if end.descriptor < 0, !takesAll { record.excuse(client.plan.number) }
    guard let model = world.model, let incoming = end.incoming else { return 0 }
    // Its hands are not shaken yet.
    if hasWires, !client.wasOpened {
      record.excuse(client.plan.number)
      return 0
    }
    // Bytes that a fault has made come later have not arrived.
    let isHeldUp =
      world.readsLate || client.expected.count > world.options.highWatermark
      || network.faults.has(.receiveWouldBlock) || network.faults.has(.shortReceive)
    // A ring reads ahead of the sessions, and so do filters.
    let passed = incoming.passed
    var (read, arrived) = (incoming.read - passed.read, incoming.arrived - passed.arrived)
    if let wire = client.wire { arrived = wire.plainCount(within: arrived) }
    if world.backend == .ioUring || client.wire != nil { read = client.taken }
    let taken = isHeldUp ? read : arrived
    return model(Array(client.sent.prefix(taken))).count
  }

  /// Whether nothing keeps the server from accepting all that wait.
  private var takesAll: Bool {
    world.options.maxConnections.map { $0 >= clients.count } ?? true && world.otherLoops == 0
      && world.descriptorLimit >= clients.count + 64
      && !network.faults.has(.acceptExhaustion) && !network.faults.has(.registrationFailure)
  }
}

#endif
