import Glibc
import Switchboard
import SwitchboardTesting

/// How many seconds a test waits at most for what must come. It costs nothing when that comes, and a
/// busy machine may be many times as slow as a quiet one.
public let longestWait = Int(longestPatience.components.seconds)

/// Whether a condition comes to hold; in vain after so many seconds.
public func eventually(seconds: Int = longestWait, _ holds: () -> Bool) -> Bool {
  let deadline = Linux().now() + .seconds(seconds)
  while !holds() {
    if Linux().now() > deadline { return false }
    usleep(200)
  }
  return true
}

/// Keeps an eye on how quick a test can be.
public final class Punctuality {
  private var last: Instant?
  private var longest = Duration.zero

  fileprivate init() {}

  /// From here on the test must be quick.
  public func start() { last = Linux().now() }

  /// It has just done something that the next thing must follow soon.
  public func mark() {
    guard let last else { return }
    let now = Linux().now()
    longest = max(longest, now.since(last))
    self.last = now
  }

  /// It has just done the last of these.
  public func stop() {
    mark()
    last = nil
  }

  fileprivate func isWithin(_ time: Duration) -> Bool {
    mark()
    return longest < time
  }
}

/// Runs a test that must do one thing soon after the other, within a time that a server gives: with
/// the first of some times, and with the next one as long as the machine was too busy to tell. The
/// trial says when it must be quick, and marks each thing; what came out counts only if never half of
/// its time passed between two of them.
public func withTime<Outcome>(
  ofAnyOf times: [Duration], _ trial: (Duration, Punctuality) throws -> Outcome
) throws -> Outcome {
  for time in times.dropLast() {
    let punctuality = Punctuality()
    let outcome = Result { try trial(time, punctuality) }
    if punctuality.isWithin(time / 2) { return try outcome.get() }
  }
  return try trial(times[times.count - 1], Punctuality())
}

/// A call that may wait, made again when a signal interrupts it: one with a time limit is, whatever the signal's
/// handler asked for, and tests that send signals share a process with all the others.
public func throughSignals<Answer: SignedInteger>(_ call: () -> Answer) -> Answer {
  while true {
    let answer = call()
    if answer >= 0 || errno != EINTR { return answer }
  }
}

/// `connect(2)` on a blocking socket, whatever signals come: one that interrupts it lets it go on, and to call it
/// again is an error. 0, or -1 and `errno`.
public func connectThroughSignals(
  _ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t
) -> Int32 {
  let answer = connect(descriptor, address, length)
  guard answer != 0, errno == EINTR else { return answer }
  var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
  let limit = Int32(longestWait * 1000)
  guard throughSignals({ poll(&entry, 1, limit) }) >= 0 else { return -1 }
  var (error, size) = (ETIMEDOUT, socklen_t(MemoryLayout<Int32>.size))
  if entry.revents != 0 { getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) }
  guard error != 0 else { return 0 }
  errno = error
  return -1
}
