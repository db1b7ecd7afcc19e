/// Requests that were due, and what became of them: each comes to exactly one end.
public struct LoadTally: Sendable, Codable, Hashable {
  /// Requests that were due: in an open loop by the rate, in a closed one as soon as its connection had
  /// room for them.
  public internal(set) var due = 0
  /// Answered, and rightly.
  public internal(set) var answered = 0
  /// Answered by something that was not the reply.
  public internal(set) var wrong = 0
  /// Sent, or about to be sent on a connection that was being made, and not answered: the connection
  /// broke, was refused or was given up, or the reply did not come in time.
  public internal(set) var lost = 0
  /// Not sent before the window ended: every connection was busy with the requests before.
  public internal(set) var unsent = 0
  /// On their way when the run was ended early.
  public internal(set) var inFlight = 0

  /// Nothing was due.
  public init() {}

  /// Whether those that were due are those that came to an end.
  public var isBalanced: Bool {
    var sum = 0
    for count in [answered, wrong, lost, unsent, inFlight] {
      let (next, isBeyond) = sum.addingReportingOverflow(count)
      if isBeyond { return false }
      sum = next
    }
    return sum == due
  }

  /// Sent, or about to be, and without an answer that was right.
  public var unanswered: Int { wrong + lost + inFlight }

  /// Counts those of another one, too.
  mutating func add(_ other: LoadTally) {
    due += other.due
    answered += other.answered
    wrong += other.wrong
    lost += other.lost
    unsent += other.unsent
    inFlight += other.inFlight
  }

  var counts: [Int] { [due, answered, wrong, lost, unsent, inFlight] }
}
