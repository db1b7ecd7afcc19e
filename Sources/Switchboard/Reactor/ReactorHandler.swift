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
  mutating func notice(_ notice: ReactorNotice)
}

extension ReactorHandler where Self: ~Copyable {
  public mutating func timeElapsed(_ peer: inout Peer<System>) -> Interest { [] }
  public mutating func drain(_ peer: inout Peer<System>) -> Interest { [] }
  public mutating func peerClosed(_ peer: inout Peer<System>, _ reason: CloseReason) {}
  public mutating func ready(_ readiness: Readiness, watched descriptor: Descriptor) -> Interest {
    []
  }
  public mutating func notice(_ notice: ReactorNotice) {}
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

/// What a reactor tells its operator. Each state is told once when it begins.
public enum ReactorNotice: Hashable, Sendable, CustomStringConvertible {
  /// Why no connections are accepted at the moment.
  public enum Pause: Hashable, Sendable {
    /// As many peers as allowed are connected.
    case connectionLimit(Int)
    /// The poller cannot hold more.
    case refused(RegistrationError)
    /// Descriptors or memory have run out, or `accept4(2)` failed in another way.
    case failed(SystemError)
  }

  /// Connections wait in the kernel's queue until there is room again.
  case acceptingPaused(Pause)
  /// A connection was accepted again.
  case acceptingResumed
  /// An address has as many connections as one may have; told once until it has none. Further ones
  /// are closed.
  case addressLimit(SocketAddress, Int)
  /// So many connections of an address have been closed since then: told when they are ten, a hundred
  /// and so on, and when it has no connection any more.
  case addressRefusals(SocketAddress, Int)
  /// A connection broke since a call on it is refused to this process, as a sandbox does; told once
  /// for each call. Others will break as well.
  case callRefused(SystemError)
  /// Draining has begun, with so many peers connected.
  case draining(peers: Int)
  /// Draining has ended: so many peers finished, so many had to be cut off.
  case drained(finished: Int, forced: Int)
  /// A callback took longer than it should. At most five are told in a second, for each loop.
  case slowCallback(SlowCallback)
  /// So many more slow callbacks were not told one by one.
  case slowCallbacksUntold(Int)

  /// One line.
  public var description: String {
    switch self {
    case .acceptingPaused(.connectionLimit(let limit)):
      "accepting paused: \(limit) connections, the limit, are open; raise it or wait for closes"
    case .acceptingPaused(.refused(let error)): "accepting paused: \(error)"
    case .acceptingPaused(.failed(let error)): "accepting paused: \(error)"
    case .acceptingResumed: "accepting again"
    case .addressLimit(let address, let limit):
      "refusing \(address.host): it has \(limit) connections, the limit for one address; "
        + "raise it if many share that address"
    case .addressRefusals(let address, let count):
      "refused \(address.host): \(count) connections so far, beyond the limit for one address"
    case .callRefused(let error): "connections break: \(error)"
    case .draining(let peers): "draining: \(peers) connected"
    case .drained(let finished, let forced): "drained: \(finished) finished, \(forced) cut off"
    case .slowCallback(let callback): callback.description
    case .slowCallbacksUntold(let count): "slow callbacks: \(count) more, not told one by one"
    }
  }
}
