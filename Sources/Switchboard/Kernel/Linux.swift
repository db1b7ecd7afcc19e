internal import CKernel

/// The real kernel. It has no state: `Linux()` is free, and all its copies are the same.
public struct Linux: ReadinessKernel {
  /// The machine this process runs on.
  public init() {}

  public func now() -> Instant { Instant(nanoseconds: ck_monotonic_nanoseconds()) }
  public func entropy() -> UInt64 { ck_entropy() }

  public func socket(_ family: SocketAddress.Family) -> Outcome {
    switch family {
    case .v4: Outcome(raw: ck_socket(AF_INET))
    case .v6: Outcome(raw: ck_socket(AF_INET6))
    case .unix: Outcome(raw: ck_socket(AF_UNIX))
    }
  }
  public func bind(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome {
    if address.family == .unix { return bindUnix(descriptor, to: address) }
    return Outcome(raw: ck_bind(descriptor.rawValue, address.raw))
  }
  public func listen(_ descriptor: Descriptor, backlog: Int32) -> Outcome {
    Outcome(raw: ck_listen(descriptor.rawValue, backlog))
  }
  public func accept(_ descriptor: Descriptor, peer: inout SocketAddress) -> Outcome {
    var from = ck_address()
    let outcome = unsafe Outcome(raw: ck_accept(descriptor.rawValue, &from))
    if outcome.isSuccess { peer = SocketAddress(from) ?? .any(port: 0) }
    return outcome
  }
  public func connect(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome {
    if address.family == .unix { return connectUnix(descriptor, to: address) }
    return Outcome(raw: ck_connect(descriptor.rawValue, address.raw))
  }
  public func receive(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer)
    -> Outcome
  {
    unsafe Outcome(raw: ck_receive(descriptor.rawValue, buffer.baseAddress, buffer.count))
  }
  public func send(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome {
    unsafe Outcome(raw: ck_send(descriptor.rawValue, buffer.baseAddress, buffer.count))
  }
  public func shutdownSending(_ descriptor: Descriptor) -> Outcome {
    Outcome(raw: ck_shutdown_write(descriptor.rawValue))
  }
  public func close(_ descriptor: Descriptor) -> Outcome {
    Outcome(raw: ck_close(descriptor.rawValue))
  }
  public func set(_ option: SocketOption, _ value: Int32, on descriptor: Descriptor) -> Outcome {
    if option == .linger { return Outcome(raw: ck_set_linger(descriptor.rawValue, value)) }
    let (level, name) = option.raw
    return Outcome(raw: ck_set_option(descriptor.rawValue, level, name, value))
  }
  public func get(_ option: SocketOption, on descriptor: Descriptor) -> Outcome {
    if option == .sendSilence { return Outcome(raw: ck_send_silence(descriptor.rawValue)) }
    let (level, name) = option.raw
    return Outcome(raw: ck_get_option(descriptor.rawValue, level, name))
  }
  public func localAddress(_ descriptor: Descriptor, into address: inout SocketAddress)
    -> Outcome
  {
    var raw = ck_address()
    let outcome = unsafe Outcome(raw: ck_local_address(descriptor.rawValue, &raw))
    if let found = SocketAddress(raw) { address = named(found, descriptor, isPeer: false) }
    return outcome
  }
  public func peerAddress(_ descriptor: Descriptor, into address: inout SocketAddress) -> Outcome {
    var raw = ck_address()
    let outcome = unsafe Outcome(raw: ck_peer_address(descriptor.rawValue, &raw))
    if let found = SocketAddress(raw) { address = named(found, descriptor, isPeer: true) }
    return outcome
  }

  public func eventDescriptor() -> Outcome { Outcome(raw: ck_event_descriptor()) }
  public func read(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer)
    -> Outcome
  {
    unsafe Outcome(raw: ck_read(descriptor.rawValue, buffer.baseAddress, buffer.count))
  }
  public func write(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome {
    unsafe Outcome(raw: ck_write(descriptor.rawValue, buffer.baseAddress, buffer.count))
  }
  public func descriptorLimit() -> Outcome { Outcome(raw: ck_descriptor_limit()) }

  /// Raises the number of descriptors this process may hold to the hard limit, and answers it.
  ///
  /// `select(2)` cannot watch a descriptor above 1023 however high the limit is.
  @discardableResult
  public func raiseDescriptorLimit() throws(SystemError) -> Int {
    try must(.descriptorLimit) { Outcome(raw: ck_raise_descriptor_limit()) }.value
  }
}

// Documented where the protocol declares them.
extension Linux {
  public func epollCreate() -> Outcome { Outcome(raw: ck_epoll_create()) }
  public func epollControl(
    _ epoll: Descriptor, _ operation: EpollOperation, _ descriptor: Descriptor, events: UInt32,
    key: UInt64
  ) -> Outcome {
    Outcome(
      raw: ck_epoll_control(
        epoll.rawValue, operation.rawValue, descriptor.rawValue, events, key))
  }
  public func epollWait(
    _ epoll: Descriptor, into events: UnsafeMutableBufferPointer<EpollEvent>, milliseconds: Int32
  ) -> Outcome {
    let room = Int32(clamping: events.count)
    let first = unsafe UnsafeMutableRawPointer(events.baseAddress)?
      .assumingMemoryBound(to: ck_event.self)
    return unsafe Outcome(raw: ck_epoll_wait(epoll.rawValue, first, room, milliseconds))
  }
  public func poll(_ entries: UnsafeMutableBufferPointer<PollEntry>, milliseconds: Int32)
    -> Outcome
  {
    let first = unsafe UnsafeMutableRawPointer(entries.baseAddress)?
      .assumingMemoryBound(to: pollfd.self)
    return unsafe Outcome(raw: ck_poll(first, UInt(entries.count), milliseconds))
  }
  public func select(
    below count: Int32, reading: inout DescriptorSet, writing: inout DescriptorSet,
    milliseconds: Int32
  ) -> Outcome {
    unsafe reading.withWords { (read: UnsafeMutablePointer<UInt64>) in
      unsafe writing.withWords { (write: UnsafeMutablePointer<UInt64>) in
        unsafe Outcome(raw: ck_select(count, read, write, milliseconds))
      }
    }
  }
}

extension SocketOption {
  fileprivate var raw: (level: Int32, name: Int32) {
    switch self {
    case .reuseAddress: (SOL_SOCKET, SO_REUSEADDR)
    case .reusePort: (SOL_SOCKET, SO_REUSEPORT)
    case .onlyV6: (Int32(IPPROTO_IPV6), IPV6_V6ONLY)
    case .noDelay: (Int32(IPPROTO_TCP), TCP_NODELAY)
    case .isListening: (SOL_SOCKET, SO_ACCEPTCONN)
    case .type: (SOL_SOCKET, SO_TYPE)
    case .keepAlive: (SOL_SOCKET, SO_KEEPALIVE)
    case .keepAliveIdle: (Int32(IPPROTO_TCP), TCP_KEEPIDLE)
    case .keepAliveInterval: (Int32(IPPROTO_TCP), TCP_KEEPINTVL)
    case .keepAliveProbes: (Int32(IPPROTO_TCP), TCP_KEEPCNT)
    case .choosesPortLate: (Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT)
    case .error: (SOL_SOCKET, SO_ERROR)
    case .linger: (SOL_SOCKET, SO_LINGER)
    case .sendBuffer: (SOL_SOCKET, SO_SNDBUF)
    case .receiveBuffer: (SOL_SOCKET, SO_RCVBUF)
    case .sendSilence: (Int32(IPPROTO_TCP), TCP_INFO)
    }
  }
}
