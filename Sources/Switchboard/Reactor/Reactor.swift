/// One thread that never blocks, serving every peer that has something to say.
///
/// The readiness face of the library: a ``Poller`` waits, a ``ReactorHandler`` acts. The handler
/// makes the `receive` and `send` calls itself and answers what to be woken for next, so the whole
/// mechanism lies open. Beside connections it can watch any descriptor (a pipe, an eventfd).
///
/// Fairness comes from level triggering and bounded callbacks: a turn makes at most one receiving
/// and one sending callback for each ready peer, so a peer that floods waits for all the others
/// between any two of its callbacks.
///
/// A reactor belongs to the thread that runs it; ``waker`` alone may be used from others.
public struct Reactor<P: Poller & ~Copyable, Handler: ReactorHandler & ~Copyable>: ~Copyable
where P.System == Handler.System {
  /// The kernel beneath.
  public typealias System = P.System

  private var loop: ReactorLoop<P>
  private let box: HandlerBox<Handler>

  /// A reactor that watches nothing yet.
  public init(
    poller: consuming P, handler: consuming Handler, options: ReactorOptions = ReactorOptions(),
    system: System
  ) throws(SystemError) {
    let box = HandlerBox(handler)
    let calls = HandlerCalls<System>(box)
    let loop = try ReactorLoop(poller: poller, handler: calls, options: options, system: system)
    self.box = box
    self.loop = loop
  }

  /// The server's own state.
  public var handler: Handler {
    _read { yield box.handler }
    _modify { yield &box.handler }
  }

  /// Ends or drains the loop, from any thread.
  public var waker: Waker<System> { loop.waker }

  /// How many connections there are, those included that are about to close.
  public var connectionCount: Int { loop.connectionCount }

  /// Accepts connections from a listener until the reactor ends.
  public mutating func listen(_ listener: consuming Listener<System>) throws(SystemError) {
    try loop.listen(listener)
  }

  /// Begins to connect. ``ReactorHandler/peerConnected(_:)`` follows, or
  /// ``ReactorHandler/peerClosed(_:_:)`` with the reason.
  ///
  /// - Throws: when no socket can be had or the attempt fails at once.
  @discardableResult
  public mutating func connect(to address: SocketAddress) throws(SystemError) -> Key {
    try loop.connect(to: address)
  }

  /// Watches any descriptor of the caller's for readiness, which ``ReactorHandler/ready(_:watched:)``
  /// is told. The descriptor must be non-blocking and stay open until the watch has ended.
  @discardableResult
  public mutating func watch(_ descriptor: Descriptor, _ interest: Interest)
    throws(SystemError) -> Key
  {
    try loop.watch(descriptor, interest)
  }

  /// Ends a watch; the descriptor stays open. A key that is no longer watched is passed over.
  public mutating func unwatch(_ key: Key) { loop.unwatch(key) }

  /// Drains at the first SIGTERM or SIGINT; the second one ends the process at once: see
  /// ``EndSignals``. When the reactor has gone, the signals do again what they did before.
  public mutating func drainOnSignals() throws(SystemError) { try loop.drainOnSignals() }

  /// Runs until it is stopped or drained, or until nothing is left to wait for.
  public mutating func run() throws(SystemError) { try loop.run() }

  /// Waits once, at most until `limit`, and serves whatever is ready.
  public mutating func turn(until limit: Instant? = nil) throws(SystemError) {
    try loop.turn(until: limit)
  }

  /// Whether ``run()`` would return: stopped, drained, or nothing to wait for.
  public var isFinished: Bool { loop.isFinished }

  /// Ends the reactor and gives its handler back.
  public consuming func finish() -> Handler { box.take() }
}
