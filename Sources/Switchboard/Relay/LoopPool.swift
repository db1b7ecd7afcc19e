/// One loop's part of an ``UpstreamPool``: which connections there are, who waits for one, and what is to be done. It
/// makes no call and calls nobody; the loop tells it what happened, and does what ``next()`` answers.
///
/// A connection is handed out when the loop has been told of all that had come when it was given back, and when it was
/// asked for: only then is it known that nothing came on it while it was idle.
///
/// The loop's thread alone has it.
final class LoopPool: @unchecked Sendable {
  /// What is to be done.
  enum Step: Equatable {
    /// Makes a connection somebody's partner.
    case handOut(Key, to: Key)
    /// Begins to connect to the server of this number.
    case connect(Int)
    /// Closes a connection that is not needed any more.
    case close(Key)
    /// Tells somebody that there is none.
    case refuse(Key, CloseReason)
  }

  /// A connection that stands.
  private struct Standing {
    let place: Int
    let birth: Instant
  }

  private struct Idle {
    let key: Key
    let standing: Standing
    /// In which turn it was given back.
    let turn: UInt64
    /// When it is not kept any more.
    let end: Instant
    /// Nobody has used it yet: it is there for somebody who waits, however short the times are.
    let isNew: Bool
  }

  let pool: UpstreamPool
  private let turns: PoolTurns
  private var line = AskerLine()
  /// By servers; of each, who was given back last comes last.
  private var idle: [[Idle]]
  private var used: [Key: Standing] = [:]
  /// Connections to each server, those that are being made among them.
  private var counts: [Int]
  /// How many are being made.
  private var attempts = 0
  private var refusals: [(key: Key, reason: CloseReason)] = []
  private var isDraining = false
  /// Something has happened since it was last asked what is to be done.
  private var isStirred = false

  private var options: UpstreamPoolOptions { pool.options }
  private var upstreams: Upstreams { pool.upstreams }

  init(_ pool: UpstreamPool, _ turns: PoolTurns) {
    (self.pool, self.turns) = (pool, turns)
    idle = Array(repeating: [], count: pool.upstreams.targets.count)
    counts = Array(repeating: 0, count: pool.upstreams.targets.count)
  }

  // ---------------------------------------------------------------------------- who asks

  /// Somebody wants a connection: why not, if too many do.
  func ask(_ key: Key) -> PoolFailure? {
    isStirred = true
    guard line.count < options.mostWaiting else { return .tooManyWait(options.mostWaiting) }
    line.add(
      AskerLine.Asker(
        key: key, turn: turns.present, deadline: turns.now + options.waitTimeout))
    return nil
  }

  /// Somebody waits no longer.
  func forget(_ key: Key) {
    isStirred = true
    line.remove(key)
  }

  // ------------------------------------------------------------------------- connections

  /// A connection stands.
  func opened(_ key: Key, to place: Int, _ now: Instant) {
    attempts -= 1
    upstreams.connected(place)
    // Nobody uses it yet.
    upstreams.ended(place)
    keep(key, Standing(place: place, birth: now), now, isNew: true)
  }

  /// A connection did not come about.
  func attemptEnded(_ place: Int, _ reason: CloseReason) {
    isStirred = true
    attempts -= 1
    counts[place] -= 1
    _ = upstreams.attemptEnded(place, reason, turns.now)
    guard let asker = line.fail(place), asker.failed.count == counts.count else { return }
    line.remove(asker.key)
    refusals.append((asker.key, reason))
  }

  /// A connection has gone.
  func closed(_ key: Key) {
    isStirred = true
    if let standing = used.removeValue(forKey: key) {
      upstreams.ended(standing.place)
      counts[standing.place] -= 1
      return
    }
    for place in idle.indices {
      guard let index = idle[place].firstIndex(where: { $0.key == key }) else { continue }
      idle[place].remove(at: index)
      counts[place] -= 1
      return
    }
  }

  /// Whether somebody uses a connection.
  func isUsed(_ key: Key) -> Bool { used[key] != nil }

