import Switchboard

/// What one loop did in each second of the last minute.
package struct LoopActivity: Sendable {
  /// One second of a loop.
  package struct Second: Hashable, Sendable {
    /// Which, from the recording's beginning on.
    package fileprivate(set) var number: UInt64 = 0
    /// How long it did not wait, in nanoseconds.
    package fileprivate(set) var busy: UInt64 = 0
    /// Its waits that ended: each begins a turn.
    package fileprivate(set) var turns = 0
    /// What the waits brought.
    package fileprivate(set) var completions = 0
    /// Callbacks.
    package fileprivate(set) var calls = 0
    /// The longest turn that ended: for so long the loop did not look for news, in nanoseconds.
    package fileprivate(set) var lag: UInt64 = 0
    /// Bytes from clients.
    package fileprivate(set) var received: UInt64 = 0
    /// Bytes that the kernel has taken.
    package fileprivate(set) var sent: UInt64 = 0

    /// The share of the second in which it did not wait, from 0 to 1.
    package var share: Double { min(1, Double(busy) / Double(LoopActivity.second)) }
  }

  /// Seconds that are remembered.
  package static let minute = 60
  /// Room for them, the one that runs and some that a slower loop is behind.
  private static let room = 64
  /// In nanoseconds.
  static let second: UInt64 = 1_000_000_000

  private var seconds = [Second](repeating: Second(), count: LoopActivity.room)
  /// When its last wait ended; nil where that is not known.
  private(set) var waited: UInt64?
  /// The end of the last that it is known to have done.
  package private(set) var last: UInt64 = 0

  /// One of the last seconds; empty where nothing is known of it.
  package func second(_ number: UInt64) -> Second {
    let found = seconds[Int(number % UInt64(LoopActivity.room))]
    return found.number == number ? found : Second()
  }

  private mutating func change(_ number: UInt64, _ body: (inout Second) -> Void) {
    let place = Int(number % UInt64(LoopActivity.room))
    if seconds[place].number != number {
      // What comes so late is of a minute that has passed.
      guard seconds[place].number < number else { return }
      seconds[place] = Second()
      seconds[place].number = number
    }
    body(&seconds[place])
  }

  /// It waited, from a moment on and for so long, in nanoseconds since the recording's beginning.
  mutating func addWait(from start: UInt64, for duration: UInt64, completions: Int) {
    if let began = waited, began <= start { addTurn(from: began, to: start) }
    let end = start.addingSaturated(duration)
    waited = end
    last = max(last, end)
    change(end / LoopActivity.second) { second in
      second.turns += 1
      second.completions += completions
    }
  }

  private mutating func addTurn(from start: UInt64, to end: UInt64) {
    let first = end / LoopActivity.second
    change(first) { $0.lag = max($0.lag, end - start) }
    var place = max(start / LoopActivity.second, first - min(first, UInt64(LoopActivity.minute)))
    while place <= first {
      let from = max(start, place * LoopActivity.second)
      let until = place == first ? end : (place + 1) * LoopActivity.second
      change(place) { $0.busy += until - min(from, until) }
      place += 1
    }
  }

  /// It called back.
  mutating func addCall(at start: UInt64, until end: UInt64, received: UInt32, sent: UInt32) {
    last = max(last, end)
    change(start / LoopActivity.second) { second in
      second.calls += 1
      second.received += UInt64(received)
      second.sent += UInt64(sent)
    }
  }

  /// Bytes went out later than the callback that wrote them.
  mutating func addSent(_ count: UInt32, at start: UInt64) {
    last = max(last, start)
    change(start / LoopActivity.second) { $0.sent += UInt64(count) }
  }

  /// Bytes that were counted came back.
  mutating func takeBack(_ count: UInt32, at start: UInt64) {
    change(start / LoopActivity.second) { $0.sent -= min($0.sent, UInt64(count)) }
  }

  /// Records are missing: nobody knows since when it works.
  mutating func forgetTurn() { waited = nil }
}
