import Switchboard
import SwitchboardBase

extension LoadLoop {
  /// Looks for connections on which nothing has come for too long.
  mutating func scan() {
    nextScan = now + LoadLoop.scanInterval
    let timeout = options.timeout
    let limit = timeoutNanoseconds
    for index in 0..<slots.count {
      let slot = slots[index]
      switch slot.state {
      case .connecting where now > slot.began + limit:
        fail(index, .connectTimeout, "after \(Figures.brief(timeout))")
      case .greeting where now > slot.began + limit:
        fail(index, .noGreeting, "none within \(Figures.brief(timeout))")
      case .ready where slot.inFlight > 0 && now > slot.heard + limit:
        fail(index, .replyTimeout, "nothing for \(Figures.brief(timeout))")
      default: break
      }
    }
    giveUpIfSilent(limit)
  }

  /// A number of requests ends by itself only if they can be made: where servers only fail, and not
  /// a byte has come from any of them for as long as two replies may take, one after the other, the
  /// rest is given up.
  private mutating func giveUpIfSilent(_ limit: UInt64) {
    var known = control.heard.load(ordering: .relaxed)
    while lastHeard > known {
      let answer = control.heard.compareExchange(
        expected: known, desired: lastHeard, ordering: .relaxed)
      known = answer.exchanged ? lastHeard : answer.original
    }
    // What other threads have heard is known after their next look.
    let patience = 2 * limit + 2 * LoadLoop.scanInterval
    guard options.requests != nil, phase == .loading, lastFailure > known, now > known + patience
    else { return }
    note(.gaveUp, "no byte came for \(Figures.brief(.nanoseconds(Int64(clamping: now - known))))")
    control.isStopped.store(true, ordering: .relaxed)
  }

  /// How often connections are looked at on which nothing comes.
  static var scanInterval: UInt64 { 250_000_000 }
  /// How long replies are awaited by a run that is ended early: longer than most take, and not too
  /// long for whoever pressed Ctrl-C.
  static var patienceWhenStopped: UInt64 { 2_000_000_000 }
  /// The longest that a reply, or a connection, may take.
  var timeoutNanoseconds: UInt64 { LoadLoop.nanoseconds(options.timeout) }
  /// Three years at most, so that moments can be added.
  static func nanoseconds(_ duration: Duration) -> UInt64 {
    UInt64(min(max(0, duration.inSeconds), 1e8) * 1e9)
  }
}
