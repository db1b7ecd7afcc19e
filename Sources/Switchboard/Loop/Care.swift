/// Rules and numbers of care that the reactor, the event loop and the blocking models share.
enum Care {
  /// What is discarded at most of what a peer still sends after we have finished, in bytes: more than
  /// both kernels' buffers hold (`tcp_rmem` and `tcp_wmem` end at 6 MiB and 4 MiB unless changed), so
  /// that nobody reaches it who stops sending when he sees that we have finished.
  static let mostDiscarded = 16 << 20
  /// How many letters, and how many jobs, a loop takes from its mail in one turn. A turn costs a wait
  /// without sleep more, which 256 callbacks outweigh.
  static let lettersPerTurn = 256
  /// A loop that is later than this, in nanoseconds, was stopped or starved, or worked for so long in one
  /// turn: what has come meanwhile is received before anybody is called idle.
  static let mostBusy: UInt64 = 100_000_000
  /// How long timers wait for that, in nanoseconds.
  static let timersWait: UInt64 = 250_000_000
}

/// The calls that were refused to this process on a connection, as a sandbox does. Each is told once,
/// since every connection would tell the same. Any thread.
final class RefusedCalls: Sendable {
  private let told = Lock<[SystemError.Call]>([])

  /// Whether a connection broke because its call was refused, and this is to be told.
  func isNew(_ error: SystemError) -> Bool {
    guard error.errno.isRefusal else { return false }
    return told.withLock { told in
      guard !told.contains(error.call) else { return false }
      told.append(error.call)
      return true
    }
  }
}

/// Whether deadlines must wait, since a loop slept far beyond its own: the process was stopped, or
/// starved. What has come meanwhile is received first, so that no peer is called idle whose bytes lie
/// waiting. One turn may not bring it all.
struct Lateness {
  /// How much may still come before deadlines count again; 0 when they do.
  private var left = 0
  private var end = Instant(nanoseconds: 0)

  /// Where callbacks take so long that there is always more, deadlines must come to their turn, too.
  private static var longest: UInt64 { 2_000_000_000 }

  /// Whether deadlines must wait in this turn.
  ///
  /// It ends with a turn that brings nothing, or when twice as much has come as there are connections,
  /// since each is served once in a turn at most; and after two seconds in any case.
  ///
  /// - Parameters:
  ///   - deadline: Until when the loop meant to sleep.
  ///   - brought: How many things this turn brought.
  mutating func isUnderWay(
    _ now: Instant, after deadline: Instant?, brought: Int, connections: Int
  ) -> Bool {
    if left > 0 {
      let isOver = brought == 0 || now >= end
      left = isOver ? 0 : left - min(left, max(1, brought))
    } else if let deadline, now > deadline.advanced(byNanoseconds: Care.mostBusy) {
      left = 2 * connections + 1
      end = now.advanced(byNanoseconds: Self.longest)
    }
    return left > 0
  }
}

extension Kernel {
  /// When a peer last took something of what was sent to it. Bytes leave long after `send` took them,
  /// so who reads slowly and steadily makes no progress that a loop sees by itself. Asked for when a
  /// connection would be closed as idle, and only then; nil when the system does not tell.
  func lastProgress(on descriptor: Descriptor, _ now: Instant) -> Instant? {
    let asked = get(.sendSilence, on: descriptor)
    guard asked.isSuccess else { return nil }
    let silence = UInt64(asked.value).multipliedReportingOverflow(by: 1_000_000).partialValue
    return Instant(nanoseconds: now.nanoseconds - min(silence, now.nanoseconds))
  }
}
