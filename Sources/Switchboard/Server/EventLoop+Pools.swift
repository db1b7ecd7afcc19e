/// Connections that sessions take from pools and give back: see ``LoopPool``, which says what is to be done.
extension EventLoop where B: ~Copyable {
  /// Does what a callback asked for about pools.
  @inline(never)
  mutating func obeyAboutPools(_ key: Key) {
    let desk = poolDesk()
    for wish in desk.takeWishes() {
      switch wish {
      case .take(let pool): ask(key, desk.part(of: pool))
      case .giveBack: letPartnerGo(key, desk, isReusable: true)
      case .drop: letPartnerGo(key, desk, isReusable: false)
      }
    }
  }

  private mutating func poolDesk() -> PoolDesk {
    if let pools { return pools }
    let desk = connection.loop.local { PoolDesk() }
    desk.turns.begin(now)
    pools = desk
    return desk
  }

  private mutating func ask(_ key: Key, _ pool: LoopPool) {
    guard isFree(key) else {
      if slots.contains(key) { tell(key, .closed(.noPartner(.hasPartner))) }
      return
    }
    guard hasPairs() else {
      return tellOfNone(key, .connectFailed(SystemError(.reserve, .outOfMemory)))
    }
    if let failure = pool.ask(key) { return tellOfNone(key, .noPartner(failure)) }
    slots[key.index].partnership.formUnion([.asks, .waits])
    updateReceiving(key)
  }

  /// A session that waits for one of a pool's connections is over, or does not want it any more.
  mutating func stopAsking(_ key: Key) {
    pools?.forget(key)
    slots[key.index].partnership.remove(.asks)
  }

  private mutating func letPartnerGo(_ key: Key, _ desk: PoolDesk, isReusable: Bool) {
    guard slots.contains(key) else { return }
    if slots[key.index].partnership.contains(.asks) {
      stopAsking(key)
      return resume(key)
    }
    guard let partner = partner(of: key), let pool = desk.owner(of: partner) else { return }
    part(key, partner)
    let isFit = isReusable && isUnused(partner)
    if !pool.giveBack(partner, isFit: isFit) { closeWhenSent(partner) }
  }

  /// Whether a connection is as one that was just opened: nothing is to be sent on it, and nothing has ended.
  private func isUnused(_ key: Key) -> Bool {
    slots[key.index].ending.isOpen && slots[key.index].outbox == 0
      && slots[key.index].flags.isDisjoint(with: [
        .peerEnded, .owesEnd, .hasLeftovers, .sending, .finishing, .finished, .connecting,
      ])
  }

  /// Has the pools do what is due, at the end of a turn: what has come on their connections has been told by then.
  @inline(never)
  mutating func servePools() {
    guard let pools else { return }
    pools.turns.end(owesWork: backend.owesWork)
    for pool in pools.pools {
      while let step = pool.next() { take(step, of: pool) }
    }
  }

  private mutating func take(_ step: LoopPool.Step, of pool: LoopPool) {
    switch step {
    case .handOut(let key, let asker): handOut(key, of: pool, to: asker)
    case .close(let key): closeWhenSent(key)
    case .connect(let place):
      let attempt = ConnectAttempt(connection.loopHandle.requests)
      let (upstreams, times) = (pool.pool.upstreams, pool.pool.options.connectTimes)
      connect(
        ConnectWish(
          upstreams.targets[place], from: nil, times, attempt, behind: upstreams.filter
        ) { PooledConnection(pool, to: place) })
    case .refuse(let asker, let reason):
      guard slots.contains(asker) else { return }
      slots[asker.index].partnership.remove(.asks)
      tellOfPartner(PartnerNews(key: asker, what: .closed(reason)))
    }
  }

  private mutating func handOut(_ key: Key, of pool: LoopPool, to asker: Key) {
    if slots.contains(asker) { slots[asker.index].partnership.remove(.asks) }
    guard isFree(key) else {
      closeWhenSent(key)
      return tellOfNone(asker, .aborted)
    }
    // Who is closing needs none.
    guard isFree(asker) else {
      if !pool.giveBack(key, isFit: true) { closeWhenSent(key) }
      return
    }
    join(key, asker)
    tellOfPartner(PartnerNews(key: asker, what: .opened))
  }
}
