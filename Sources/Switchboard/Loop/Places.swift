import Synchronization

/// The connections that a server may hold, shared by its loops.
///
/// A place is taken before a connection is accepted, so the limit is never passed; and given back at
/// once where none came, so no loop sits on a place while a client waits at another. A loop that finds
/// none is woken when one is given back. Any thread; no lock on the way of a request, and none on that
/// of a connection unless somebody waits.
final class Places: Sendable {
  /// How many there are.
  let limit: Int
  /// How many loops share them.
  let loops: Int
  private let taken = Atomic<Int>(0)
  /// Of those, connections; the others are for accepts under way.
  private let held = Atomic<Int>(0)
  /// Somebody waits for one.
  private let isWanted = Atomic<Bool>(false)
  /// It was told that there are none.
  private let isTold = Atomic<Bool>(false)
  private let wakers = Lock<[@Sendable () -> Void]>([])

  init(limit: Int, loops: Int) {
    self.limit = limit
    self.loops = loops
  }

  /// Has a loop woken, from now on, when there is a place again that was wanted.
  func add(waker: @escaping @Sendable () -> Void) { wakers.withLock { $0.append(waker) } }

  /// How many there are at the moment. Where there are none, the loops are woken when there is one.
  private func available() -> Int {
    let free = limit - taken.load(ordering: .sequentiallyConsistent)
    if free <= 0 { want() }
    return max(0, free)
  }

  /// How many of so many there are.
  func room(upTo count: Int) -> Int { count > 0 ? min(count, available()) : 0 }

  /// Takes one, if there is one. Otherwise the loops are woken when there is.
  func take() -> Bool {
    var now = taken.load(ordering: .relaxed)
    while now < limit {
      let (isDone, found) = taken.weakCompareExchange(
        expected: now, desired: now + 1, ordering: .sequentiallyConsistent)
      if isDone { return true }
      now = found
    }
    want()
    return false
  }

  /// Gives one back.
  func giveBack() {
    taken.subtract(1, ordering: .sequentiallyConsistent)
    wakeIfWanted()
  }

  private func want() {
    isWanted.store(true, ordering: .sequentiallyConsistent)
    // It may have come between the look and the wish.
    if taken.load(ordering: .sequentiallyConsistent) < limit { wakeIfWanted() }
  }

  private func wakeIfWanted() {
    guard isWanted.load(ordering: .sequentiallyConsistent),
      isWanted.exchange(false, ordering: .sequentiallyConsistent)
    else { return }
    for wake in wakers.withLock({ $0 }) { wake() }
  }

  /// A connection has got the place that was taken for it: whether it is to be told now that there are
  /// as many as may be: once, until there were fewer again.
  func enter() -> Bool {
    let count = held.add(1, ordering: .relaxed).newValue
    return count >= limit && !isTold.exchange(true, ordering: .relaxed)
  }

  /// It has gone.
  func leave() {
    held.subtract(1, ordering: .relaxed)
    giveBack()
  }

  /// Whether it is to be told now that connections are accepted again.
  func resumes() -> Bool {
    isTold.load(ordering: .relaxed) && isTold.exchange(false, ordering: .relaxed)
  }
}
