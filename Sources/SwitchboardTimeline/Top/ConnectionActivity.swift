import Switchboard

/// What is known of a connection from its records so far.
package struct ConnectionActivity: Sendable {
  /// Its loop, from 0 on, and its number there, from 1 on in the order of accepting: as `serve` tells of it.
  package let loop: Int
  package let number: UInt32
  /// When it was accepted, in nanoseconds since the recording's beginning; nil where that was not recorded.
  package var opened: UInt64?
  /// The record of its end; nil as long as it stands.
  package private(set) var closing: LoopRecord?
  /// When it was served last.
  package private(set) var last: UInt64 = 0
  package private(set) var calls = 0
  /// What its callbacks took, in nanoseconds.
  package private(set) var busy: UInt64 = 0
  /// How long it was ready and others were served, in all and at once, in nanoseconds.
  package private(set) var waited: UInt64 = 0
  package private(set) var longestWait: UInt64 = 0
  package private(set) var received: UInt64 = 0
  package private(set) var sent: UInt64 = 0
  /// Calls of the second in which it was served last, and of the two before: what is shown is a little behind.
  private var second: UInt64 = 0
  private var recent: (last: Int, before: Int, earlier: Int) = (0, 0, 0)

  init(loop: Int, number: UInt32) { (self.loop, self.number) = (loop, number) }

  /// What tells it from all others.
  package var id: UInt64 { ConnectionActivity.id(loop: UInt16(clamping: loop), number) }
  static func id(loop: UInt16, _ number: UInt32) -> UInt64 { UInt64(loop) << 32 | UInt64(number) }

  /// Bytes in both directions.
  package var bytes: UInt64 { received.addingSaturated(sent) }

  /// Its callbacks in one of the last seconds.
  package func calls(in number: UInt64) -> Int {
    switch second - min(second, number) {
    case 0: number == second ? recent.last : 0
    case 1: recent.before
    case 2: recent.earlier
    default: 0
    }
  }

  /// It was called.
  ///
  /// - Parameter ready: How long it was ready before.
  mutating func add(_ record: LoopRecord, at start: UInt64, ready: UInt64) {
    calls += 1
    last = max(last, start)
    busy = busy.addingSaturated(LoopRecord.unpacked(record.a))
    waited = waited.addingSaturated(ready)
    longestWait = max(longestWait, ready)
    sent = sent.addingSaturated(UInt64(record.d))
    if record.code == CallbackKind.closed.rawValue {
      closing = record
    } else {
      received = received.addingSaturated(UInt64(record.c))
    }
    count(in: start / LoopActivity.second)
  }

  private mutating func count(in now: UInt64) {
    guard now >= second else { return }
    switch now - second {
    case 0: break
    case 1: recent = (0, recent.last, recent.before)
    case 2: recent = (0, 0, recent.last)
    default: recent = (0, 0, 0)
    }
    second = now
    recent.last += 1
  }

  /// Bytes went out later, or came back.
  mutating func addSent(_ count: UInt32, at start: UInt64) {
    last = max(last, start)
    sent = sent.addingSaturated(UInt64(count))
  }
  mutating func takeBack(_ count: UInt32) { sent -= min(sent, UInt64(count)) }
}
