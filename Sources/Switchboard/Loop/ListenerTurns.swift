/// Whose turn it is to be accepted from: several listeners share few places, descriptors or accepts of a
/// turn, and each that has somebody waiting gets one before another has its second.
struct ListenerTurns {
  private var areWaiting: [Bool] = []
  /// How many have somebody waiting.
  private(set) var waiting = 0
  /// Who comes first.
  private var first = 0

  /// How many listeners there are.
  var count: Int { areWaiting.count }

  /// One more listener, behind the others.
  mutating func add() { areWaiting.append(false) }

  /// Whether a listener had somebody waiting when it was last heard of.
  func isWaiting(_ index: Int) -> Bool { areWaiting.indices.contains(index) && areWaiting[index] }

  /// A listener has somebody waiting.
  mutating func note(_ index: Int) {
    guard areWaiting.indices.contains(index), !areWaiting[index] else { return }
    areWaiting[index] = true
    waiting += 1
  }

  /// Nobody waits at a listener any more, as far as is known.
  mutating func forget(_ index: Int) {
    guard areWaiting.indices.contains(index), areWaiting[index] else { return }
    areWaiting[index] = false
    waiting -= 1
  }

  /// Nobody is known to wait at any.
  mutating func forgetAll() {
    guard waiting > 0 else { return }
    for index in areWaiting.indices { areWaiting[index] = false }
    waiting = 0
  }

  /// The next one that has somebody waiting and can take a turn, which it has had then.
  mutating func next(where canTake: (Int) -> Bool = { _ in true }) -> Int? {
    guard waiting > 0 else { return nil }
    for step in areWaiting.indices {
      let index = inTurn(step)
      guard areWaiting[index], canTake(index) else { continue }
      first = index + 1
      return index
    }
    return nil
  }

  /// What a listener was to have in its turn could not be had, a descriptor for one: it comes first when
  /// there is one again.
  mutating func giveBack(_ index: Int) { first = index }

  /// All of them by turns, from 0 on: who comes first, and those behind it.
  func inTurn(_ step: Int) -> Int { (first + step) % areWaiting.count }
}
