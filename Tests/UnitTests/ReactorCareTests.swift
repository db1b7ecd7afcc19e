import Testing

@testable import Switchboard

/// A reactor's care, in virtual time, over the simulated kernel.
@Suite struct ReactorCareTests {
  /// What a test's handler does, and what it was told.
  private final class Log {
    var connected: (inout Peer<SimulatedKernel>) -> Interest = { _ in .read }
    var received: (inout Peer<SimulatedKernel>) -> Interest = { _ in .read }
    var elapsed: (inout Peer<SimulatedKernel>) -> Interest = { _ in .read }
    var peers = 0
    var bytes = 0
    var alarms = 0
    var closed: [CloseReason] = []
    var notices: [LoopNotice] = []
  }

  private struct Handler: ReactorHandler {
    typealias System = SimulatedKernel
    let log: Log

    func peerConnected(_ peer: inout Peer<SimulatedKernel>) -> Interest {
      log.peers += 1
      return log.connected(&peer)
    }
    func readyToReceive(_ peer: inout Peer<SimulatedKernel>) -> Interest {
      var buffer = [UInt8](repeating: 0, count: 4096)
      var span = buffer.mutableSpan
      switch try? peer.socket.receive(into: &span) {
      case .bytes(let count): log.bytes += count
      case .wouldBlock: return .read
      case .endOfStream, nil: return []
      }
      return log.received(&peer)
    }
    func readyToSend(_ peer: inout Peer<SimulatedKernel>) -> Interest { .read }
    func timeElapsed(_ peer: inout Peer<SimulatedKernel>) -> Interest {
      log.alarms += 1
      return log.elapsed(&peer)
    }
    func peerClosed(_ peer: inout Peer<SimulatedKernel>, _ reason: CloseReason) {
      log.closed.append(reason)
    }
    func notice(_ notice: LoopNotice) { log.notices.append(notice) }
  }

  /// A machine with a network, without faults.
  private final class Machine {
    let network = SimulatedNetwork(seed: 1, faults: FaultInjector(.none, seed: 1))
    let record: CallRecord
    let kernel: SimulatedKernel
    let log = Log()

    init() {
      record = CallRecord(network, seed: 1)
      kernel = SimulatedKernel(network, record)
    }

    func reactor<P: Poller & ~Copyable>(
      _ poller: consuming P, _ options: ReactorOptions = ReactorOptions()
    ) throws -> Reactor<P, Handler> where P.System == SimulatedKernel {
      var reactor = try Reactor(
        poller: poller, handler: Handler(log: log), options: options, system: kernel)
      try reactor.listen(Listener(on: .loopback(port: 80), system: kernel))
      return reactor
    }

    /// A client that begins to connect.
    func client(
      of port: UInt16 = 80, window: Int = 1 << 20, buffer: Int = 8 << 20
    ) -> SimulatedSocket {
      let client = network.makeSocket(.v4)
      let link = network.makeLink(
        number: 1, random: SimulatedRandom(seed: 1), sizes: (window, buffer))
      network.beginConnecting(client, to: .loopback(port: port), over: link)
      return client
    }

    func send(_ count: Int, from client: SimulatedSocket) {
      let bytes = [UInt8](repeating: 7, count: count)
      let sent = bytes.withUnsafeBytes { network.send(client, from: $0) }
      #expect(sent.value == count)
    }

    func read(_ client: SimulatedSocket, atMost most: Int = .max) -> Int {
      let count = min(most, client.incoming?.unread ?? 0)
      client.incoming?.skip(count)
      network.hasRead(client)
      return count
    }
  }

  /// Turns of a millisecond at most, until something holds: whether it came to that.
  private func turn<P: Poller & ~Copyable>(
    _ reactor: inout Reactor<P, Handler>, on machine: Machine, atMost turns: Int = 5000,
    until holds: () -> Bool
  ) throws -> Bool where P.System == SimulatedKernel {
    for _ in 0..<turns where !holds() {
      try reactor.turn(until: machine.kernel.now() + .milliseconds(1))
    }
    return holds()
  }

  // ---------------------------------------------------------------------------- alarms

