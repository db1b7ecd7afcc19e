import Switchboard

/// Who is told what a recording holds: of one loop, everything in the order in which it happened.
protocol RecordingWitness {
  /// A callback of a client, by its place in ``RecordingFrame/clients``.
  mutating func callback(_ callback: CallbackRecord, of client: Int)
  /// A wait of a loop.
  mutating func wait(_ wait: WaitRecord)
  /// What was sent later; `client` as in ``callback(_:of:)``, nil for one that has no row.
  mutating func sent(_ send: SendRecord, by client: Int?)
}

/// A recording that can be told as often as it takes, so that nobody needs to hold it.
protocol RecordingSource {
  /// Why telling may fail.
  associatedtype Failure: Error
  /// What is known of it beforehand.
  var frame: RecordingFrame { get }
  /// Tells all of it, or of the part that was asked for.
  func tell(_ witness: inout some RecordingWitness) throws(Failure)
}

/// What is known of a recording before its callbacks are looked at one by one.
struct RecordingFrame {
  /// A connection that has a row.
  struct Client {
    /// What it is called after `conn`.
    var number: Int
    var loop: Int
    var life: ConnectionLife
  }

  /// The beginning and the end of what is shown.
  var (start, end) = (Instant(nanoseconds: 0), Instant(nanoseconds: 0))
  /// The moment that axes call zero.
  var zero = Instant(nanoseconds: 0)
  /// Whether a part was asked for.
  var isPart = false
  /// In the order of their numbers.
  var clients: [Client] = []
  /// Loops with something to show, in order.
  var loops: [Int] = []
  /// What the loops waited with; empty where it is not known.
  var backend = ""
  /// Nanoseconds since 1970; 0 where it is not known.
  var wallClock: UInt64 = 0
  /// Records that were lost, and that mean nothing to this program.
  var (missed, unknown) = (0, 0)
}
