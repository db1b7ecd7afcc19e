#if TestBench

/// A network, and the part of a kernel that faces it, inside one object: sockets, streams, time.
///
/// **Contract.** One thread. Time is virtual and passes in two places only: a little with each call
/// (`enter`), and as far as it must in ``sleep(until:_:)``. Everything that happens by itself is an
/// event of the heap. A call answers at once, as the kernel's would; no call blocks, and none injects
/// a fault: that is done by those who stand in front (``SimulatedKernel``, a simulated ring). Whoever
/// wants to know of readiness without asking sets ``hooks``.
///
/// Nothing here depends on hashing, addresses or the machine's clock.
@safe
final class SimulatedNetwork {
  /// What others want to know.
  class Hooks {
    /// Something happened to a client's socket: `bits` are `PollBits`.
    func happened(_ socket: SimulatedSocket, _ bits: UInt32) {}
    /// A connection of the server's is closed by it.
    func serverCloses(_ socket: SimulatedSocket) {}
    /// A client's clock.
    func clientTimer(_ client: Int, _ token: UInt64) {}
    /// An event of kind `.other`.
    func other(_ subject: Int, _ detail: UInt64) {}
  }

  /// Descriptor numbers of the simulated process.
  let descriptors = StableTable<SimulatedDescriptor>()
  private let bodies = StableTable<SimulatedSocket.Body>()
  private let streams = StableTable<SimulatedStream.Body>()
  private let links = StableTable<SimulatedLink.Body>()
  private let watches = StableTable<SimulatedWatch.Body>()
  private let epolls = StableTable<SimulatedEpoll.Body>()
  var lowestFree = 0
  /// How many descriptors the process holds, and may hold.
  var openDescriptors = 0
  var descriptorLimit = 1024

  /// When its time began, in nanoseconds.
  let start: UInt64
  private(set) var now: UInt64
  /// The process's clock stands still for so many nanoseconds at a time.
  var clockStep: UInt64 = 1
  /// What a call costs beside the little that it takes by chance, and what a KiB does that passes
  /// through one of the server's sockets.
  var callCost: UInt64 = 0
  /// How its machine is.
  var machine = SimulatedWorld.Machine()
  var kibibyteCost: UInt64 = 0
  private let heapPlace = StablePlace(EventHeap())
  /// What is still to happen.
  var heap: EventHeap {
    @inline(__always) unsafeAddress { unsafe UnsafePointer(heapPlace.address) }
    @inline(__always) unsafeMutableAddress { unsafe heapPlace.address }
  }
  var listeners: [SimulatedSocket] = []
  /// Whom the process may connect to beside itself; nil for nobody.
  var outside: SimulatedOutside?
  /// Something happened since the last look: who waits looks again.
  var hasChanged = false
  /// Calls made so far.
  private(set) var calls = 0
  /// When the process's last wait ended: what its loop takes for the present.
  var turnStart: UInt64 = 0
  /// Events that have happened.
  private(set) var happened = 0
  /// Whoever sets it takes it away before its end: it is told of every event, and not counted.
  var hooks: Hooks? {
    get { unsafe observer?.takeUnretainedValue() }
    set { unsafe observer = newValue.map { unsafe Unmanaged.passUnretained($0) } }
  }
  private var observer: Unmanaged<Hooks>?
  private let injector: StablePlace<FaultInjector>
  /// What goes wrong.
  var faults: FaultInjector {
    @inline(__always) unsafeAddress { unsafe UnsafePointer(injector.address) }
    @inline(__always) unsafeMutableAddress { unsafe injector.address }
  }
  private var nextPort: UInt16 = 49152
  /// What one call costs, in nanoseconds, apart from chance.
  private var scheduling: SimulatedRandom

  init(seed: UInt64, faults: FaultInjector, start: UInt64 = 1_000_000_000) {
    self.start = start
    now = start
    injector = StablePlace(faults)
    scheduling = SimulatedRandom(seed: seed, stream: 2)
    // Standard input, output and error are taken.
    for _ in 0..<3 { unsafe descriptors.append(SimulatedDescriptor()) }
    lowestFree = 3
  }

  /// More calls than any scenario needs. A loop that makes them without ever waiting can only be
  /// stopped by a trap.
  private static let mostCalls = 20_000_000

  // ------------------------------------------------------------------------------- time

  /// A call begins: a little time passes, and what is due by then happens.
  @inline(__always)
  func enter() {
    calls += 1
    precondition(calls < SimulatedNetwork.mostCalls, "a simulated loop goes in circles")
    now &+= 200 &+ (scheduling.advance() & 1023) &+ callCost
    if heap.nextTime <= now { catchUp() }
  }

  /// Time passes without anything being asked: another process had the processor.
  func lose(_ nanoseconds: UInt64) {
    now &+= nanoseconds
    catchUp()
  }

  /// Work takes time; what is due by then happens with the next call.
  @inline(__always)
  func spend(_ nanoseconds: UInt64) { now &+= nanoseconds }

  /// The same, and what others do meanwhile happens when they do it.
  func work(_ nanoseconds: UInt64) {
    let end = now &+ nanoseconds
    while heap.nextTime <= end {
      now = max(now, heap.nextTime)
      happen(heap.pop())
    }
    now = end
  }

  /// Bytes passed through a socket: the server's cost time.
  @inline(__always)
  func charge(_ count: Int, on socket: SimulatedSocket) {
    guard kibibyteCost > 0, socket.client == 0 else { return }
    spend(UInt64(count) &* kibibyteCost >> 10)
  }

