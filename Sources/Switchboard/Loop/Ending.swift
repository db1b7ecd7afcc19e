/// How a connection ends, on every face of the library: what has happened goes in, and what is to be done
/// comes out. It makes no call and knows no descriptor.
///
/// Who closes while the peer's bytes lie unread resets the connection, and destroys the last reply on its way.
/// So we say that we have finished, and discard what still comes until the peer has finished too.
struct Ending: Equatable, BitwiseCopyable {
  enum Phase: UInt8, CaseIterable {
    /// The session is there.
    case open
    /// The session wants to close, and some of its output is still here.
    case closing
    /// We have finished, and the session is gone. What comes is discarded.
    case lingering
    /// Nothing is left to be done.
    case over
  }

  /// What is to be done.
  enum Step: Equatable {
    case nothing
    /// Tells the session that the peer has finished.
    case tellEnd
    /// Tells the session that it is over and the peer that we have finished; from now on
    /// ``Ending/timeIsOver()`` is due when the linger timeout has passed.
    case finishSending(CloseReason)
    /// Closes at once; the session, if there still is one, is told why.
    case close(CloseReason?)
  }

  var phase = Phase.open
  var peerHasEnded = false
  /// How many bytes were discarded while lingering.
  var discarded: UInt32 = 0

  /// Whether the session is there, and is to be called.
  var isOpen: Bool { phase == .open }
  /// Whether the session has been told that it is over.
  var isSessionGone: Bool { phase == .lingering || phase == .over }

  /// The session wants to close; how this goes on, ``allIsSent(_:)`` says.
  mutating func wantsToClose() {
    if phase == .open { phase = .closing }
  }

  /// A session that has sent all that it will, and knows of its peer's end, wants to close whether it says so or
  /// not: nothing more can come or go.
  ///
  /// - Parameter hasFinished: The peer was told that nothing more comes.
  /// - Returns: Whether it is so.
  mutating func closesByItself(hasFinished: Bool) -> Bool {
    guard hasFinished, peerHasEnded, phase == .open else { return false }
    phase = .closing
    return true
  }

  /// All output of a session that wants to close has been sent.
  mutating func allIsSent(_ reason: CloseReason = .finished) -> Step {
    guard phase == .closing else { return .nothing }
    if peerHasEnded { return breakOff(.peerFinished) }
    phase = .lingering
    discarded = 0
    return .finishSending(reason)
  }

  /// The peer has finished sending.
  mutating func peerEnded() -> Step {
    if peerHasEnded || phase == .over { return .nothing }
    peerHasEnded = true
    switch phase {
    case .open: return .tellEnd
    case .closing, .over: return .nothing
    case .lingering: return end()
    }
  }

  /// Bytes have come that no session is given.
  mutating func discard(_ count: Int) -> Step {
    guard phase == .lingering else { return .nothing }
    let (sum, isBeyond) = discarded.addingReportingOverflow(UInt32(clamping: count))
    discarded = isBeyond ? .max : sum
    return discarded > UInt32(Care.mostDiscarded) ? end() : .nothing
  }

  /// The peer was waited for long enough.
  mutating func timeIsOver() -> Step { phase == .lingering ? end() : .nothing }

  /// The connection is to be closed at once, whatever is unsent.
  mutating func breakOff(_ reason: CloseReason) -> Step {
    switch phase {
    case .open, .closing:
      phase = .over
      return .close(reason)
    case .lingering: return end()
    case .over: return .nothing
    }
  }

  private mutating func end() -> Step {
    phase = .over
    return .close(nil)
  }
}
