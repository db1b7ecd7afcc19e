#if TestBench

extension Course {
  /// Runs the loop until it has drained, and the clients to their end.
  func run() throws(SimulationFailure) -> SimulationReport {
    serve()
    if !record.hasFailed {
      // What the loop sent last is still on its way.
      network.limit = network.now + world.limit.clampedNanoseconds
      if network.sleep(until: nil, { isOver || record.hasFailed }) != .ready {
        record.fail(.notFinished(clients: unfinished))
      }
    }
    if !record.hasFailed, filterBook.alive > 0 {
      record.fail(.leftOver("\(filterBook.alive) filters"))
    }
    if !record.hasFailed, network.openDescriptors > 0 {
      record.fail(.leakedDescriptors(network.openDescriptors))
    }
    network.hooks = nil
    if let violation = record.violation {
      throw SimulationFailure(
        violation: violation, seed: world.seed, backend: world.backend,
        time: record.violationTime - start, faults: network.faults.fired)
    }
    return SimulationReport(
      seed: world.seed, digest: record.digest, calls: network.calls,
      operations: record.operations, events: network.happened,
      nanoseconds: network.now - start, faults: network.faults.fired,
      bytes: clients.indices.reduce(0) { $0 + clients[$1].received }, branches: record.branches)
  }

  /// Everything that the server's process holds lives in here.
  private func serve() {
    do throws(SystemError) {
      world.options = try world.options.checked()
      let control = try LoopControl(
        system: kernel, places: places, resolver: Resolver(names))
      drain = { control.waker.drain() }
      stop = { control.waker.stop() }
      wake = { control.waker.wake() }
      post = { control.jobs.post($0, to: Key(rawValue: 0)) }
      defer {
        (drain, stop, wake, post) = (nil, nil, nil, nil)
        places = nil
        endOtherThreads()
      }
      var options = Listener<SimulatedKernel>.Options()
      options.backlog = Int32(clamping: world.backlog)
      // Nobody here vanishes without a word.
      options.keepAlive = nil
      var listeners = Slab<Listener<SimulatedKernel>>(capacity: 4)
      for address in world.addresses {
        let listener = try Listener(on: address, options: options, system: kernel)
        watch(listener.descriptor)
        _ = listeners.insert(listener)
      }
      try serve(listeners, control)
    } catch {
      record.fail(.loopFailed(error))
    }
  }

  /// The one place where a backend's name becomes its type.
  private func serve(
    _ listeners: consuming Slab<Listener<SimulatedKernel>>, _ control: LoopControl<SimulatedKernel>
  ) throws(SystemError) {
    let budget = world.options.acceptBudget
    record.acceptBudget = budget
    record.sleepsWithEpoll = world.backend == .epoll
    if world.backend != .ioUring { record.patience += clients.count / mostEvents }
    switch world.backend {
    case .select:
      let poller = try SelectPoller(system: kernel)
      try loop(proactor(poller), listeners, control)
    case .poll:
      let poller = try PollPoller(system: kernel)
      try loop(proactor(poller), listeners, control)
    case .epoll:
      let poller = try EdgeEpoll(system: kernel)
      try loop(proactor(poller), listeners, control)
    case .ioUring:
      let ring = try URing(sizes: ringSizes, connections: capacity + 64, system: kernel)
      try loop(ring, listeners, control)
    }
  }

  /// As a server has it; a ring holds no more than there are descriptors.
  var capacity: Int {
    let (wanted, descriptors) = (world.options.maxConnections, world.descriptorLimit)
    let capacity = ConnectionCapacity.of(wanted: wanted, descriptors: descriptors)
    guard world.backend == .ioUring else { return capacity }
    return min(capacity, ConnectionCapacity.usable(descriptors))
  }

  /// Some seeds have pollers that tell of a few events at once.
  var mostEvents: Int {
    var random = SimulatedRandom(seed: world.seed, stream: 2, part: 4)
    return random.chance(0.3) ? random.within(1...6) : 1024
  }

