/// A loop's drain under way, on both faces that have one: what has come already is taken in, each peer is asked
/// to finish, and who has not when the time is over is cut off.
struct Drain {
  /// When those that are left are cut off.
  var deadline: Instant
  /// Until when what has come is taken in: at most half of the time, so that something is left for finishing.
  private let gatheringEnd: Instant
  /// What peers have sent already, connections that wait to be accepted among it, is still being taken in.
  private(set) var isGathering = true
  var arrears = Arrears(.draining)
  /// How many were asked to finish.
  var peersAtStart = 0
  /// How many were cut off.
  var forced = 0

  /// - Parameter begin: Now, and not when the loop's turn began: that may be long ago, since a process that is
  ///   stopped is told to end when it goes on.
  init(from begin: Instant, timeout: Duration) {
    deadline = begin + timeout
    gatheringEnd = begin + timeout / 2
  }

  /// A turn is over: goes on taking in, or not.
  mutating func endTurn(owesWork: Bool, _ now: Instant) {
    let isOver = arrears.endTurn(owesWork: owesWork)
    if isOver || now >= gatheringEnd { isGathering = false }
  }

  /// From here on peers are asked to finish, so many.
  mutating func beginFinishing(_ peers: Int) {
    isGathering = false
    peersAtStart = peers
  }

  /// How it ended.
  var end: LoopNotice { .drained(finished: max(0, peersAtStart - forced), forced: forced) }
}
