/// A moment on the monotonic clock, in nanoseconds since an arbitrary start (on Linux: boot, time
/// suspended not counted). It never jumps with the wall clock.
@frozen
public struct Instant: Hashable, Comparable, Sendable {
  /// Nanoseconds since the clock's start.
  public let nanoseconds: UInt64

  /// A moment, by its nanoseconds.
  @inlinable public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  /// The clock's end, which nobody reaches.
  static var distantFuture: Instant { Instant(nanoseconds: .max) }

  /// Whether one moment is before another.
  @inlinable public static func < (a: Instant, b: Instant) -> Bool {
    a.nanoseconds < b.nanoseconds
  }

  /// The moment a duration later, or the clock's end if that is nearer. A negative duration
  /// counts as none.
  public static func + (instant: Instant, duration: Duration) -> Instant {
    instant.advanced(byNanoseconds: duration.clampedNanoseconds)
  }

  /// The time from `earlier` to this moment; zero if `earlier` is not before it.
  public func since(_ earlier: Instant) -> Duration {
    guard earlier < self else { return .zero }
    return .nanoseconds(Int64(clamping: nanoseconds - earlier.nanoseconds))
  }

  /// Whole milliseconds from `earlier` to this moment; 0 if that is not before it.
  func milliseconds(since earlier: Instant) -> UInt64 {
    (nanoseconds - min(earlier.nanoseconds, nanoseconds)) / 1_000_000
  }

  @inlinable func advanced(byNanoseconds count: UInt64) -> Instant {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(count)
    return Instant(nanoseconds: overflow ? .max : sum)
  }

  /// Whole milliseconds from `now` to this moment, rounded up so that nobody wakes too early, and
  /// at most a day so that a caller's `Int32` holds it.
  func millisecondsRoundedUp(from now: Instant) -> Int32 {
    guard now < self else { return 0 }
    return Int32(min((nanoseconds - now.nanoseconds).inMillisecondsRoundedUp, 86_400_000))
  }
}

extension Duration {
  /// Nanoseconds, zero for a negative duration and `UInt64.max` for one beyond 584 years.
  var clampedNanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, over) = whole.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000)
    return overflow || over ? .max : sum
  }
}

extension UInt64 {
  /// Nanoseconds as whole milliseconds, rounded up: nobody is woken too early.
  var inMillisecondsRoundedUp: UInt64 { self / 1_000_000 + (self % 1_000_000 == 0 ? 0 : 1) }
}
