/// A loop that is late takes in first what has come meanwhile: the process was stopped, or starved, or a turn
/// took long. Nobody is called idle whose bytes may lie waiting, and one turn may not bring them all. Timers
/// wait for it too, but only for a moment.
struct CatchUp {
  /// Later than this, in nanoseconds, a loop was not just busy.
  static let mostBusy: UInt64 = 100_000_000
  /// How long timers wait, in nanoseconds.
  static let timersWait: UInt64 = 250_000_000
  /// After so long, in nanoseconds, whoever seems idle is looked at again.
  static let idleAgain: UInt64 = 50_000_000

  /// What comes.
  var arrears = Arrears(.catchingUp)
  private let timersFrom: Instant

  init(_ now: Instant) { timersFrom = now.advanced(byNanoseconds: Self.timersWait) }

  /// Whether a loop that is awake is so late.
  ///
  /// - Parameter deadline: Until when it meant to sleep.
  @inline(__always)
  static func isDue(_ now: Instant, after deadline: Instant) -> Bool {
    now > deadline.advanced(byNanoseconds: mostBusy)
  }

  /// Whether deadlines are served in a turn.
  func servesDeadlines(_ now: Instant) -> Bool { now >= timersFrom }
}
