/// How much of its turns a loop gives to steps that compute for long, handshakes above all: the others are to be served
/// between them. What has happened goes in with how long it took; it has no clock.
///
/// What a step will take nobody knows before, so the dearest of late stands for it. As long as some fit into a turn they
/// are taken as they come, which costs least. One that does not fit has the end of a turn for itself, behind all that
/// came in that, and the next turn is the others'.
struct ComputingTime {
  /// What a turn has for it, in nanoseconds: some five handshakes with usual keys.
  static let budget: UInt64 = 2_000_000

  private var spent: UInt64 = 0
  private var dearest: UInt64 = 0
  private var isTurnOfOthers = false

  /// Whether the next step may be taken where it comes, amid what others want.
  var fits: Bool {
    !isTurnOfOthers && spent + dearest <= Self.budget
  }

  /// Whether one of those that wait may go on now that the others have been served: in its turn one may in any case.
  var mayGoOn: Bool { fits || spent == 0 && !isTurnOfOthers }

  /// A step took so many nanoseconds.
  mutating func took(_ nanoseconds: UInt64) {
    let time = min(max(1, nanoseconds), Self.longest)
    spent = min(spent + time, Self.longest)
    dearest = max(time, dearest - dearest / Self.fading)
  }

  /// The turn is over.
  mutating func endTurn() {
    isTurnOfOthers = spent > 0 && !fits
    spent = 0
  }

  /// More is no other case: an hour, in nanoseconds.
  private static let longest: UInt64 = 3_600_000_000_000
  /// Of what the dearest took, each cheaper one takes off a quarter. One whose thread was kept from its processor looks
  /// dear, and few after it have to wait for that; with a dear key, some steps between two cost little.
  private static let fading: UInt64 = 4
}
