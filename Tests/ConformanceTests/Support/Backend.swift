import Switchboard

/// A mechanism to run the suite on. A new backend is one more case here and one more line below.
enum Backend: String, CaseIterable, Codable, Sendable {
  case select, poll, epoll

  /// The one place where a backend's name becomes a type.
  func choose<Choice: BackendChoice>(_ choice: Choice) throws -> Choice.Result {
    switch self {
    case .select: try choice.made(SelectPoller<AuditedKernel>.self)
    case .poll: try choice.made(PollPoller<AuditedKernel>.self)
    case .epoll: try choice.made(EpollPoller<AuditedKernel>.self)
    }
  }

  /// A poller behind a common face.
  func poller() throws -> AnyPoller { try choose(MakePoller()) }

  /// A reactor behind a common face.
  ///
  /// - Parameter stale: Report the events of each wait in the next one too, as if they had been
  ///   fetched before what happened in between.
  func reactor<Handler: ReactorHandler & ~Copyable>(
    options: ReactorOptions = ReactorOptions(), stale: Bool = false,
    _ handler: @escaping () -> Handler
  ) throws -> AnyReactor where Handler.System == AuditedKernel {
    try choose(MakeReactor(options: options, stale: stale, handler: handler))
  }
}

/// What to do with the type that a backend's name stands for.
protocol BackendChoice {
  associatedtype Result
  func made<P: Poller & ~Copyable>(_ poller: P.Type) throws -> Result
  where P.System == AuditedKernel
}

/// Any poller on an ``AuditedKernel``.
class AnyPoller {
  let kernel: AuditedKernel

  fileprivate init(_ kernel: AuditedKernel) { self.kernel = kernel }

  /// As ``Poller/set(_:_:was:key:)``.
  func set(_ descriptor: Int32, _ interest: Interest?, was old: Interest?, key: Key)
    throws(RegistrationError)
  {}
  /// As ``Poller/wait(until:into:)``: what it brought.
  func wait(until deadline: Instant?, room: Int = 64) throws(SystemError) -> [Event] { [] }
}

private final class PollerBox<P: Poller & ~Copyable>: AnyPoller where P.System == AuditedKernel {
  private var poller: P

  init(_ type: P.Type) throws {
    let kernel = AuditedKernel()
    poller = try P(system: kernel)
    super.init(kernel)
  }

  override func set(_ descriptor: Int32, _ interest: Interest?, was old: Interest?, key: Key)
    throws(RegistrationError)
  {
    try poller.set(Descriptor(rawValue: descriptor), interest, was: old, key: key)
  }

  override func wait(until deadline: Instant?, room: Int) throws(SystemError) -> [Event] {
    var events = EventBuffer(capacity: room)
    try poller.wait(until: deadline, into: &events)
    return (0..<events.count).map { events[$0] }
  }
}

private struct MakePoller: BackendChoice {
  func made<P: Poller & ~Copyable>(_ poller: P.Type) throws -> AnyPoller
  where P.System == AuditedKernel {
    try PollerBox(poller)
  }
}

/// Any reactor on an ``AuditedKernel``, its handler recorded. Used by one thread at a time.
class AnyReactor: @unchecked Sendable {
  let kernel: AuditedKernel
  let record: Record
  /// Of all this, what other threads may use while the reactor runs.
  let waker: Waker<AuditedKernel>

  fileprivate init(_ kernel: AuditedKernel, _ record: Record, _ waker: Waker<AuditedKernel>) {
    self.kernel = kernel
    self.record = record
    self.waker = waker
  }

  var isFinished: Bool { true }
  func listen(on address: SocketAddress, dualStack: Bool) throws -> SocketAddress { address }
  func connect(to address: SocketAddress) throws -> Key { Key(rawValue: 0) }
  func watch(_ descriptor: Int32, _ interest: Interest) throws -> Key { Key(rawValue: 0) }
  func unwatch(_ key: Key) {}
  func turn(until limit: Instant?) throws {}
  func run() throws {}
}

private final class ReactorBox<P: Poller & ~Copyable, H: ReactorHandler & ~Copyable>: AnyReactor,
  @unchecked Sendable
where P.System == AuditedKernel, H.System == AuditedKernel {
  private var reactor: Reactor<P, Recorded<H>>

  init(_ poller: P.Type, _ options: ReactorOptions, _ handler: consuming H) throws {
    let kernel = AuditedKernel()
    let record = Record()
    reactor = try Reactor(
      poller: P(system: kernel), handler: Recorded(handler, in: record), options: options,
      system: kernel)
    super.init(kernel, record, reactor.waker)
  }

  override var isFinished: Bool { reactor.isFinished }
  override func listen(on address: SocketAddress, dualStack: Bool) throws -> SocketAddress {
    var options = Listener<AuditedKernel>.Options()
    options.isDualStack = dualStack
    let listener = try Listener(on: address, options: options, system: kernel)
    let bound = listener.address
    try reactor.listen(listener)
    return bound
  }
  override func connect(to address: SocketAddress) throws -> Key {
    try reactor.connect(to: address)
  }
  override func watch(_ descriptor: Int32, _ interest: Interest) throws -> Key {
    try reactor.watch(Descriptor(rawValue: descriptor), interest)
  }
  override func unwatch(_ key: Key) { reactor.unwatch(key) }
  override func turn(until limit: Instant?) throws { try reactor.turn(until: limit) }
  override func run() throws { try reactor.run() }
}

private struct MakeReactor<H: ReactorHandler & ~Copyable>: BackendChoice
where H.System == AuditedKernel {
  let options: ReactorOptions
  let stale: Bool
  let handler: () -> H

  func made<P: Poller & ~Copyable>(_ poller: P.Type) throws -> AnyReactor
  where P.System == AuditedKernel {
    if stale { return try ReactorBox(Stale<P>.self, options, handler()) }
    return try ReactorBox(poller, options, handler())
  }
}

/// A poller that reports the events of each wait in the next one too. Spurious readiness, and
/// events for connections that are closed: both may happen with any poller, and must do no harm.
private struct Stale<Inner: Poller & ~Copyable>: Poller, ~Copyable {
  static var name: String { "stale \(Inner.name)" }
  static var forgetsClosedDescriptors: Bool { false }
  private var inner: Inner
  private var last: [Event] = []

  init(system: Inner.System) throws(SystemError) { inner = try Inner(system: system) }

  mutating func set(
    _ descriptor: Descriptor, _ interest: Interest?, was old: Interest?, key: Key
  ) throws(RegistrationError) {
    try inner.set(descriptor, interest, was: old, key: key)
  }

  mutating func wait(until deadline: Instant?, into events: inout EventBuffer)
    throws(SystemError)
  {
    try inner.wait(until: deadline, into: &events)
    let fresh = (0..<events.count).map { events[$0] }
    for event in last { events.append(event.key, event.readiness) }
    last = fresh
  }
}
