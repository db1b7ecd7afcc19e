/// A connected, or connecting, TCP socket. It owns its descriptor and closes it exactly once, at
/// the end of its life. Non-blocking and close-on-exec from birth.
///
/// Use it from one thread at a time.
public struct Socket<System: Kernel>: ~Copyable {
  /// Its number.
  public let descriptor: Descriptor
  @usableFromInline let system: System
  private let owned: OwnedDescriptor

  /// Takes over a descriptor that nobody else will close.
  public init(adopting descriptor: Descriptor, system: System) {
    self.descriptor = descriptor
    self.system = system
    owned = OwnedDescriptor(descriptor, of: system)
  }

  /// What one `receive` brought.
  @frozen public enum Received: Hashable, Sendable {
    /// So many bytes, at least one.
    case bytes(Int)
    /// The peer has finished sending.
    case endOfStream
    /// Nothing at the moment; being told of readiness and finding nothing is normal.
    case wouldBlock
  }

  /// What one `send` did.
  @frozen public enum Sent: Hashable, Sendable {
    /// So many bytes were taken, perhaps not all.
    case bytes(Int)
    /// None was taken; the kernel's buffer is full.
    case wouldBlock
  }

  /// Receives what there is into `buffer` (`recv(2)`). An empty buffer would block.
  ///
  /// - Throws: `ECONNRESET` and its kind: the connection is over, close it.
  @inlinable
  public borrowing func receive(into buffer: inout MutableSpan<UInt8>) throws(SystemError)
    -> Received
  {
    guard !buffer.isEmpty else { return .wouldBlock }
    let descriptor = descriptor
    let system = system
    let outcome = unsafe buffer.withUnsafeMutableBytes { bytes in
      while true {
        let outcome = unsafe system.receive(descriptor, into: bytes)
        if outcome.errno != Errno(rawValue: 4) { return outcome }
      }
    }
    switch outcome.errno {
    case nil: return outcome.value == 0 ? .endOfStream : .bytes(outcome.value)
    case Errno(rawValue: 11): return .wouldBlock
    case .some(let errno): throw SystemError(.receive, errno, on: .descriptor(descriptor))
    }
  }

  /// Offers `bytes` to the kernel (`send(2)`). A peer that has gone raises no signal.
  ///
  /// - Throws: `EPIPE`, `ECONNRESET` and their kind: the connection is over, close it.
  @inlinable
  public borrowing func send(_ bytes: Span<UInt8>) throws(SystemError) -> Sent {
    let descriptor = descriptor
    let system = system
    let outcome = unsafe bytes.withUnsafeBytes { bytes in
      while true {
        let outcome = unsafe system.send(descriptor, from: bytes)
        if outcome.errno != Errno(rawValue: 4) { return outcome }
      }
    }
    switch outcome.errno {
    case nil: return .bytes(outcome.value)
    case Errno(rawValue: 11): return .wouldBlock
    case .some(let errno): throw SystemError(.send, errno, on: .descriptor(descriptor))
    }
  }

  /// Tells the peer that nothing more will be sent (`shutdown(2)`); it may still send.
  public borrowing func shutdownSending() throws(SystemError) {
    let descriptor = descriptor
    try system.must(.shutdown, on: .descriptor(descriptor)) { [system] in
      system.shutdownSending(descriptor)
    }
  }

  /// Takes the pending error (`SO_ERROR`): why a connection attempt or a connection failed, or nil.
  public borrowing func takeError() -> Errno? {
    let pending = system.get(.error, on: descriptor)
    guard pending.isSuccess else { return pending.errno }
    return pending.value == 0 ? nil : Errno(rawValue: Int32(clamping: pending.value))
  }

  /// Sets an option.
  public borrowing func set(_ option: SocketOption, _ value: Int32) throws(SystemError) {
    let descriptor = descriptor
    try system.must(.setOption, on: .descriptor(descriptor)) { [system] in
      system.set(option, value, on: descriptor)
    }
  }

  /// Where it is connected to.
  public borrowing func peerAddress() throws(SystemError) -> SocketAddress {
    var address = SocketAddress.any(port: 0)
    let descriptor = descriptor
    try system.must(.peerAddress, on: .descriptor(descriptor)) { [system] in
      system.peerAddress(descriptor, into: &address)
    }
    return address
  }

  /// Its own address, and its port.
  public borrowing func localAddress() throws(SystemError) -> SocketAddress {
    var address = SocketAddress.any(port: 0)
    let descriptor = descriptor
    try system.must(.localAddress, on: .descriptor(descriptor)) { [system] in
      system.localAddress(descriptor, into: &address)
    }
    return address
  }

  /// A socket that has begun to connect. It becomes ready to send when the attempt has ended;
  /// ``takeError()`` then tells how.
  public static func connecting(to address: SocketAddress, system: System) throws(SystemError)
    -> Socket
  {
    let made = try system.must(.socket, on: .address(address)) { system.socket(address.family) }
    let socket = Socket(adopting: made.descriptor, system: system)
    // Small requests must not wait for the acknowledgement of the one before.
    if address.family != .unix { try socket.set(.noDelay, 1) }
    // An attempt that a signal interrupts goes on: connect(2) is not repeated.
    switch system.connect(made.descriptor, to: address).errno {
    case nil, Errno.inProgress, Errno.interrupted: return socket
    case .some(let errno): throw SystemError(.connect, errno, on: .address(address))
    }
  }
}
