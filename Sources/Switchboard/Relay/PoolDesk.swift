/// What a session wants of a pool.
enum PoolWish {
  case take(UpstreamPool)
  case giveBack
  case drop

  /// Whether it wants a connection.
  var isForOne: Bool {
    if case .take = self { true } else { false }
  }
}

/// A loop's turns, as far as its pools go by them. It is told them, and knows no clock.
final class PoolTurns {
  /// How many turns a backend may owe what had come before: one that is as busy as that owes something at the end of
  /// each.
  static let mostOwed: UInt64 = 4

  /// When the present turn began.
  private(set) var now = Instant(nanoseconds: 0)
  /// The number of the present turn.
  private(set) var present: UInt64 = 0
  /// What had come by the end of the turn of this number, the loop has been told of.
  private(set) var seen: UInt64 = 0

  /// A turn begins, or has begun: the kernel has been asked for what has come.
  func begin(_ now: Instant) {
    self.now = now
    present &+= 1
  }

  /// A turn is over: what had come before it was told in it, unless the backend has more to tell.
  func end(owesWork: Bool) {
    let behind = owesWork ? Self.mostOwed : 1
    seen = max(seen, present - min(behind, present))
  }
}

/// All pools of a loop. Nothing of it is there before a session asks one.
final class PoolDesk {
  let turns = PoolTurns()
  private(set) var pools: [LoopPool] = []
  private(set) var wishes: [PoolWish] = []

  /// What the session wants that is being called back.
  func wish(_ wish: PoolWish) { wishes.append(wish) }

  /// What it wanted, in order.
  func takeWishes() -> [PoolWish] {
    defer { wishes = [] }
    return wishes
  }

  /// This loop's part of a pool.
  func part(of pool: UpstreamPool) -> LoopPool {
    if let known = pools.first(where: { $0.pool === pool }) { return known }
    let made = LoopPool(pool, turns)
    pools.append(made)
    return made
  }

  /// Of which pool somebody uses a connection.
  func owner(of connection: Key) -> LoopPool? { pools.first { $0.isUsed(connection) } }

  /// A session waits no longer.
  func forget(_ asker: Key) { for pool in pools { pool.forget(asker) } }

  /// Whether the loop must not sleep: somebody waits, and a connection is there.
  var isHurried: Bool { pools.contains { $0.isHurried } }

  /// When the first of them has something to do.
  var deadline: Instant? { pools.compactMap(\.deadline).min() }
}
