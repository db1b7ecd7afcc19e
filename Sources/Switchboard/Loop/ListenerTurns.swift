/// Whose turn it is to be accepted from: several listeners share few places, descriptors or accepts of a
/// turn, and each that has somebody waiting gets one before another has its second.
struct ListenerTurns {
  private struct Listener {
    var isWaiting = false
    /// How often it was the next one in this turn of the loop.
    var taken = 0
  }

  private var listeners: [Listener] = []
  /// How many have somebody waiting.
  private(set) var waiting = 0
  /// Who comes first.
  private var first = 0
  /// Whether somebody gave a turn back since the last one was taken.
  private var isGivenBack = false
  /// Who came first in this turn of the loop.
  private var began: Int?

  /// How many listeners there are.
  var count: Int { listeners.count }

  /// One more listener, behind the others.
  mutating func add() { listeners.append(Listener()) }

  /// Whether a listener had somebody waiting when it was last heard of.
  func isWaiting(_ index: Int) -> Bool {
    listeners.indices.contains(index) && listeners[index].isWaiting
  }

  /// A listener has somebody waiting.
  mutating func note(_ index: Int) {
    guard listeners.indices.contains(index), !listeners[index].isWaiting else { return }
    listeners[index].isWaiting = true
    waiting += 1
  }

  /// Nobody waits at a listener any more, as far as is known.
  mutating func forget(_ index: Int) {
    guard isWaiting(index) else { return }
    listeners[index].isWaiting = false
    waiting -= 1
  }

  /// A turn of the loop is over: nobody is known to wait at any.
  mutating func endTurn() {
    for index in listeners.indices { listeners[index] = Listener() }
    (waiting, began) = (0, nil)
  }

  /// The next one that has somebody waiting and can take a turn, which it has had then.
  mutating func next(where canTake: (Int) -> Bool = { _ in true }) -> Int? {
    guard waiting > 0 else { return nil }
    for step in listeners.indices {
      let index = inTurn(step)
      guard listeners[index].isWaiting, canTake(index) else { continue }
      (first, isGivenBack) = (index + 1, false)
      if began == nil { began = index }
      listeners[index].taken += 1
      return index
    }
    return nil
  }

  /// What a listener was to have in its turn could not be had, a descriptor for one: it comes first when
  /// there is one again. Where several give theirs back, in the order in which they had them, the first
  /// of them does.
  mutating func giveBack(_ index: Int) {
    if !isGivenBack { first = index }
    isGivenBack = true
  }

  /// The same, and nobody is accepted from any more in this turn of the loop. Who has had something in it
  /// does not come first again, but whoever stands behind the one that did: where a wait tells of one
  /// listener alone, the others would never be heard of.
  mutating func stop(without index: Int) {
    guard listeners.indices.contains(index) else { return }
    first = listeners[index].taken > 1 ? (began ?? index) + 1 : index
  }

  /// All of them by turns, from 0 on: who comes first, and those behind it.
  func inTurn(_ step: Int) -> Int { (first + step) % listeners.count }
}
