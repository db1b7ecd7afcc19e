/// What a server does when a ``Reactor`` tells it that something is possible.
///
/// A handler makes the `receive` and `send` calls itself, on the peer's non-blocking socket, keeps
/// each peer's whole state between calls (under the peer's key), and answers what that peer shall be
/// woken for next. The empty interest means: finished with this peer, close it.
///
/// All methods are called on the reactor's thread, one at a time, and must not block: while one
/// runs, every other peer waits.
public protocol ReactorHandler: ~Copyable {
  /// The kernel that the peers' sockets live in.
  associatedtype System: Kernel

  /// A connection was accepted, or one that was begun with ``Reactor/connect(to:)`` stands.
  mutating func peerConnected(_ peer: inout Peer<System>) -> Interest
  /// There may be something to receive: bytes, the stream's end or an error; or nothing.
  mutating func readyToReceive(_ peer: inout Peer<System>) -> Interest
  /// There may be room to send.
  mutating func readyToSend(_ peer: inout Peer<System>) -> Interest

  /// The moment in ``Peer/alarm`` has come. Defaulted: finished.
  mutating func timeElapsed(_ peer: inout Peer<System>) -> Interest
  /// The reactor is draining: finish what is under way with this peer. Called once for each peer;
  /// afterwards its callbacks come as before until one answers the empty interest or the drain
  /// timeout ends it. Defaulted: finished.
  mutating func drain(_ peer: inout Peer<System>) -> Interest
  /// No callback for this peer will come any more. Exactly once for each `peerConnected`, and for
  /// each connection attempt that failed. Defaulted: nothing.
  mutating func peerClosed(_ peer: inout Peer<System>, _ reason: CloseReason)
  /// A descriptor that was given to ``Reactor/watch(_:_:)`` is ready. The answer is its next
  /// interest; the empty one ends the watch and leaves the descriptor open. Defaulted: ends it.
  mutating func ready(_ readiness: Readiness, watched descriptor: Descriptor) -> Interest
  /// Something an operator should know. Defaulted: nothing.
  mutating func notice(_ notice: LoopNotice)
}

extension ReactorHandler where Self: ~Copyable {
  public mutating func timeElapsed(_ peer: inout Peer<System>) -> Interest { [] }
  public mutating func drain(_ peer: inout Peer<System>) -> Interest { [] }
  public mutating func peerClosed(_ peer: inout Peer<System>, _ reason: CloseReason) {}
  public mutating func ready(_ readiness: Readiness, watched descriptor: Descriptor) -> Interest {
    []
  }
  public mutating func notice(_ notice: LoopNotice) {}
}

/// One connection, as a ``ReactorHandler`` sees it during a callback.
public struct Peer<System: Kernel>: ~Copyable {
  /// Its name for as long as it lives.
  public internal(set) var key: Key
  /// Its socket, non-blocking. The reactor closes it.
  public let socket: Socket<System>
  /// Where it comes from, or where it was connected to.
  public let address: SocketAddress
  /// When this turn of the reactor began; reading it costs no system call.
  public internal(set) var now: Instant
  /// When to call ``ReactorHandler/timeElapsed(_:)``; nil for never. It goes off once.
  public var alarm: Instant?

  /// Sets the alarm a duration after ``now``.
  public mutating func wake(after duration: Duration) { alarm = now + duration }
}
