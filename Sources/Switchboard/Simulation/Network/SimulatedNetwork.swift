/// A network, and the part of a kernel that faces it, inside one object: sockets, streams, time.
///
/// **Contract.** One thread. Time is virtual and passes in two places only: a little with each call
/// (`enter`), and as far as it must in ``sleep(until:_:)``. Everything that happens by itself is an
/// event of the heap. A call answers at once, as the kernel's would; no call blocks, and none injects
/// a fault: that is done by those who stand in front (``SimulatedKernel``, a simulated ring). Whoever
/// wants to know of readiness without asking sets ``hooks``.
///
/// Nothing here depends on hashing, addresses or the machine's clock.
final class SimulatedNetwork {
  /// What others want to know.
  class Hooks {
    /// Something happened to a socket of the simulated process or of a client: `bits` are `PollBits`.
    func happened(_ socket: SimulatedSocket, _ bits: UInt32) {}
    /// A client's clock.
    func clientTimer(_ client: Int, _ token: UInt64) {}
    /// An event of kind `.other`.
    func other(_ subject: Int, _ detail: UInt64) {}
  }

  /// Descriptor numbers of the simulated process.
  private(set) var files: [SimulatedFile?] = []
  private var epolls: [Int32: SimulatedEpoll] = [:]
  private var lowestFree = 0
  /// How many descriptors the process holds, and may hold.
  private(set) var openDescriptors = 0
  var descriptorLimit = 1024

  private(set) var now: UInt64 = 1_000_000_000
  var heap = EventHeap()
  private(set) var sockets: [SimulatedSocket] = []
  var listeners: [SimulatedSocket] = []
  /// Something happened since the last look: who waits looks again.
  var hasChanged = false
  /// Calls made so far.
  private(set) var calls = 0
  /// Events that have happened.
  private(set) var happened = 0
  var hooks: Hooks?
  var faults: FaultInjector
  private var nextPort: UInt16 = 49152
  /// What one call costs, in nanoseconds, apart from chance.
  private var scheduling: SimulatedRandom

  init(seed: UInt64, faults: FaultInjector) {
    self.faults = faults
    scheduling = SimulatedRandom(seed: seed, stream: 2)
    // Standard input, output and error are taken.
    files = [nil, nil, nil]
    lowestFree = 3
  }

  // ------------------------------------------------------------------------------- time

  /// A call begins: a little time passes, and what is due by then happens.
  @inline(__always)
  func enter() {
    calls += 1
    now &+= 200 &+ (scheduling.advance() & 1023)
    if heap.nextTime <= now { catchUp() }
  }

  /// Time passes without anything being asked: another process had the processor.
  func lose(_ nanoseconds: UInt64) {
    now &+= nanoseconds
    catchUp()
  }

  /// Lets everything happen that is due.
  func catchUp() {
    while heap.nextTime <= now { happen(heap.pop()) }
  }

  /// How a wait ended.
  enum WaitEnd { case ready, deadline, never }

  /// Time passes until `isReady` or the deadline (nil: for ever). It ends with `.never` when nothing
  /// is left that could happen.
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
      now = max(now, min(next, deadline))
    }
  }

  private func happen(_ event: SimulatedEvent) {
    happened += 1
    switch event.kind {
    case .arrival: arrive(at: sockets[event.subject])
    case .room: tellOfRoom(sockets[event.subject])
    case .reset: resetArrives(at: sockets[event.subject])
    case .connect: connectArrives(from: sockets[event.subject], attempt: event.detail)
    case .connected: connectionStands(sockets[event.subject])
    case .refused: connectionRefused(sockets[event.subject])
    case .wake: wake(sockets[event.subject], UInt32(truncatingIfNeeded: event.detail))
    case .client: hooks?.clientTimer(event.subject, event.detail)
    case .other: hooks?.other(event.subject, event.detail)
    }
  }

  /// Something happened to a socket: whoever watches it is told.
  func wake(_ socket: SimulatedFile, _ bits: UInt32) {
    hasChanged = true
    if let watch = socket.watch { watch.epoll.notice(watch, bits) }
    if let socket = socket as? SimulatedSocket { hooks?.happened(socket, bits) }
  }

  // ------------------------------------------------------------------------ descriptors

  /// Gives a file the lowest free number; nil when the process holds as many as it may.
  func install(_ file: SimulatedFile) -> Int32? {
    guard openDescriptors + 3 < descriptorLimit else { return nil }
    while lowestFree < files.count, files[lowestFree] != nil { lowestFree += 1 }
    if lowestFree == files.count { files.append(nil) }
    let number = Int32(lowestFree)
    files[lowestFree] = file
    file.descriptor = number
    lowestFree += 1
    openDescriptors += 1
    return number
  }

  func file(_ descriptor: Descriptor) -> SimulatedFile? {
    let number = Int(descriptor.rawValue)
    return number >= 0 && number < files.count ? files[number] : nil
  }

  /// The socket of a descriptor.
  @inline(__always)
  func socket(_ descriptor: Descriptor) -> SimulatedSocket? {
    guard let file = file(descriptor), type(of: file) == SimulatedSocket.self else { return nil }
    return unsafe unsafeDowncast(file, to: SimulatedSocket.self)
  }

  func epoll(_ descriptor: Descriptor) -> SimulatedEpoll? { epolls[descriptor.rawValue] }

  func makeEpoll() -> Int32? {
    guard let number = install(SimulatedFile()) else { return nil }
    epolls[number] = SimulatedEpoll()
    return number
  }

  /// Makes a socket that no descriptor names: a client's.
  func makeSocket(_ family: SocketAddress.Family) -> SimulatedSocket {
    let socket = SimulatedSocket(id: sockets.count, family: family)
    sockets.append(socket)
    return socket
  }

  func nextEphemeralPort() -> UInt16 {
    defer { nextPort = nextPort == .max ? 49152 : nextPort + 1 }
    return nextPort
  }

  /// Frees a number. False when it was free.
  func release(_ descriptor: Descriptor) -> SimulatedFile? {
    guard let file = file(descriptor) else { return nil }
    let number = Int(descriptor.rawValue)
    files[number] = nil
    file.descriptor = -1
    if let watch = file.watch { watch.epoll.remove(watch) }
    epolls[descriptor.rawValue] = nil
    lowestFree = min(lowestFree, number)
    openDescriptors -= 1
    return file
  }
}
