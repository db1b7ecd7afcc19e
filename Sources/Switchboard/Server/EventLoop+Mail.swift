/// What other threads post.
extension EventLoop where B: ~Copyable {
  /// Hands out what was posted, a part of it where that is much: the rest comes in the next turns.
  mutating func deliverMail() {
    guard control.mail.takeUp() else { return }
    for letter in control.jobs.take() { letter.message() }
    obeyLoopRequests()
    if desk != nil { takeFinishedWork() }
    let count = unsafe sessions._withUnsafeGuaranteedRef { $0.collectMail() }
    for place in 0..<count {
      let key = unsafe sessions._withUnsafeGuaranteedRef { $0.addressee(place) }
      guard slots.contains(key),
        slots[key.index].flags.isDisjoint(with: [.closing, .lingering, .closed, .connecting]),
        !isOpening(key)
      else {
        unsafe sessions._withUnsafeGuaranteedRef { $0.undelivered(place) }
        continue
      }
      callBack(key) { sessions, index, connection in
        sessions.deliver(place, index, &connection)
      }
    }
    unsafe sessions._withUnsafeGuaranteedRef { $0.dropMail() }
  }
}