  private func restless<P: Poller & ~Copyable>(
    _ delay: Duration, _ make: (SimulatedKernel) throws -> P
  ) throws where P.System == SimulatedKernel {
    let machine = Machine()
    // So that an alarm without delay is due in the tick in which it is set.
    machine.network.clockStep = 1_000_000
    let log = machine.log
    log.connected = { peer in
      peer.wake(after: delay)
      return .read
    }
    log.elapsed = { peer in
      peer.wake(after: delay)
      return log.alarms < 1000 ? .read : []
    }
    var reactor = try machine.reactor(make(machine.kernel))
    let clients = (0..<3).map { _ in machine.client() }
    let stands = try turn(&reactor, on: machine) {
      log.peers == 3 && clients.allSatisfy { $0.state == .connected }
    }
    #expect(stands)
    for _ in 0..<50 {
      let before = log.alarms
      try reactor.turn(until: machine.kernel.now() + .milliseconds(1))
      #expect(log.alarms - before <= 3)
    }
    #expect(log.alarms > 10)
    machine.send(5, from: clients[0])
    let isHeard = try turn(&reactor, on: machine) { log.bytes == 5 }
    #expect(isHeard)
  }

  @Test(arguments: [Duration.zero, .seconds(-1)])
  func `an alarm set anew without a delay held up all others`(_ delay: Duration) throws {
    try restless(delay) { try SelectPoller(system: $0) }
    try restless(delay) { try PollPoller(system: $0) }
    try restless(delay) { try EpollPoller(system: $0) }
  }

  // -------------------------------------------------------------------------- accepting

  private func crowd<P: Poller & ~Copyable>(_ make: (SimulatedKernel) throws -> P) throws
  where P.System == SimulatedKernel {
    let machine = Machine()
    let log = machine.log
    var served: [SocketAddress] = []
    log.connected = { peer in
      served.append(peer.address)
      return []
    }
    var options = ReactorOptions()
    options.maxConnections = 1
    options.lingerTimeout = .milliseconds(1)
    var reactor = try machine.reactor(make(machine.kernel), options)
    try reactor.listen(Listener(on: .loopback(port: 81), system: machine.kernel))
    let crowd = (0..<30).map { _ in machine.client() }
    let other = machine.client(of: 81)
    let isServed = try turn(&reactor, on: machine) { served.contains(other.address) }
    #expect(isServed)
    #expect(served.count < 5, "\(served.count) of a crowd of \(crowd.count) came first")
  }

  @Test func `a listener with a crowd kept another from being served`() throws {
    try crowd { try SelectPoller(system: $0) }
    try crowd { try PollPoller(system: $0) }
    try crowd { try EpollPoller(system: $0) }
  }

  // --------------------------------------------------------------------------- closing

  private func earlyAnswer<P: Poller & ~Copyable>(_ make: (SimulatedKernel) throws -> P) throws
  where P.System == SimulatedKernel {
    let machine = Machine()
    let log = machine.log
    log.received = { peer in
      _ = try? peer.socket.send("no".utf8.span)
      return []
    }
    var reactor = try machine.reactor(make(machine.kernel))
    let client = machine.client()
    let stands = try turn(&reactor, on: machine) { client.state == .connected }
    #expect(stands)
    machine.send(4 << 20, from: client)
    let isAnswered = try turn(&reactor, on: machine) {
      client.wasReset || (client.incoming?.hasEnded ?? false && client.outgoing?.waiting == 0)
    }
    #expect(isAnswered)
    #expect(!client.wasReset)
    #expect(machine.read(client) == 2)
    machine.network.finish(client)
    let server = try #require(machine.network.other(client))
    let isOver = try turn(&reactor, on: machine) { server.state == .closed }
    #expect(isOver)
    #expect(!client.wasReset && log.closed == [.finished])
  }

  /// It discarded 1 MiB, where kernels hold more, and a reset destroyed the answer on its way.
  @Test func `an early answer to a large upload was destroyed`() throws {
    try earlyAnswer { try SelectPoller(system: $0) }
    try earlyAnswer { try PollPoller(system: $0) }
    try earlyAnswer { try EpollPoller(system: $0) }
  }

  private func failingWait<P: Poller & ~Copyable>(_ make: (SimulatedKernel) throws -> P) throws
  where P.System == SimulatedKernel {
    let machine = Machine()
    var reactor = try machine.reactor(make(machine.kernel))
    _ = (machine.client(), machine.client())
    let stands = try turn(&reactor, on: machine) { machine.log.peers == 2 }
    #expect(stands)
    // From now on every wait fails.
    machine.record.fail(.sleepsForEver)
    #expect(throws: SystemError.self) { try reactor.run() }
    #expect(machine.log.closed == [.stopped, .stopped])
    let isFinished = reactor.isFinished
    #expect(isFinished)
  }

