/// Whether a loop accepts, and if not, what it waits for: pauses and their back-off, the same for every face.
struct Admission {
  /// Why it does not; nil when it does.
  var pause: LoopNotice.Pause?
  /// When to try again regardless of any close.
  var retryAt: Instant?
  /// How long the next pause of that kind will be, in milliseconds.
  var backoff: UInt64 = Admission.shortest

  /// Queued connections that went wrong one after the other, with none between that was well.
  private var failures = 0

  static let shortest: UInt64 = 5
  static let longest: UInt64 = 500
  /// After so many it is not the connections: a sandbox that refuses `accept4(2)` answers what a
  /// firewall answers for one of them (`EPERM`), for ever.
  static let mostFailures = 64

  /// Accepting pauses: whether it did not before.
  ///
  /// At the limit of connections room comes with a close of ours. Everywhere else others in the process
  /// or the system may make room, and where none of ours can close, nothing else would end the pause:
  /// then it ends by time, too.
  mutating func begin(
    _ reason: LoopNotice.Pause, isEmpty: Bool, _ now: Instant,
    entropy: @autoclosure () -> UInt64
  ) -> Bool {
    let isNew = pause == nil
    pause = reason
    retryAt = nil
    switch reason {
    case .failed, .refused: retryLater(now, entropy: entropy())
    case .connectionLimit: if isEmpty { retryLater(now, entropy: entropy()) }
    }
    return isNew
  }

  /// One of ours has closed, or the time has come: whether accepting goes on. Without room the next close
  /// tries again.
  mutating func tryAgain(hasRoom: Bool, _ now: Instant, _ system: some Kernel) -> Bool {
    guard pause != nil else { return false }
    retryAt = nil
    guard hasRoom else { return false }
    if canHoldNext(system) { return true }
    retryLater(now, entropy: system.entropy())
    return false
  }

  /// Where the poller could not hold the last connection, a number that it holds must be free: the next
  /// peer would be refused otherwise.
  private func canHoldNext(_ system: some Kernel) -> Bool {
    guard case .refused(.beyondSet(_, let capacity)) = pause else { return true }
    return system.hasDescriptor(below: capacity)
  }

  /// Accepting failed: whether it pauses. It does not where one queued connection went wrong, since
  /// the next may be well; nor when there was none.
  mutating func pauses(after errno: Errno) -> Bool {
    guard errno.concernsOneQueuedConnection else { return errno != .interrupted }
    failures = min(failures + 1, Admission.mostFailures)
    return failures == Admission.mostFailures
  }

  /// A connection was accepted: whether that ends a pause.
  mutating func end() -> Bool {
    failures = 0
    backoff = Admission.shortest
    retryAt = nil
    guard pause != nil else { return false }
    pause = nil
    return true
  }

  /// Sets `retryAt`: 5 ms ahead and up, doubling to 500, jittered so that processes do not march in
  /// step.
  mutating func retryLater(_ now: Instant, entropy: UInt64) {
    let pause = backoff - backoff / 4 + entropy % (backoff / 2 + 1)
    retryAt = now.advanced(byNanoseconds: pause * 1_000_000)
    backoff = min(backoff * 2, Admission.longest)
  }
}
