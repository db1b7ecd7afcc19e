/// Whether a loop is still being told of what had come before: what it takes in before it drains,
/// or before it closes anybody as idle after it was stopped.
///
/// Counts what each connection brings, and not turns: how many connections a turn reaches is the
/// backend's affair (a ring of Linux 6.13 or later does forty things a turn). A connection that has
/// brought its share goes on being served, but is no reason to go on waiting for others: one that
/// sends all the time would make the loop wait for ever.
struct Arrears {
  /// What a loop takes in at most.
  struct Limits {
    /// Of one connection: completions, or two KiB each where they bring more.
    var share: UInt32
    /// Connections that are accepted meanwhile: more than listeners' queues hold.
    var accepts = 16384
    /// After so many turns that brought nothing new it is over.
    var quietTurns: Int
    /// After so many also if the backend may have more to tell: whoever has not been reached by
    /// then is behind others that have had their shares.
    var mostQuietTurns = 64

    /// Before it drains: 8 MiB of a connection are more than a socket's buffers hold as a rule.
    static let draining = Limits(share: 4096, quietTurns: 2)
    /// After it was stopped: whoever brings anything is not idle.
    static let catchingUp = Limits(share: 64, quietTurns: 1)
  }

  let limits: Limits
  private var accepts = 0
  /// What has come, by the connections' slots.
  private var counts: [UInt32] = []
  private var hasNews = false
  private var quietTurns = 0

  init(_ limits: Limits) { self.limits = limits }

  /// A connection was accepted, or could not be.
  mutating func noteAccept() {
    if accepts < limits.accepts { hasNews = true }
    accepts += 1
  }

  /// Something of the loop's own came.
  mutating func noteNews() { hasNews = true }

  /// A connection's slot brought something, with so many bytes.
  mutating func note(_ index: UInt32, bytes: Int) {
    let index = Int(index)
    if index >= counts.count {
      counts.append(contentsOf: repeatElement(0, count: index + 64 - counts.count))
    }
    guard counts[index] < limits.share else { return }
    counts[index] += 1 + UInt32(clamping: bytes >> 11)
    hasNews = true
  }

  /// A turn has ended: whether everything has been taken in.
  ///
  /// - Parameter owesWork: Whether the backend may have more to tell than it did.
  mutating func endTurn(owesWork: Bool) -> Bool {
    quietTurns = hasNews ? 0 : quietTurns + 1
    hasNews = false
    return quietTurns >= (owesWork ? limits.mostQuietTurns : limits.quietTurns)
  }
}
