import Testing

@testable import Switchboard

/// Each way to wait, with both faces of the library.
enum FaultWorld: String, CaseIterable, CustomTestStringConvertible, Sendable {
  case select = "select"
  case poll = "poll"
  case epoll = "epoll"
  case ring = "io_uring"
  /// With room for so few connections that each accept is for one.
  case smallRing = "io_uring, few connections"
  /// Queues of four and eight entries, four buffers, an arena for two outputs.
  case tinyRing = "io_uring, everything tiny"
  case reactorSelect = "reactor on select"
  case reactorPoll = "reactor on poll"
  case reactorEpoll = "reactor on epoll"

  var testDescription: String { rawValue }
  var isRing: Bool { [.ring, .smallRing, .tinyRing].contains(self) }
  var isReactor: Bool { rawValue.hasPrefix("reactor") }
  static let engines: [FaultWorld] = [.select, .poll, .epoll, .ring, .smallRing]
  /// Those in which every call is failed.
  static let swept = allCases.filter { $0 != .tinyRing }
}

/// What became of a server with faults.
struct FaultReport: Sendable {
  /// Why it did not start, or ended.
  var startError: SystemError?
  var runError: SystemError?
  var opened = 0
  var reasons: [CloseReason] = []
  var mistakes: [String] = []
  var notices: [LoopNotice] = []
  /// Descriptors that it left open, and those that it closed without having them.
  var leaked: Set<Int32> = []
  var closedTwice: [Int32] = []

  /// What must hold whatever failed.
  var isClean: Bool {
    opened == reasons.count && mistakes.isEmpty && leaked.isEmpty && closedTwice.isEmpty
  }
}

/// A server on a ``Faulty`` kernel, in a thread of its own.
final class FaultyServer: Sendable {
  struct State {
    var port: UInt16?
    var waker: Waker<Faulty<Linux>>?
    var jobs: MessageBox<@Sendable () -> Void>?
    var report = FaultReport()
    var hasEnded = false
  }

  let journal: Journal
  let system: Faulty<Linux>
  let options: ServerOptions
  let state = Lock(State())

  init(_ faults: CallFaults, _ options: ServerOptions, journal: Journal) {
    system = Faulty(Linux(), faults)
    self.options = options
    self.journal = journal
  }

  var port: UInt16 { state.withLock { $0.port } ?? 0 }
  var hasEnded: Bool { state.withLock { $0.hasEnded } }
  func client(receiveBuffer: Int32? = nil) throws -> Client {
    try Client(to: port, receiveBuffer: receiveBuffer)
  }

  /// Runs something in the loop's thread and waits for it; false when that does not happen. Reactors
  /// take no jobs.
  func runsJobs() -> Bool {
    guard let jobs = state.withLock({ $0.jobs }) else { return true }
    let gate = Gate()
    guard jobs.post({ gate.count() }, to: Key(rawValue: 0)) else { return false }
    return eventually { gate.total == 1 }
  }

  // ------------------------------------------------------------------- in the server's thread

  func run<S: Session>(_ world: FaultWorld, _ make: @escaping @Sendable () -> S) {
    do throws(SystemError) {
      if world.isReactor { try reactor(world) } else { try engine(world, make) }
    } catch {
      state.withLock {
        if $0.port == nil { $0.report.startError = error } else { $0.report.runError = error }
      }
    }
  }

  private func engine<S: Session>(_ world: FaultWorld, _ make: @escaping @Sendable () -> S)
    throws(SystemError)
  {
    let control = try LoopControl(system: system)
    let listener = try Listener(on: .loopback(port: 0), system: system)
    // A ring takes many connections with one accept only where there is room for a whole queue.
    let capacity = options.maxConnections ?? ([.smallRing, .tinyRing].contains(world) ? 40 : 9000)
    switch world {
    case .select:
      let poller = try SelectPoller(system: system)
      let backend = try Proactor(poller: poller, acceptBudget: 64, system: system)
      try drive(backend, control, listener, capacity, make)
    case .poll:
      let poller = try PollPoller(system: system)
      let backend = try Proactor(poller: poller, acceptBudget: 64, system: system)
      try drive(backend, control, listener, capacity, make)
    case .epoll:
      let poller = try EdgeEpoll(system: system)
      let backend = try Proactor(poller: poller, acceptBudget: 64, system: system)
      try drive(backend, control, listener, capacity, make)
    default:
      var sizes = URing<Faulty<Linux>>.Sizes()
      if world == .tinyRing {
        (sizes.entries, sizes.completions, sizes.tiers) = (4, 8, 0...0)
        (sizes.arena, sizes.sendings) = (4096, 2)
      }
      let backend = try URing(sizes: sizes, connections: capacity + 64, system: system)
      try drive(backend, control, listener, capacity, make)
    }
  }

