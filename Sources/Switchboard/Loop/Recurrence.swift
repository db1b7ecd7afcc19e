/// When things are due that are done again and again. It makes no call and knows no clock.
///
/// Each is due an interval after it was due before. What was missed, because a callback took long or the process was
/// stopped, is not made up for: it is done once, and then an interval later.
struct Recurrence {
  private struct Entry {
    let interval: UInt64
    var due: Instant
  }

  private var entries: [Entry]
  /// When the first of them is due; nil where there are none.
  private(set) var next: Instant?

  init(_ intervals: [Duration], from now: Instant) {
    entries = intervals.map { interval in
      let interval = max(1, interval.clampedNanoseconds)
      return Entry(interval: interval, due: now.advanced(byNanoseconds: interval))
    }
    next = entries.map(\.due).min()
  }

  /// The number of one that is due, which is then due an interval later; nil when no other one is.
  mutating func takeDue(_ now: Instant) -> Int? {
    guard let next, next <= now, let place = entries.firstIndex(where: { $0.due == next }) else {
      return nil
    }
    let interval = entries[place].interval
    let planned = next.advanced(byNanoseconds: interval)
    entries[place].due = planned > now ? planned : now.advanced(byNanoseconds: interval)
    self.next = entries.map(\.due).min()
    return place
  }
}
