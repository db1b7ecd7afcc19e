/// A kernel around another one. It says only what it does otherwise: everything else goes on to `base`,
/// through ``calling(_:_:)``, by static dispatch.
///
/// ```swift
/// struct Logged: KernelDecorator, ReadinessKernel {
///   let base = Linux()
///   func calling(_ call: SystemError.Call, _ body: () -> Outcome) -> Outcome {
///     let outcome = body()
///     log(call, outcome)
///     return outcome
///   }
/// }
/// ```
public protocol KernelDecorator: Kernel {
  /// The kernel beneath.
  associatedtype Base: Kernel
  /// What is beneath.
  var base: Base { get }

  /// Around every call that is not implemented anew, the clock and entropy apart: `body` makes it.
  func calling(_ call: SystemError.Call, _ body: () -> Outcome) -> Outcome
}

// Documented where the protocols declare them.
extension KernelDecorator {
  /// Makes the call, and no more.
  public func calling(_ call: SystemError.Call, _ body: () -> Outcome) -> Outcome { body() }

  public func now() -> Instant { base.now() }
  public func entropy() -> UInt64 { base.entropy() }

  public func socket(_ family: SocketAddress.Family) -> Outcome {
    calling(.socket) { base.socket(family) }
  }
  public func bind(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome {
    calling(.bind) { base.bind(descriptor, to: address) }
  }
  public func listen(_ descriptor: Descriptor, backlog: Int32) -> Outcome {
    calling(.listen) { base.listen(descriptor, backlog: backlog) }
  }
  public func accept(_ descriptor: Descriptor, peer: inout SocketAddress) -> Outcome {
    calling(.accept) { base.accept(descriptor, peer: &peer) }
  }
  public func connect(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome {
    calling(.connect) { base.connect(descriptor, to: address) }
  }
  public func receive(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer)
    -> Outcome
  {
    calling(.receive) { unsafe base.receive(descriptor, into: buffer) }
  }
  public func send(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome {
    calling(.send) { unsafe base.send(descriptor, from: buffer) }
  }
  public func shutdownSending(_ descriptor: Descriptor) -> Outcome {
    calling(.shutdown) { base.shutdownSending(descriptor) }
  }
  public func close(_ descriptor: Descriptor) -> Outcome {
    calling(.close) { base.close(descriptor) }
  }
  public func set(_ option: SocketOption, _ value: Int32, on descriptor: Descriptor) -> Outcome {
    calling(.setOption) { base.set(option, value, on: descriptor) }
  }
  public func get(_ option: SocketOption, on descriptor: Descriptor) -> Outcome {
    calling(.getOption) { base.get(option, on: descriptor) }
  }
  public func localAddress(_ descriptor: Descriptor, into address: inout SocketAddress)
    -> Outcome
  {
    calling(.localAddress) { base.localAddress(descriptor, into: &address) }
  }
  public func peerAddress(_ descriptor: Descriptor, into address: inout SocketAddress) -> Outcome {
    calling(.peerAddress) { base.peerAddress(descriptor, into: &address) }
  }
  public func eventDescriptor() -> Outcome {
    calling(.eventDescriptor) { base.eventDescriptor() }
  }
  public func read(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer)
    -> Outcome
  {
    calling(.read) { unsafe base.read(descriptor, into: buffer) }
  }
  public func write(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome {
    calling(.write) { unsafe base.write(descriptor, from: buffer) }
  }
  public func sendFile(_ descriptor: Descriptor, from file: Descriptor, at offset: Int, count: Int)
    -> Outcome
  {
    calling(.sendFile) { base.sendFile(descriptor, from: file, at: offset, count: count) }
  }
  public func readFile(
    _ file: Descriptor, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) -> Outcome {
    calling(.readFile) { unsafe base.readFile(file, at: offset, into: buffer) }
  }
  public func descriptorLimit() -> Outcome {
    calling(.descriptorLimit) { base.descriptorLimit() }
  }
  public func socketFile(at address: SocketAddress) -> Outcome {
    calling(.fileStatus) { base.socketFile(at: address) }
  }
  public func removeFile(at address: SocketAddress) -> Outcome {
    calling(.removeFile) { base.removeFile(at: address) }
  }
  public func setMode(_ mode: UInt32, at address: SocketAddress) -> Outcome {
    calling(.setMode) { base.setMode(mode, at: address) }
  }
  public func setMode(_ mode: UInt32, on descriptor: Descriptor) -> Outcome {
    calling(.setMode) { base.setMode(mode, on: descriptor) }
  }
  public func lockDirectory(of address: SocketAddress) -> Outcome {
    calling(.lockDirectory) { base.lockDirectory(of: address) }
  }
  public func duplicate(_ descriptor: Descriptor) -> Outcome {
    calling(.duplicate) { base.duplicate(descriptor) }
  }
  public func setNonBlocking(_ descriptor: Descriptor) -> Outcome {
    calling(.setNonBlocking) { base.setNonBlocking(descriptor) }
  }
  public func peerCredentials(_ descriptor: Descriptor, into credentials: inout PeerCredentials)
    -> Outcome
  {
    calling(.getOption) { base.peerCredentials(descriptor, into: &credentials) }
  }
}

// A decorator that is declared to be a `ReadinessKernel`.
extension KernelDecorator where Base: ReadinessKernel {
  public func epollCreate() -> Outcome { calling(.epollCreate) { base.epollCreate() } }
  public func epollControl(
    _ epoll: Descriptor, _ operation: EpollOperation, _ descriptor: Descriptor, events: UInt32,
    key: UInt64
  ) -> Outcome {
    calling(.epollControl) {
      base.epollControl(epoll, operation, descriptor, events: events, key: key)
    }
  }
  public func epollWait(
    _ epoll: Descriptor, into events: UnsafeMutableBufferPointer<EpollEvent>, milliseconds: Int32
  ) -> Outcome {
    calling(.epollWait) {
      unsafe base.epollWait(epoll, into: events, milliseconds: milliseconds)
    }
  }
  public func poll(_ entries: UnsafeMutableBufferPointer<PollEntry>, milliseconds: Int32)
    -> Outcome
  {
    calling(.poll) { unsafe base.poll(entries, milliseconds: milliseconds) }
  }
  public func select(
    below count: Int32, reading: inout DescriptorSet, writing: inout DescriptorSet,
    milliseconds: Int32
  ) -> Outcome {
    calling(.select) {
      base.select(
        below: count, reading: &reading, writing: &writing, milliseconds: milliseconds)
    }
  }
}

// A decorator that is declared to be a `RingKernel`.
extension KernelDecorator where Base: RingKernel {
  public func ringOpen(_ ring: OpaquePointer, entries: UInt32, completions: UInt32) -> Outcome {
    calling(.ringSetup) {
      unsafe base.ringOpen(ring, entries: entries, completions: completions)
    }
  }
  public func ringEnter(_ ring: OpaquePointer, least: UInt32, nanoseconds: Int64) -> Outcome {
    calling(.ringEnter) {
      unsafe base.ringEnter(ring, least: least, nanoseconds: nanoseconds)
    }
  }
  public func ringRegisterFiles(_ ring: OpaquePointer, count: UInt32) -> Outcome {
    calling(.ringRegister) { unsafe base.ringRegisterFiles(ring, count: count) }
  }
  public func ringRegisterBuffers(
    _ ring: OpaquePointer, _ buffers: UnsafeMutableRawPointer, entries: UInt32, group: UInt16,
    isIncremental: Bool
  ) -> Outcome {
    calling(.ringRegister) {
      unsafe base.ringRegisterBuffers(
        ring, buffers, entries: entries, group: group, isIncremental: isIncremental)
    }
  }
  public func ringRegisterItself(_ ring: OpaquePointer) -> Outcome {
    calling(.ringRegister) { unsafe base.ringRegisterItself(ring) }
  }
  public func ringSupports(_ ring: OpaquePointer, operation: UInt32) -> Outcome {
    calling(.ringRegister) { unsafe base.ringSupports(ring, operation: operation) }
  }
  public func ringClose(_ ring: OpaquePointer) { unsafe base.ringClose(ring) }
}
