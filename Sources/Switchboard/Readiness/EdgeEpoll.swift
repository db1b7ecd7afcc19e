/// `epoll(7)` with `EPOLLET`, for a ``Proactor``: a connection is registered once, for everything, and
/// reported when something changes, if its interest says so.
///
/// Level-triggered, the kernel puts every descriptor that it has reported back on its list and asks
/// it again in the next wait. That costs 6 % of a small request with 64 connections and 11 % with
/// 1,000. In return, what is edge-triggered has to be received until nothing is left, or
/// remembered. Everything else stays level-triggered.
struct EdgeEpoll<System: ReadinessKernel>: Poller, ~Copyable {
  static var name: String { "epoll" }
  static var forgetsClosedDescriptors: Bool { true }
  static var reportsChangesOnly: Bool { true }

  private var base: EpollPoller<System>

  init(system: System) throws(SystemError) { base = try EpollPoller(system: system) }

  mutating func set(
    _ descriptor: Descriptor, _ interest: Interest?, was old: Interest?, key: Key
  ) throws(RegistrationError) {
    guard let interest, interest.contains(.changes) else {
      return try base.set(descriptor, interest, was: old, key: key)
    }
    let events: PollEvents = [.input, .urgent, .output, .peerFinished, .edge]
    let outcome = base.system.epollControl(
      base.descriptor, .add, descriptor, events: events.rawValue, key: key.rawValue)
    if let errno = outcome.errno {
      throw .system(SystemError(.epollControl, errno, on: .descriptor(descriptor)))
    }
  }

  mutating func wait(until deadline: Instant?, into events: inout EventBuffer)
    throws(SystemError)
  {
    try base.wait(until: deadline, into: &events)
  }

  mutating func wait(until deadline: Instant?, isExact: Bool, into events: inout EventBuffer)
    throws(SystemError)
  {
    try base.wait(until: deadline, isExact: isExact, into: &events)
  }
}
