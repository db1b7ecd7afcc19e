#if TestBench

/// A kernel whose calls fail when ``CallFaults`` say so, in ways in which a real one may.
///
/// ```swift
/// let system = Faulty(Linux(), faults)
/// let reactor = try Reactor(poller: EpollPoller(system: system), handler: ..., system: system)
/// ```
///
/// What fails has not happened, with four exceptions that the manual pages make: a descriptor whose
/// close fails is closed, a connection attempt that is interrupted goes on, a connection that was
/// aborted in the queue is gone from it, and a counter that would overflow stays readable. Readiness
/// that a caller was not given, because its receive or send would block or fell short, is told again
/// also where only changes are told.
///
/// It counts the descriptors that were opened through it and not closed.
public struct Faulty<Base: Kernel>: KernelDecorator {
  /// What is beneath.
  public let base: Base
  /// What fails.
  public let faults: CallFaults
  let notes = FaultNotes()

  /// Puts faults on a kernel.
  public init(_ base: Base, _ faults: CallFaults) {
    self.base = base
    self.faults = faults
  }

  /// Descriptors opened through this kernel and not closed yet.
  public var open: Set<Int32> { notes.state.withLock { $0.open } }
  /// Descriptors that were closed and not open, in order. Always empty, or there is a mistake.
  public var closedTwice: [Int32] { notes.state.withLock { $0.closedTwice } }

  /// Makes the call, unless it is to fail.
  public func calling(_ call: SystemError.Call, _ body: () -> Outcome) -> Outcome {
    if let errno = faults.strike(.call(call)) { return .failure(errno) }
    return body()
  }

  private func opening(_ call: SystemError.Call, _ body: () -> Outcome) -> Outcome {
    notes.opened(calling(call, body))
  }

  public func socket(_ family: SocketAddress.Family) -> Outcome {
    opening(.socket) { base.socket(family) }
  }
  public func accept(_ descriptor: Descriptor, peer: inout SocketAddress) -> Outcome {
    guard let errno = faults.strike(.call(.accept)) else {
      return notes.opened(base.accept(descriptor, peer: &peer))
    }
    if errno.concernsOneQueuedConnection {
      let gone = base.accept(descriptor, peer: &peer)
      if gone.isSuccess { _ = base.close(gone.descriptor) }
    }
    return .failure(errno)
  }
  public func connect(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome {
    guard let errno = faults.strike(.call(.connect)) else {
      return base.connect(descriptor, to: address)
    }
    if errno == .interrupted || errno == .inProgress {
      let begun = base.connect(descriptor, to: address)
      if let other = begun.errno, other != .inProgress { return begun }
    }
    return .failure(errno)
  }
  public func receive(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer)
    -> Outcome
  {
    if let errno = faults.strike(.call(.receive)) {
      if errno == .wouldBlock { notes.tellAgain(descriptor) }
      return .failure(errno)
    }
    let count = faults.shortened(buffer.count)
    let outcome = unsafe base.receive(
      descriptor, into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(count)))
    if count < buffer.count, outcome.value == count { notes.tellAgain(descriptor) }
    return outcome
  }
  public func send(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome {
    if let errno = faults.strike(.call(.send)) {
      if errno == .wouldBlock { notes.tellAgain(descriptor) }
      return .failure(errno)
    }
    let count = faults.shortened(buffer.count)
    let outcome = unsafe base.send(
      descriptor, from: UnsafeRawBufferPointer(rebasing: buffer.prefix(count)))
    if count < buffer.count, outcome.value == count { notes.tellAgain(descriptor) }
    return outcome
  }
  public func sendFile(_ descriptor: Descriptor, from file: Descriptor, at offset: Int, count: Int)
    -> Outcome
  {
    if let errno = faults.strike(.call(.sendFile)) {
      if errno == .wouldBlock { notes.tellAgain(descriptor) }
      return .failure(errno)
    }
    let part = faults.shortened(count)
    let outcome = base.sendFile(descriptor, from: file, at: offset, count: part)
    if part < count, outcome.value == part { notes.tellAgain(descriptor) }
    return outcome
  }
  public func close(_ descriptor: Descriptor) -> Outcome {
    let errno = faults.strike(.call(.close))
    // Before it is closed, since another thread may be given the number then.
    notes.closing(descriptor)
    let outcome = base.close(descriptor)
    return errno.map { .failure($0) } ?? outcome
  }
  public func eventDescriptor() -> Outcome { opening(.eventDescriptor) { base.eventDescriptor() } }
  public func write(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome {
    guard let errno = faults.strike(.call(.write)) else {
      return unsafe base.write(descriptor, from: buffer)
    }
    if errno == .wouldBlock { _ = unsafe base.write(descriptor, from: buffer) }
    return .failure(errno)
  }
}

extension Faulty: ReadinessKernel where Base: ReadinessKernel {
  public func epollCreate() -> Outcome { opening(.epollCreate) { base.epollCreate() } }

  public func epollControl(
    _ epoll: Descriptor, _ operation: EpollOperation, _ descriptor: Descriptor, events: UInt32,
    key: UInt64
  ) -> Outcome {
    let own: UInt64 = Key(rawValue: key).index >> 30 == 0 && key >> 32 & 1 == 1 ? 0 : 8
    if let errno = faults.strike(.call(.epollControl), about: own | UInt64(operation.rawValue)) {
      return .failure(errno)
    }
    let outcome = base.epollControl(epoll, operation, descriptor, events: events, key: key)
    guard outcome.isSuccess else { return outcome }
    // EPOLLET. Changing a registration makes the kernel look, and tell what is so, once more.
    if operation != .remove, events & 1 << 31 != 0 {
      let base = base
      notes.setRepeat(descriptor) {
        _ = base.epollControl(epoll, .modify, descriptor, events: events, key: key)
      }
    } else {
      notes.setRepeat(descriptor, nil)
    }
    return outcome
  }
}

/// What a ``Faulty`` kernel remembers between calls.
final class FaultNotes: Sendable {
  struct State {
    var open: Set<Int32> = []
    var closedTwice: [Int32] = []
    /// Makes an edge-triggered registration be reported again, by descriptor.
    var repeats: [Int32: @Sendable () -> Void] = [:]
    var rings: [UInt: RingNotes] = [:]
  }

  let state = Lock(State())

  func opened(_ outcome: Outcome) -> Outcome {
    if outcome.isSuccess {
      state.withLock { _ = $0.open.insert(Int32(truncatingIfNeeded: outcome.value)) }
    }
    return outcome
  }

  func closing(_ descriptor: Descriptor) {
    state.withLock {
      $0.repeats[descriptor.rawValue] = nil
      if $0.open.remove(descriptor.rawValue) == nil {
        $0.closedTwice.append(descriptor.rawValue)
      }
    }
  }

  func setRepeat(_ descriptor: Descriptor, _ body: (@Sendable () -> Void)?) {
    state.withLock { $0.repeats[descriptor.rawValue] = body }
  }

  func tellAgain(_ descriptor: Descriptor) {
    let body = state.withLock { $0.repeats[descriptor.rawValue] }
    body?()
  }
}

#endif
