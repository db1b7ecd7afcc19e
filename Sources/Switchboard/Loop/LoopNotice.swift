/// What a loop tells its operator, whichever face it has. Each state is told once when it begins.
public enum LoopNotice: Hashable, Sendable, CustomStringConvertible {
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
  /// A connection was closed before its session was made, since it did not begin with a header that may be taken:
  /// see ``ProxyProtocol``. Where it came from, and how many of its kind there were on this loop; told when they are
  /// one, ten, a hundred and so on.
  case headerRefused(SocketAddress?, ProxyRefusal, Int)
  /// A connection was given up before its session was made: where it came from, why, and how many there were of its
  /// kind on this loop; told when they are one, ten, a hundred and so on.
  case openingFailed(SocketAddress?, FilterFailure, Int)
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
    case .headerRefused(let peer, let refusal, let count):
      "closed a connection from \(peer.map { "\($0)" } ?? "an unknown peer"): \(refusal)"
        + (count == 1 ? "" : "; \(count) such so far")
    case .openingFailed(let peer, let failure, let count):
      "closed a connection from \(peer.map { "\($0)" } ?? "an unknown peer"): \(failure)"
        + (count == 1 ? "" : "; \(count) such so far")
    case .callRefused(let error): "connections break: \(error)"
    case .draining(let peers): "draining: \(peers) connected"
    case .drained(let finished, let forced): "drained: \(finished) finished, \(forced) cut off"
    case .slowCallback(let callback): callback.description
    case .slowCallbacksUntold(let count): "slow callbacks: \(count) more, not told one by one"
    }
  }
}