  private func drive<B: Backend & ~Copyable, S: Session>(
    _ backend: consuming B, _ control: LoopControl<Faulty<Linux>>,
    _ listener: consuming Listener<Faulty<Linux>>, _ capacity: Int,
    _ make: @escaping @Sendable () -> S
  ) throws(SystemError) where B.System == Faulty<Linux> {
    let (journal, box) = (journal, MessageBox<S.Message>(mail: control.mail))
    let sessions = try Sessions(
      capacity: capacity + 64, box: box, make: { _ in Watched(make(), journal) })
    var loop = try EventLoop(
      backend: backend, sessions: sessions, box: box, capacity: capacity, control: control,
      options: options, notice: { notice in journal.with { $0.notices.append(notice) } })
    let port = listener.address.port
    try loop.listen(listener)
    state.withLock { ($0.port, $0.waker, $0.jobs) = (port, control.waker, control.jobs) }
    try loop.run()
  }

  private func reactor(_ world: FaultWorld) throws(SystemError) {
    let listener = try Listener(on: .loopback(port: 0), system: system)
    switch world {
    case .reactorSelect: try drive(SelectPoller(system: system), listener)
    case .reactorPoll: try drive(PollPoller(system: system), listener)
    default: try drive(EpollPoller(system: system), listener)
    }
  }

  private func drive<P: Poller & ~Copyable>(
    _ poller: consuming P, _ listener: consuming Listener<Faulty<Linux>>
  ) throws(SystemError) where P.System == Faulty<Linux> {
    var chosen = ReactorOptions()
    chosen.lingerTimeout = options.lingerTimeout
    var reactor = try Reactor(
      poller: poller, handler: SweepHandler(journal), options: chosen, system: system)
    let port = listener.address.port
    try reactor.listen(listener)
    let waker = reactor.waker
    // A connection that it begins itself, to a listener of nobody's.
    let other = try Listener(on: .loopback(port: 0), system: Linux())
    try reactor.connect(to: other.address)
    state.withLock { ($0.port, $0.waker) = (port, waker) }
    try reactor.run()
  }
}

/// Serves with faults while `body` runs, then stops: what became of it. `body` is not called when the
/// server does not start.
func serve<S: Session>(
  _ world: FaultWorld, _ faults: CallFaults, _ options: ServerOptions = sweepOptions,
  journal: Journal = Journal(), session: @autoclosure @escaping @Sendable () -> S,
  _ body: (FaultyServer) throws -> Void
) throws -> FaultReport {
  // Nothing but the server's own thread holds on to the server's parts, so that they are closed when
  // it has ended.
  let (state, system): (FaultReport, Faulty<Linux>) = try {
    let server = FaultyServer(faults, options, journal: journal)
    let thread = try LoopThread {
      server.run(world, session)
      server.state.withLock { $0.hasEnded = true }
    }
    // The first look at where a call comes from takes seconds.
    _ = eventually(seconds: 60) { server.state.withLock { $0.port != nil || $0.hasEnded } }
    let result = Result { if server.port != 0 { try body(server) } }
    server.state.withLock { $0.waker }?.stop()
    guard eventually({ server.hasEnded }) else {
      Issue.record("the server does not stop")
      throw Unstoppable()
    }
    thread.join()
    try result.get()
    return server.state.withLock {
      ($0.waker, $0.jobs) = (nil, nil)
      return ($0.report, server.system)
    }
  }()
  var report = state
  let entries = journal.now
  report.opened = entries.opened
  report.reasons = entries.reasons
  report.mistakes = entries.mistakes
  report.notices = entries.notices
  report.leaked = system.open
  report.closedTwice = system.closedTwice
  return report
}

/// Short waits, so that a sweep is quick.
let sweepOptions = options { $0.lingerTimeout = .milliseconds(100) }

/// A server did not end in time.
struct Unstoppable: Error {}