  @Test func `peers were not told when the reactor's wait failed`() throws {
    try failingWait { try SelectPoller(system: $0) }
    try failingWait { try PollPoller(system: $0) }
    try failingWait { try EpollPoller(system: $0) }
  }

  // ------------------------------------------------------------------------- deadlines

  private func stopped<P: Poller & ~Copyable>(_ make: (SimulatedKernel) throws -> P) throws
  where P.System == SimulatedKernel {
    let machine = Machine()
    let log = machine.log
    var options = ReactorOptions()
    options.idleTimeout = .seconds(1)
    // One turn cannot tell of all.
    options.eventsPerTurn = 1
    var reactor = try machine.reactor(make(machine.kernel), options)
    let clients = (0..<6).map { _ in machine.client() }
    let stands = try turn(&reactor, on: machine) {
      log.peers == 6 && clients.allSatisfy { $0.state == .connected }
    }
    #expect(stands)
    for client in clients { machine.send(9, from: client) }
    machine.network.lose(10_000_000_000)
    let isHeard = try turn(&reactor, on: machine, atMost: 50) { log.bytes == 54 }
    #expect(isHeard)
    #expect(log.closed == [])
    let areIdle = try turn(&reactor, on: machine) { log.closed.count == 6 }
    #expect(areIdle)
    #expect(log.closed.allSatisfy { $0 == .idle })
  }

  @Test func `a reactor that had been stopped closed peers as idle whose bytes lay waiting`()
    throws
  {
    try stopped { try SelectPoller(system: $0) }
    try stopped { try PollPoller(system: $0) }
    try stopped { try EpollPoller(system: $0) }
  }

  private func slowReader<P: Poller & ~Copyable>(_ make: (SimulatedKernel) throws -> P) throws
  where P.System == SimulatedKernel {
    let machine = Machine()
    let log = machine.log
    var options = ReactorOptions()
    options.idleTimeout = .milliseconds(300)
    log.connected = { peer in
      _ = try? peer.socket.send([UInt8](repeating: 1, count: 5000).span)
      return .read
    }
    var reactor = try machine.reactor(make(machine.kernel), options)
    let client = machine.client(window: 1000, buffer: 5000)
    var got = 0
    while got < 5000, log.closed.isEmpty {
      for _ in 0..<200 { try reactor.turn(until: machine.kernel.now() + .milliseconds(1)) }
      got += machine.read(client, atMost: 1000)
    }
    #expect(got == 5000)
    let isIdle = try turn(&reactor, on: machine) { log.closed == [.idle] }
    #expect(isIdle)
  }

  @Test func `a reactor closed a peer as idle that read slowly and steadily`() throws {
    try slowReader { try SelectPoller(system: $0) }
    try slowReader { try PollPoller(system: $0) }
    try slowReader { try EpollPoller(system: $0) }
  }

  // ------------------------------------------------------------------------- accepting

  /// Others in the process held all numbers that a set holds; when they had closed them, nobody was
  /// accepted before one of the reactor's own connections was closed.
  @Test func `accepting on select stopped until a connection of its own closed`() throws {
    let machine = Machine()
    let log = machine.log
    machine.network.descriptorLimit = 5000
    var reactor = try machine.reactor(SelectPoller(system: machine.kernel))
    let first = machine.client()
    let stands = try turn(&reactor, on: machine) { log.peers == 1 && first.state == .connected }
    #expect(stands)
    var others: [Descriptor] = []
    while (others.last?.rawValue ?? 0) < 1100 {
      others.append(machine.network.openSocket(.v4).descriptor)
    }
    let (refused, waiting) = (machine.client(), machine.client())
    let isPaused = try turn(&reactor, on: machine) { !log.notices.isEmpty }
    #expect(isPaused && log.closed.count == 1)
    // Nobody else is refused while there is no room, however long that lasts.
    let isServed = try turn(&reactor, on: machine) { log.peers > 2 }
    #expect(!isServed && !waiting.wasReset && refused.incoming?.hasEnded ?? true)
    for other in others { _ = machine.network.close(other) }
    let isAccepted = try turn(&reactor, on: machine, atMost: 1000) { log.peers == 3 }
    #expect(isAccepted)
    #expect(log.notices.last == .acceptingResumed)
  }
}
