/// A mechanism of the system that waits for many descriptors at once: select, poll, epoll.
///
/// **Contract**, for every poller alike, and all that an implementer needs:
///
/// - *Level-triggered.* A registration is reported in every wait in which its descriptor is ready
///   for something it is interested in, until the interest or the readiness ends.
/// - *Hang-up and error are always delivered*, even with the empty interest: as `.hangUp`, or, where
///   the mechanism cannot tell them apart, as the readiness that was asked for.
/// - *One registration for one descriptor.* `set` adds it (`old` is nil), changes it, or removes it
///   (`interest` is nil). The caller knows what it set last and says so in `was`.
/// - *Removing is synchronous*: after it no wait reports the registration. Remove before closing.
/// - *The key comes back untouched.* A poller never interprets it.
/// - A descriptor that the mechanism cannot hold is *refused* with an error that says so, and
///   nothing else changes.
/// - `wait` replaces the buffer's content. It returns when something is ready or the deadline has
///   passed, never long before it, and at most a millisecond after it is due on an idle machine. A
///   signal does not end it. When more is ready than the buffer holds, later waits report the rest
///   before any registration comes twice in a row (nobody starves).
/// - A poller belongs to one thread.
public protocol Poller: ~Copyable {
  /// The kernel it asks.
  associatedtype System: Kernel
  /// The mechanism's name: `epoll`.
  static var name: String { get }

  /// Whether it breaks with level triggering where a registration is added so: that is for both directions,
  /// for good, and is reported when something changes and not again. False unless a poller says
  /// otherwise; only a server's loop can use one.
  static var reportsChangesOnly: Bool { get }
  /// Whether closing a descriptor ends its registration, provided no copy of it was made.
  static var forgetsClosedDescriptors: Bool { get }

  /// An empty poller.
  init(system: System) throws(SystemError)

  /// Adds, changes or removes a registration.
  mutating func set(
    _ descriptor: Descriptor, _ interest: Interest?, was old: Interest?, key: Key
  ) throws(RegistrationError)

  /// Waits until something is ready, at most until `deadline` (nil: for ever).
  mutating func wait(until deadline: Instant?, into events: inout EventBuffer) throws(SystemError)
  /// The same, and ends as exactly as the kernel can where that is wanted. Defaulted: it never is.
  mutating func wait(until deadline: Instant?, isExact: Bool, into events: inout EventBuffer)
    throws(SystemError)
}

extension Poller where Self: ~Copyable {
  /// To the millisecond behind.
  public mutating func wait(
    until deadline: Instant?, isExact: Bool, into events: inout EventBuffer
  ) throws(SystemError) {
    try wait(until: deadline, into: &events)
  }
  /// Level-triggered.
  public static var reportsChangesOnly: Bool { false }
}

extension Instant? {
  /// The argument that `poll(2)`, `epoll_wait(2)` and our `select(2)` take: -1 waits for ever.
  func milliseconds(from now: @autoclosure () -> Instant) -> Int32 {
    switch self {
    case nil: -1
    case .some(let deadline): deadline.millisecondsRoundedUp(from: now())
    }
  }

  /// The same in nanoseconds, at most a day.
  func nanoseconds(from now: @autoclosure () -> Instant) -> Int64 {
    guard let deadline = self else { return -1 }
    let now = now().nanoseconds
    return Int64(min(deadline.nanoseconds - min(now, deadline.nanoseconds), 86_400_000_000_000))
  }
}

/// The earlier of two deadlines; nil is never.
@inline(__always)
func earlier(_ a: Instant?, _ b: Instant?) -> Instant? {
  guard let a, let b else { return a ?? b }
  return a < b ? a : b
}