  /// Lets everything happen that is due.
  func catchUp() {
    while heap.nextTime <= now {
      let event = heap.pop()
      happen(event)
    }
  }

  /// How a wait ended.
  enum WaitEnd { case ready, deadline, never, limit }

  /// The end of virtual time.
  var limit: UInt64 = .max

  /// Time passes until `isReady` or the deadline (nil: for ever). It ends with `.never` when nothing
  /// is left that could happen, and with `.limit` when time is over.
  func sleep(until deadline: UInt64?, _ isReady: () -> Bool) -> WaitEnd {
    let deadline = deadline ?? .max
    hasChanged = true
    while true {
      catchUp()
      if hasChanged {
        hasChanged = false
        if isReady() { return .ready }
      }
      let next = heap.nextTime
      if next == .max, deadline == .max { return .never }
      if deadline <= now { return .deadline }
      if min(next, deadline) > limit { return .limit }
      now = max(now, min(next, deadline))
    }
  }

  private func happen(_ event: SimulatedEvent) {
    happened += 1
    switch event.kind {
    case .client:
      unsafe observer?._withUnsafeGuaranteedRef { $0.clientTimer(event.subject, event.detail) }
    case .other:
      unsafe observer?._withUnsafeGuaranteedRef { $0.other(event.subject, event.detail) }
    case .attempt: outside?.arrives(event.subject)
    case .remote: outside?.timer(event.subject, event.detail)
    default: happen(event, to: socket(numbered: event.subject))
    }
  }

  private func happen(_ event: SimulatedEvent, to socket: SimulatedSocket) {
    switch event.kind {
    case .arrival: arrive(at: socket)
    case .room: tellOfRoom(socket)
    case .reset: resetArrives(at: socket)
    case .connect: connectArrives(from: socket, attempt: event.detail)
    case .connected: connectionStands(socket)
    case .established: established(socket, attempt: event.detail)
    case .refused: connectionFailed(socket, event.detail)
    case .wake:
      socket.isHeldUp = false
      wake(socket, UInt32(truncatingIfNeeded: event.detail))
    case .client, .other, .attempt, .remote: break
    }
  }

  /// Something happened to a socket: whoever watches it is told.
  func wake(_ socket: SimulatedSocket, _ bits: UInt32) {
    hasChanged = true
    if let watch = socket.watch { watch.notice(bits) }
    // The server's own ask for themselves.
    guard socket.client != 0 else { return }
    if socket.client < 0 { return outside?.happened(socket) ?? () }
    unsafe observer?._withUnsafeGuaranteedRef { $0.happened(socket, bits) }
  }

  /// A socket of the server's is closed by it.
  func serverCloses(_ socket: SimulatedSocket) {
    unsafe observer?._withUnsafeGuaranteedRef { $0.serverCloses(socket) }
  }

  /// The same for something else.
  func wake(_ file: SimulatedFile, _ bits: UInt32) {
    hasChanged = true
    if let watch = file.watch { watch.notice(bits) }
  }

  // ------------------------------------------------------------------------- what there is

  /// A socket by its number.
  @inline(__always)
  func socket(numbered id: Int) -> SimulatedSocket { unsafe SimulatedSocket(bodies.address(id)) }

  /// The other end of a connection, when there is one.
  @inline(__always)
  func other(_ socket: SimulatedSocket) -> SimulatedSocket? {
    socket.other >= 0 ? self.socket(numbered: socket.other) : nil
  }

  /// Makes a socket that no descriptor names: a client's.
  func makeSocket(_ family: SocketAddress.Family) -> SimulatedSocket {
    unsafe SimulatedSocket(bodies.append(SimulatedSocket.Body(id: bodies.count, family: family)))
  }

  func makeStream(over link: SimulatedLink) -> SimulatedStream {
    let body = SimulatedStream.Body(window: link.window, buffer: link.buffer, now: now)
    return unsafe SimulatedStream(streams.append(body))
  }

  /// - Parameter sizes: Of windows and of buffers for sending; nil for some by chance.
  func makeLink(
    number: Int, random: SimulatedRandom, isNear: Bool = false,
    sizes: (window: Int, buffer: Int)? = nil
  ) -> SimulatedLink {
    var body =
      isNear
      ? SimulatedLink.Body(near: number, random: random)
      : SimulatedLink.Body(number: number, random: random)
    if let sizes { (body.window, body.buffer) = sizes }
    return unsafe SimulatedLink(links.append(body))
  }

  func makeEpoll() -> SimulatedEpoll { unsafe SimulatedEpoll(epolls.append(SimulatedEpoll.Body())) }

  /// Has an epoll watch what a descriptor stands for.
  func watch(_ number: Int, with epoll: SimulatedEpoll, events: UInt32, key: UInt64) {
    let place = descriptors[number]
    let body = SimulatedWatch.Body(
      epoll: epoll, events: events, key: key, socket: place.socket, file: place.file)
    let watch = unsafe SimulatedWatch(watches.append(body))
    place.socket?.watch = watch
    place.file?.watch = watch
    place.file?.epoll?.watched(by: watch)
    epoll.added(watch)
  }

  func nextEphemeralPort() -> UInt16 {
    defer { nextPort = nextPort == .max ? 49152 : nextPort + 1 }
    return nextPort
  }
}

#endif
