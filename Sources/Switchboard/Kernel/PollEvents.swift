/// Events of `poll(2)`. `epoll(7)` and a ring's polls have them too, and some of their own; the numbers are
/// the same on every processor.
struct PollEvents: OptionSet {
  let rawValue: UInt32

  /// `POLLIN`: there is something to receive, or the end.
  static let input = PollEvents(rawValue: 0x1)
  /// `POLLPRI`: TCP urgent data.
  static let urgent = PollEvents(rawValue: 0x2)
  /// `POLLOUT`: there is room to send.
  static let output = PollEvents(rawValue: 0x4)
  /// `POLLERR`.
  static let error = PollEvents(rawValue: 0x8)
  /// `POLLHUP`: both directions are closed.
  static let hangUp = PollEvents(rawValue: 0x10)
  /// `POLLNVAL`: there is no such descriptor.
  static let invalid = PollEvents(rawValue: 0x20)
  /// `EPOLLRDHUP`: the peer has finished sending.
  static let peerFinished = PollEvents(rawValue: 0x2000)
  /// `EPOLLET`: changes alone are told.
  static let edge = PollEvents(rawValue: 1 << 31)

  /// What is told without being asked for: a connection that is over.
  static var broken: PollEvents { [.error, .hangUp, .invalid] }
}

extension PollEntry {
  /// Asks for events on a descriptor.
  init(_ descriptor: Descriptor?, _ events: PollEvents) {
    self.init(
      descriptor: descriptor?.rawValue ?? -1, events: Int16(truncatingIfNeeded: events.rawValue))
  }

  /// What holds.
  var told: PollEvents { PollEvents(rawValue: UInt32(UInt16(bitPattern: happened))) }
}
