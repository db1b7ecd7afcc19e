/// `epoll(7)`: the kernel keeps the registrations, and a wait costs what is ready, not what is
/// watched. Linux.
@safe public struct EpollPoller<System: ReadinessKernel>: Poller, ~Copyable {
  /// Closing a descriptor ends its registration: the kernel sees to it.
  public static var forgetsClosedDescriptors: Bool { true }
  public static var name: String { "epoll" }

  let system: System
  private let owned: OwnedDescriptor
  private let ready = ReadyEvents(count: 1024)
  var descriptor: Descriptor { owned.number }

  public init(system: System) throws(SystemError) {
    self.system = system
    let made = try system.must(.epollCreate) { system.epollCreate() }
    owned = OwnedDescriptor(made.descriptor, of: system)
  }

  public mutating func set(
    _ descriptor: Descriptor, _ interest: Interest?, was old: Interest?, key: Key
  ) throws(RegistrationError) {
    let operation: EpollOperation
    switch (old, interest) {
    case (nil, nil): return
    case (nil, .some): operation = .add
    case (.some, nil): operation = .remove
    case (.some, .some): operation = .modify
    }
    let outcome = system.epollControl(
      self.descriptor, operation, descriptor, events: (interest ?? []).events.rawValue,
      key: key.rawValue)
    if let errno = outcome.errno {
      throw .system(SystemError(.epollControl, errno, on: .descriptor(descriptor)))
    }
  }

  public mutating func wait(until deadline: Instant?, into events: inout EventBuffer)
    throws(SystemError)
  {
    try wait(until: deadline, isExact: false, into: &events)
  }

  public mutating func wait(
    until deadline: Instant?, isExact: Bool, into events: inout EventBuffer
  ) throws(SystemError) {
    events.removeAll()
    let room = unsafe UnsafeMutableBufferPointer(
      start: ready.all.baseAddress, count: min(ready.all.count, events.capacity))
    let (system, descriptor) = (system, descriptor)
    // The time left is computed anew each time a signal has interrupted the wait.
    let outcome = system.retryingInterrupts {
      guard isExact else {
        return unsafe system.epollWait(
          descriptor, into: room, milliseconds: deadline.milliseconds(from: system.now()))
      }
      return unsafe system.epollWait(
        descriptor, into: room, nanoseconds: deadline.nanoseconds(from: system.now()))
    }
    if let errno = outcome.errno { throw SystemError(.epollWait, errno) }
    for index in 0..<min(outcome.value, room.count) {
      let event = unsafe room[index]
      events.append(Key(rawValue: event.key), Readiness(epollBits: event.events))
    }
  }
}

/// Room for what a wait brings.
@safe struct ReadyEvents: ~Copyable {
  let all: UnsafeMutableBufferPointer<EpollEvent>

  init(count: Int) {
    unsafe all = .allocate(capacity: count)
    unsafe all.initialize(repeating: EpollEvent())
  }

  deinit { unsafe all.deallocate() }
}

/// epoll on the real kernel.
public typealias Epoll = EpollPoller<Linux>

// EPOLLRDHUP is not asked for here: a peer that has finished sending shows as readable, with nothing to
// receive, and is told only to those who want to read.
extension Readiness {
  /// Without a branch: EPOLLIN, EPOLLPRI, EPOLLOUT and EPOLLERR stand where they belong, EPOLLHUP is the
  /// same as EPOLLERR, and EPOLLRDHUP is moved to `ended`.
  init(epollBits bits: UInt32) {
    self.init(
      rawValue: UInt8(
        truncatingIfNeeded: bits & 0xF | (bits & PollEvents.hangUp.rawValue) >> 1
          | (bits & PollEvents.peerFinished.rawValue) >> 8))
  }
}
