/// What a thread's requests are due, and when: by the rate in an open loop, by number in a closed one.
///
/// It makes no call and reads no clock.
struct LoadSchedule: Sendable {
  private let pace: LoadPace?
  /// This thread's part of the open loop's requests: each `stride`-th from `next` on.
  private let stride: Int
  private var next: Int
  /// The pace's beginning.
  private var begin: UInt64 = 0
  /// Open loop: when the next request is due; never where there is none.
  private(set) var nextDue: UInt64 = .max
  /// Closed loop: requests that may still be begun, where their number ends the run.
  private(set) var quota = Int.max

  /// - Parameter maker: This thread among those that make requests; nil if it makes none.
  init(_ pace: LoadPace?, _ maker: LoadPart?) {
    self.pace = maker == nil ? nil : pace
    next = maker?.number ?? 0
    stride = maker?.count ?? 1
  }

  mutating func begin(at moment: UInt64) {
    begin = moment
    nextDue = due(0)
  }

  /// Only so many requests more.
  mutating func limit(to count: Int) { quota = max(0, count) }

  /// A request of a closed loop is begun.
  mutating func take() { if quota != .max { quota -= 1 } }

  /// A request of an open loop is taken up: when it was due.
  mutating func takeDue() -> UInt64 {
    defer {
      next = number(1)
      nextDue = due(0)
    }
    return nextDue
  }

  /// How many requests that have not been taken up are due before a moment.
  func waiting(before moment: UInt64) -> Int {
    guard let pace, due(0) < moment else { return 0 }
    var (low, high) = (0, max(0, pace.total - next) / stride + 1)
    // The first so many are due before it, the one behind `high` is not.
    while low < high {
      let middle = low + (high - low) / 2
      if due(middle) < moment { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The requests that are due before a moment and were not taken up, in groups: when the first of each was
  /// due, and how many there are. Together at most ``mostGroups``, so that an overload of hours is told in
  /// no time; up to that number each stands alone.
  ///
  /// - Parameter border: No group goes beyond it.
  mutating func giveUp(before moment: UInt64, border: UInt64, _ body: (UInt64, Int) -> Void) {
    let all = waiting(before: moment)
    let first = min(all, waiting(before: border))
    for (from, to) in [(0, first), (first, all)] {
      let size = max(1, (to - from) / LoadSchedule.mostGroups)
      var place = from
      while place < to {
        let count = min(size, to - place)
        body(due(place), count)
        place += count
      }
    }
    next = number(all)
    nextDue = due(0)
  }

  static var mostGroups: Int { 1 << 18 }

  /// The number of the request that is so many behind the next.
  private func number(_ offset: Int) -> Int {
    let (product, a) = offset.multipliedReportingOverflow(by: stride)
    let (sum, b) = next.addingReportingOverflow(product)
    return a || b ? .max : sum
  }

  private func due(_ offset: Int) -> UInt64 {
    guard let pace, let nanoseconds = pace.due(number(offset)) else { return .max }
    return begin &+ nanoseconds
  }
}