  private func proactor<P: Poller & ~Copyable>(_ poller: consuming P) throws(SystemError)
    -> Proactor<P> where P.System == SimulatedKernel
  {
    try Proactor(
      poller: poller, acceptBudget: world.options.acceptBudget,
      mostOfPartner: world.options.mostOfPartner, mostEvents: mostEvents, system: kernel)
  }

  /// Half of the seeds have a ring that runs out of everything.
  private var ringSizes: URing<SimulatedKernel>.Sizes {
    var random = SimulatedRandom(seed: world.seed, stream: 2, part: 2)
    var sizes = URing<SimulatedKernel>.Sizes()
    sizes.acceptBudget = world.options.acceptBudget
    sizes.mostOfPartner = world.options.mostOfPartner
    if random.chance(0.5) {
      sizes.entries = [4, 16, 64][random.below(3)]
      sizes.completions = [8, 32, 128][random.below(3)]
      sizes.tiers = 0...random.below(4)
      sizes.arena = [4096, 65536, 1 << 20][random.below(3)]
      sizes.sendings = [2, 16, 1024][random.below(3)]
      // More than waits in the listener's queue.
      sizes.queue = world.backlog + 1
      sizes.mostSingles = [1, 2, 16][random.below(3)]
      sizes.reserve = ([1, 2, 16][random.below(3)], [16, 1024, 65536][random.below(3)])
      // Many MiB in pieces of 16 bytes take a second, and show no more than in larger ones.
      if isFlooded { sizes.reserve.size = max(4096, sizes.reserve.size) }
    }
    return sizes
  }

  private var isFlooded: Bool { clients.indices.contains { clients[$0].plan.isNear } }

  private func loop<B: Backend & ~Copyable>(
    _ backend: consuming B, _ listeners: consuming Slab<Listener<SimulatedKernel>>,
    _ control: LoopControl<SimulatedKernel>
  ) throws(SystemError) where B.System == SimulatedKernel {
    guard let tables = try world.makeTable?(capacity + 64, control.mail) else { return }
    let table = ObservedTable(tables.sessions, record, network, self)
    let record = record
    var loop = try EventLoop(
      backend: backend, sessions: table, box: tables.box, capacity: capacity, control: control,
      options: world.options, age: age,
      notice: { [unowned self] notice in noticed(notice) })
    var listeners = listeners
    for place in 0..<listeners.end {
      guard let key = listeners.key(at: place) else { continue }
      let source = world.filter.map { ObservedFilters($0, filterBook, isOfListener: true) }
      let filters = ListenerFilters(proxy: world.proxyProtocol, source: source)
      try loop.listen(listeners.remove(key), behind: filters)
    }
    record.isServing = true
    begin()
    try loop.runAudited(
      awake: { record.beganWork() }, { record.fail(.disagreement($0)) })
    record.isServing = false
    guard !record.hasFailed else { return }
    checkNotices()
    checkLeft(of: loop)
    if let ring = record.ring, !ring.isFrugal(connections: clients.count) {
      record.fail(
        .budget("\(ring.shortages) receives found no buffer, and \(ring.receives) found one"))
    }
    checkEnd()
    checkEnding(control)
    checkPlaces()
    if table.opened != table.closed {
      record.fail(.leftOver("\(table.opened - table.closed) sessions that were not closed"))
    }
  }

  /// What a loop that has ended still holds.
  private func checkLeft<B: Backend & ~Copyable>(of loop: borrowing EventLoop<B>) {
    let left = [
      (loop.slots.count, "connections"), (loop.outboxes.total, "unsent bytes"),
      (loop.wheel.count, "deadlines"), (loop.addresses.count, "addresses"),
      (loop.desk?.openingCount ?? 0, "opening exchanges"),
    ]
    for (count, what) in left where count != 0 { record.fail(.leftOver("\(count) \(what)")) }
  }
}

#endif
