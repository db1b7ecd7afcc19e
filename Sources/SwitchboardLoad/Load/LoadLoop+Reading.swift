// Replies that say themselves how long they are, and servers that close connections as their protocol has it.

extension LoadLoop {
  /// Reads bytes that have come, and counts the replies that they complete.
  mutating func read(_ index: Int, _ bytes: Span<UInt8>) {
    slots[index].heard = now
    var (place, fresh) = (0, 0)
    while place < bytes.count {
      guard slots[index].inFlight > 0 else {
        let extra = bytes.extracting(place...)
        let text = LoadExchange.shown(extra.indices.map { extra[$0] })
        return fail(index, .surplus, "\(extra.count) byte\(extra.count == 1 ? "" : "s"): \(text)")
      }
      let reading = readers[index].next(in: bytes, from: &place, tape.delimiter)
      if case .nothing = reading { break }
      guard let isLast = take(index, reading) else { return }
      fresh += 1
      if isLast { return leave(index) }
    }
    if fresh > 0 { goOn(index, fresh) }
  }

  /// Notes what the oldest request's reply was; whether it is the connection's last, or nil where it was none.
  private mutating func take(_ index: Int, _ reading: LoadReplyReader.Reading) -> Bool? {
    now = system.now().nanoseconds
    switch reading {
    case .nothing: return nil
    case .reply(let isLast):
      answered(index)
      return isLast
    case .refusal(let status, let isLast):
      answered(index)
      note(.errorStatus, "status \(status)")
      return isLast
    case .error:
      lose(index, 1, .wrong)
      note(.errorReply, readers[index].words)
      return false
    case .broken:
      let words = readers[index].words
      lose(index, 1, .wrong)
      fail(index, .wrongReply, words)
      return nil
    }
  }

  private mutating func answered(_ index: Int) {
    let head = Int(slots[index].head)
    answered(index, sendings[index * options.pipeline + head])
    slots[index].head = head + 1 == options.pipeline ? 0 : Int32(head + 1)
    slots[index].inFlight -= 1
    flying -= 1
  }

  /// The server has ended a connection on which replies are read; whether it may do that at this point.
  mutating func isRightlyEnded(_ index: Int) -> Bool {
    guard index < readers.count, slots[index].state == .ready else { return false }
    if slots[index].inFlight > 0 {
      let reading = readers[index].end()
      switch reading {
      case .nothing, .broken: return false
      case .reply, .refusal, .error: _ = take(index, reading)
      }
    } else if !readers[index].allowsClosing {
      return false
    } else if thinks || index >= joined {
      // It is made anew when somebody has thought, or joins in. Of this connection no event is left.
      slots[index].isLeft = true
      close(index, forgetting: false)
      return true
    }
    leave(index)
    return true
  }

  /// The server closes a connection, as its protocol has it: the next request makes another. Requests that
  /// were sent behind the last reply it must not have looked at (RFC 9112, 9.6); they are sent once more.
  private mutating func leave(_ index: Int) {
    slots[index].isLeft = true
    guard slots[index].inFlight > 0 else { return renew(index) }
    hangUp(index)
    slots[index].generation &+= 1
    open(index)
  }

  /// A connection stands again: what was in flight on the one before is sent on it.
  mutating func sendAgain(_ index: Int) {
    let count = Int(slots[index].inFlight)
    slots[index].nextToSend = 0
    slots[index].outLeft = count * tape.requestSize(0)
    slots[index].issued = count
    push(index)
  }

  /// Whether a connection that does not stand is made when there is a request for it.
  func isMadeWhenNeeded(_ index: Int) -> Bool { options.churn != nil || slots[index].isLeft }
}
