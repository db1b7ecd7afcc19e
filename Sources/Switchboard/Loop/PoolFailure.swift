/// Why a session that asked an ``UpstreamPool`` for a connection gets none, although nobody refused one.
public enum PoolFailure: Error, Hashable, Sendable {
  /// As many wait on this loop as may: ``UpstreamPoolOptions/mostWaiting``.
  case tooManyWait(Int)
  /// None became free within ``UpstreamPoolOptions/waitTimeout``.
  case timedOut(Duration)
  /// It has a partner already, or waits for one.
  case hasPartner
}

extension PoolFailure: CustomStringConvertible {
  /// One line: what happened, and the next action.
  public var description: String {
    switch self {
    case .tooManyWait(let most):
      "\(most) sessions wait for a connection already; try again later, or raise mostConnections or "
        + "mostWaiting of the pool"
    case .timedOut(let time):
      "no connection became free within \(time); try again later, or raise mostConnections or "
        + "waitTimeout of the pool"
    case .hasPartner:
      "the connection has a partner, or waits for one; give that back first"
    }
  }
}
