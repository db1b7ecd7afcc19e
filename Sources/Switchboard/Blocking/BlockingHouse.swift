import Synchronization

/// What the threads of a blocking server share: what they serve, who serves at the moment, and how
/// it ends.
final class BlockingHouse: Sendable {
  private struct State {
    /// Of the connections, by ticket: nil while one is on its way to a thread.
    var controls: [UInt32: LoopControl<Linux>?] = [:]
    /// Tickets that were given back.
    var free: [UInt32] = []
    var addresses: AddressCounts
    var proxyRefusals = ProxyRefusals()
    var forced = 0
    var peersAtDrain: Int?
    var hasSignal = false
  }

  let options: ServerOptions
  /// What stands before the sessions of each service.
  private let filters: [ProxyProtocol?]
  let notice: @Sendable (LoopNotice) -> Void
  let makeTables: @Sendable (Int, MailFlag) throws(SystemError) -> SessionTable.Boxed
  /// The thread that accepts.
  let control: LoopControl<Linux>
  private let state: Lock<State>
  /// In nanoseconds; 0 as long as nobody drains.
  private let deadline = Atomic<UInt64>(0)
  private let told = Atomic<UInt8>(Waker<Linux>.Request.none.rawValue)

  init(
    _ options: ServerOptions, _ filters: [ProxyProtocol?],
    _ notice: @escaping @Sendable (LoopNotice) -> Void,
    _ makeTables: @escaping @Sendable (Int, MailFlag) throws(SystemError) -> SessionTable.Boxed
  ) throws(SystemError) {
    self.options = options
    self.filters = filters
    self.notice = notice
    self.makeTables = makeTables
    state = Lock(State(addresses: AddressCounts(limit: options.maxConnectionsPerAddress)))
    control = try LoopControl(system: Linux())
  }

  /// When everything is cut off; nil as long as nobody drains.
  var drainDeadline: Instant? {
    let nanoseconds = deadline.load(ordering: .relaxed)
    return nanoseconds == 0 ? nil : Instant(nanoseconds: nanoseconds)
  }

  /// Draining begins, if it has not.
  func startDeadline(_ now: Instant) {
    let end = (now + options.drainTimeout).nanoseconds
    _ = deadline.compareExchange(expected: 0, desired: end, ordering: .relaxed)
  }

  /// Tells that draining has begun, once.
  func announceDrain() {
    let peers: Int? = state.withLock { state in
      guard state.peersAtDrain == nil else { return nil }
      state.peersAtDrain = state.controls.count
      return state.peersAtDrain
    }
    if let peers { notice(.draining(peers: peers)) }
  }

  /// Tells that draining has ended.
  func announceEnd() {
    let (peers, forced) = state.withLock { ($0.peersAtDrain ?? 0, $0.forced) }
    notice(.drained(finished: max(0, peers - forced), forced: forced))
  }

  /// How many connections are being served, or on their way to a thread.
  var count: Int { state.withLock { $0.controls.count } }

  /// Whether a connection may come from there, if that is limited; if so it is counted.
  func admit(_ address: SocketAddress) -> Bool {
    guard let origin = AddressCounts.Origin(address) else { return true }
    let (answer, limit) = state.withLock { ($0.addresses.admit(origin), $0.addresses.limit) }
    switch answer {
    case .admitted: return true
    case .refusedFirst: notice(.addressLimit(address, limit ?? 0))
    case .refusedMany(let count): notice(.addressRefusals(address, count))
    case .refused: break
    }
    return false
  }

  /// What stands before the sessions of a listener's connections.
  func filter(_ role: ListenerRole) -> ProxyProtocol? {
    let service = Int(role.service)
    return service < filters.count ? filters[service] : nil
  }

  /// A connection is closed before its session was made.
  func refused(_ refusal: ProxyRefusal, of peer: SocketAddress) {
    let (count, isTold) = state.withLock { state in
      let count = state.proxyRefusals.count(refusal)
      return (count, state.addresses.isRound(count))
    }
    if isTold { notice(.headerRefused(peer, refusal, count)) }
  }

  /// An admitted connection is on its way to a thread: its ticket.
  ///
  /// - Parameter address: Where it comes from; nil where that is to be told yet: see ``note(_:at:)``.
  func enter(_ address: SocketAddress?) -> UInt32 {
    let ticket = state.withLock { state in
      let ticket = state.free.popLast() ?? UInt32(state.controls.count)
      state.controls[ticket] = .some(nil)
      return ticket
    }
    if let address { note(address, at: ticket) }
    return ticket
  }

  /// An admitted connection counts for its address.
  func note(_ address: SocketAddress, at ticket: UInt32) {
    state.withLock { state in
      guard state.addresses.limit != nil, let origin = AddressCounts.Origin(address) else { return }
      state.addresses.note(origin, at: ticket)
    }
  }

  /// Who serves it can be reached.
  func attach(_ control: LoopControl<Linux>, to ticket: UInt32) {
    state.withLock { $0.controls[ticket] = .some(control) }
  }

  /// Its descriptor is closed.
  func leave(_ ticket: UInt32) {
    let untold = state.withLock { state in
      state.controls.removeValue(forKey: ticket)
      state.free.append(ticket)
      return state.addresses.leave(ticket)
    }
    if let untold { notice(.addressRefusals(untold.address, untold.count)) }
    control.waker.wake()
  }

  /// A session has ended.
  func ended(_ reason: CloseReason) {
    if reason == .drainTimeout { state.withLock { $0.forced += 1 } }
    if case .failed(let error) = reason, control.refusals.isNew(error) {
      notice(.callRefused(error))
    }
  }

  /// What everybody has been asked for: it holds for those who come later too.
  var request: Waker<Linux>.Request {
    Waker<Linux>.Request(rawValue: told.load(ordering: .acquiring)) ?? .none
  }

  /// Asks everybody who serves to finish, or to stop.
  func tell(_ request: Waker<Linux>.Request) {
    _ = told.max(request.rawValue, ordering: .acquiringAndReleasing)
    for control in state.withLock({ $0.controls.values.compactMap { $0 } }) {
      if request == .stop { control.waker.stop() } else { control.waker.drain() }
    }
  }

  /// The process was asked to end; who accepts looks at the signal itself.
  func signalled() {
    state.withLock { $0.hasSignal = true }
    control.waker.drain()
  }
  /// Whether a signal is to be taken.
  func takeSignal() -> Bool {
    state.withLock { state in
      defer { state.hasSignal = false }
      return state.hasSignal
    }
  }
}
