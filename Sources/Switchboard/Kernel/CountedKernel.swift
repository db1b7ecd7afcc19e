import Synchronization

/// How many system calls went through a ``CountedKernel``, by what they are for. Any thread.
package final class CallCounts: Sendable {
  private let receives = Atomic<Int>(0)
  private let sends = Atomic<Int>(0)
  private let controls = Atomic<Int>(0)
  private let waits = Atomic<Int>(0)
  private let others = Atomic<Int>(0)

  /// What has been counted up to one moment.
  package struct Sum: Hashable, Sendable {
    /// `recv(2)`
    package var receives = 0
    /// `send(2)`
    package var sends = 0
    /// `epoll_ctl(2)`
    package var controls = 0
    /// `select(2)`, `poll(2)`, `epoll_wait(2)` and `io_uring_enter(2)`
    package var waits = 0
    /// Accepting, closing, options, waking.
    package var others = 0

    /// What came to it since an earlier moment.
    package func since(_ earlier: Sum) -> Sum {
      Sum(
        receives: receives - earlier.receives, sends: sends - earlier.sends,
        controls: controls - earlier.controls, waits: waits - earlier.waits,
        others: others - earlier.others)
    }

    /// All of them.
    package var total: Int { receives + sends + controls + waits + others }
  }

  /// Nothing yet.
  package init() {}

  /// What has been counted up to now.
  package var now: Sum {
    Sum(
      receives: receives.load(ordering: .relaxed), sends: sends.load(ordering: .relaxed),
      controls: controls.load(ordering: .relaxed), waits: waits.load(ordering: .relaxed),
      others: others.load(ordering: .relaxed))
  }

  fileprivate func receive() { receives.wrappingAdd(1, ordering: .relaxed) }
  fileprivate func send() { sends.wrappingAdd(1, ordering: .relaxed) }
  fileprivate func control() { controls.wrappingAdd(1, ordering: .relaxed) }
  fileprivate func wait() { waits.wrappingAdd(1, ordering: .relaxed) }
  fileprivate func other() { others.wrappingAdd(1, ordering: .relaxed) }
}

/// The real kernel, with every call counted on its way.
package struct CountedKernel: ReadinessKernel, RingKernel {
  package let counts: CallCounts
  private let linux = Linux()

  /// Counts into `counts`.
  package init(_ counts: CallCounts) { self.counts = counts }

  private func other(_ outcome: Outcome) -> Outcome {
    counts.other()
    return outcome
  }

  // The clock costs no system call.
  package func now() -> Instant { linux.now() }
  package func entropy() -> UInt64 { linux.entropy() }

  package func socket(_ family: SocketAddress.Family) -> Outcome { other(linux.socket(family)) }
  package func bind(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome {
    other(linux.bind(descriptor, to: address))
  }
  package func listen(_ descriptor: Descriptor, backlog: Int32) -> Outcome {
    other(linux.listen(descriptor, backlog: backlog))
  }
  package func accept(_ descriptor: Descriptor, peer: inout SocketAddress) -> Outcome {
    other(linux.accept(descriptor, peer: &peer))
  }
  package func connect(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome {
    other(linux.connect(descriptor, to: address))
  }
  package func receive(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer)
    -> Outcome
  {
    counts.receive()
    return unsafe linux.receive(descriptor, into: buffer)
  }
  package func send(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome {
    counts.send()
    return unsafe linux.send(descriptor, from: buffer)
  }
  package func shutdownSending(_ descriptor: Descriptor) -> Outcome {
    other(linux.shutdownSending(descriptor))
  }
  package func close(_ descriptor: Descriptor) -> Outcome { other(linux.close(descriptor)) }
  package func set(_ option: SocketOption, _ value: Int32, on descriptor: Descriptor) -> Outcome {
    other(linux.set(option, value, on: descriptor))
  }
  package func get(_ option: SocketOption, on descriptor: Descriptor) -> Outcome {
    other(linux.get(option, on: descriptor))
  }
  package func localAddress(_ descriptor: Descriptor, into address: inout SocketAddress)
    -> Outcome
  {
    other(linux.localAddress(descriptor, into: &address))
  }
  package func peerAddress(_ descriptor: Descriptor, into address: inout SocketAddress) -> Outcome
  {
    other(linux.peerAddress(descriptor, into: &address))
  }
  package func eventDescriptor() -> Outcome { other(linux.eventDescriptor()) }
  package func read(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer)
    -> Outcome
  {
    unsafe other(linux.read(descriptor, into: buffer))
  }
  package func write(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome {
    unsafe other(linux.write(descriptor, from: buffer))
  }
  package func descriptorLimit() -> Outcome { other(linux.descriptorLimit()) }
}

// Documented where the protocols declare them.
extension CountedKernel {
  package func epollCreate() -> Outcome { other(linux.epollCreate()) }
  package func epollControl(
    _ epoll: Descriptor, _ operation: EpollOperation, _ descriptor: Descriptor, events: UInt32,
    key: UInt64
  ) -> Outcome {
    counts.control()
    return linux.epollControl(epoll, operation, descriptor, events: events, key: key)
  }
  package func epollWait(
    _ epoll: Descriptor, into events: UnsafeMutableBufferPointer<EpollEvent>, milliseconds: Int32
  ) -> Outcome {
    counts.wait()
    return unsafe linux.epollWait(epoll, into: events, milliseconds: milliseconds)
  }
  package func poll(_ entries: UnsafeMutableBufferPointer<PollEntry>, milliseconds: Int32)
    -> Outcome
  {
    counts.wait()
    return unsafe linux.poll(entries, milliseconds: milliseconds)
  }
  package func select(
    below count: Int32, reading: inout DescriptorSet, writing: inout DescriptorSet,
    milliseconds: Int32
  ) -> Outcome {
    counts.wait()
    return linux.select(
      below: count, reading: &reading, writing: &writing, milliseconds: milliseconds)
  }
  package func ringOpen(_ ring: OpaquePointer, entries: UInt32, completions: UInt32) -> Outcome {
    unsafe other(linux.ringOpen(ring, entries: entries, completions: completions))
  }
  package func ringEnter(_ ring: OpaquePointer, least: UInt32, nanoseconds: Int64) -> Outcome {
    counts.wait()
    return unsafe linux.ringEnter(ring, least: least, nanoseconds: nanoseconds)
  }
  package func ringRegisterFiles(_ ring: OpaquePointer, count: UInt32) -> Outcome {
    unsafe other(linux.ringRegisterFiles(ring, count: count))
  }
  package func ringRegisterBuffers(
    _ ring: OpaquePointer, _ buffers: UnsafeMutableRawPointer, entries: UInt32
  ) -> Outcome {
    unsafe other(linux.ringRegisterBuffers(ring, buffers, entries: entries))
  }
  package func ringRegisterItself(_ ring: OpaquePointer) -> Outcome {
    unsafe other(linux.ringRegisterItself(ring))
  }
  package func ringSupports(_ ring: OpaquePointer, operation: UInt32) -> Outcome {
    // Asks what setting up has found out: no call.
    unsafe linux.ringSupports(ring, operation: operation)
  }
  package func ringClose(_ ring: OpaquePointer) {
    counts.other()
    unsafe linux.ringClose(ring)
  }
}
