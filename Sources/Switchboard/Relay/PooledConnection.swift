/// A connection of an ``UpstreamPool``: what comes on it is its partner's, and where it has none that is its end.
struct PooledConnection: Session {
  private let pool: LoopPool
  private let place: Int
  /// Nil before it stands.
  private var key: Key?

  init(_ pool: LoopPool, to place: Int) { (self.pool, self.place) = (pool, place) }

  mutating func opened(_ connection: inout Connection) {
    key = connection.key
    pool.opened(connection.key, to: place, connection.now)
  }

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    // Nobody asked: whoever is handed this one next would take it for an answer.
    guard pool.isUsed(connection.key) else { return connection.abort() }
    connection.handOver(bytes)
  }

  /// Its partner ended in the middle of something.
  mutating func partnerClosed(_ reason: CloseReason?, _ connection: inout Connection) {
    connection.abort()
  }

  /// Whoever uses it goes on.
  mutating func draining(_ connection: inout Connection) { pool.drain() }

  mutating func closed(_ reason: CloseReason) {
    if let key { pool.closed(key) } else { pool.attemptEnded(place, reason) }
  }
}