  /// Nobody uses a connection any more: whether it is kept. Otherwise it is to be closed.
  ///
  /// - Parameter isFit: It can be received from, has sent everything, and its peer has not ended.
  func giveBack(_ key: Key, isFit: Bool) -> Bool {
    guard isFit, let standing = used[key], turns.now < ageLimit(standing) else { return false }
    used[key] = nil
    upstreams.ended(standing.place)
    keep(key, standing, turns.now, isNew: false)
    return true
  }

  private func ageLimit(_ standing: Standing) -> Instant {
    options.greatestAge.map { standing.birth + $0 } ?? .distantFuture
  }

  private func keep(_ key: Key, _ standing: Standing, _ now: Instant, isNew: Bool) {
    isStirred = true
    let idleLimit = options.idleTimeout.map { now + $0 } ?? .distantFuture
    idle[standing.place].append(
      Idle(
        key: key, standing: standing, turn: turns.present, end: min(idleLimit, ageLimit(standing)),
        isNew: isNew))
  }

  /// The server drains: idle connections are closed when nobody waits for them.
  func drain() { (isDraining, isStirred) = (true, true) }

  // -------------------------------------------------------------------------- what to do

  /// The next thing to be done at the end of this turn; nil when there is nothing left.
  func next() -> Step? {
    if !refusals.isEmpty {
      let refusal = refusals.removeFirst()
      return .refuse(refusal.key, refusal.reason)
    }
    if let asker = line.first, asker.deadline <= turns.now {
      line.remove(asker.key)
      return .refuse(asker.key, .noPartner(.timedOut(options.waitTimeout)))
    }
    if let step = nextToClose() ?? nextToHandOut() ?? nextToConnect() { return step }
    isStirred = false
    return nil
  }

  private func nextToClose() -> Step? {
    for place in idle.indices {
      let isTheEnd = isDraining && line.isEmpty
      let isTooMany = line.isEmpty && idle[place].count > options.mostIdle
      let index =
        isTheEnd || isTooMany
        ? idle[place].indices.first : idle[place].firstIndex(where: isOver)
      guard let index else { continue }
      counts[place] -= 1
      return .close(idle[place].remove(at: index).key)
    }
    return nil
  }

  private func isOver(_ idle: Idle) -> Bool {
    idle.end <= turns.now && (line.isEmpty || !idle.isNew)
  }

  private func nextToHandOut() -> Step? {
    guard let asker = line.first, asker.turn <= turns.seen else { return nil }
    let without = Set(idle.indices.filter { place in !idle[place].contains(where: isSeen) })
    guard let place = upstreams.choose(turns.now, except: without),
      let index = idle[place].lastIndex(where: isSeen)
    else { return nil }
    let chosen = idle[place].remove(at: index)
    used[chosen.key] = chosen.standing
    line.remove(asker.key)
    return .handOut(chosen.key, to: asker.key)
  }

  private func isSeen(_ idle: Idle) -> Bool { idle.turn <= turns.seen }

  /// One is made for each who waits and for whom none is idle.
  private func nextToConnect() -> Step? {
    guard let asker = line.first, attempts + idle.reduce(0, { $0 + $1.count }) < line.count else {
      return nil
    }
    let full = counts.indices.filter { counts[$0] >= options.mostConnections }
    guard let place = upstreams.choose(turns.now, except: asker.failed.union(full)) else {
      return nil
    }
    attempts += 1
    counts[place] += 1
    return .connect(place)
  }

  // ------------------------------------------------------------------------------- when

  /// Whether it has to be asked again without waiting for anything: something has happened, or somebody waits, and a
  /// connection is there that only has to be looked at.
  var isHurried: Bool { isStirred || !line.isEmpty && idle.contains { !$0.isEmpty } }

  /// When there is something to do without anything happening.
  var deadline: Instant? {
    let ends = idle.lazy.joined().lazy.map(\.end).filter { $0 < .distantFuture }
    return [line.first?.deadline, ends.min()].compactMap(\.self).min()
  }
}
