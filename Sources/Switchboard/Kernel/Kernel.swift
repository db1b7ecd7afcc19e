/// The one door to the operating system: every system call of the product is a requirement here.
///
/// **Contract.** A call is made once and answers at once: its value or its error number, as an
/// ``Outcome``. Nothing retries, waits, logs or throws; what to do about `EINTR` or `EAGAIN` is
/// decided by the callers (``Socket``, ``Listener``, the pollers), so that a decorator below them
/// can produce either. Descriptors are non-blocking and close-on-exec from birth, and a write to a
/// closed connection answers `EPIPE` and raises no signal.
///
/// ``Linux`` is the real one: no state, no size, statically dispatched. A decorator that injects
/// faults, and a simulated network, are others; code that is generic over `Kernel` runs on all.
///
/// Safe to call from any thread.
public protocol Kernel: Sendable {
  /// The monotonic clock.
  func now() -> Instant
  /// 64 unpredictable bits.
  func entropy() -> UInt64

  /// `socket(2)`: a TCP socket.
  func socket(_ family: SocketAddress.Family) -> Outcome
  /// `bind(2)`
  func bind(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome
  /// `listen(2)`
  func listen(_ descriptor: Descriptor, backlog: Int32) -> Outcome
  /// `accept4(2)`: the new descriptor; `peer` is set to where it comes from.
  func accept(_ descriptor: Descriptor, peer: inout SocketAddress) -> Outcome
  /// `connect(2)`
  func connect(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome
  /// `recv(2)`: bytes received, 0 at the end of the stream.
  func receive(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer) -> Outcome
  /// `send(2)`: bytes taken, perhaps fewer than offered.
  func send(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome
  /// `shutdown(2)` of the sending direction.
  func shutdownSending(_ descriptor: Descriptor) -> Outcome
  /// `close(2)`: whatever it answers, the descriptor is gone; it is never tried again.
  func close(_ descriptor: Descriptor) -> Outcome
  /// `setsockopt(2)`
  func set(_ option: SocketOption, _ value: Int32, on descriptor: Descriptor) -> Outcome
  /// `getsockopt(2)`
  func get(_ option: SocketOption, on descriptor: Descriptor) -> Outcome
  /// `getsockname(2)`
  func localAddress(_ descriptor: Descriptor, into address: inout SocketAddress) -> Outcome
  /// `getpeername(2)`
  func peerAddress(_ descriptor: Descriptor, into address: inout SocketAddress) -> Outcome

  /// `eventfd(2)`: a counter that makes its descriptor readable.
  func eventDescriptor() -> Outcome
  /// `read(2)` on a descriptor that is no socket.
  func read(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer) -> Outcome
  /// `write(2)` on a descriptor that is no socket.
  func write(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome
  /// How many descriptors this process may hold (`getrlimit(2)`, the soft limit).
  func descriptorLimit() -> Outcome

  // Files that are sent. A kernel without them leaves these out: they answer `EOPNOTSUPP`.

  /// `sendfile(2)`: bytes taken of a file from `offset` on, perhaps fewer than `count`; 0 behind its end. Raises
  /// no signal.
  func sendFile(_ descriptor: Descriptor, from file: Descriptor, at offset: Int, count: Int)
    -> Outcome
  /// `pread(2)`: bytes read of a file from `offset` on; 0 behind its end.
  func readFile(
    _ file: Descriptor, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) -> Outcome

  // Unix-domain sockets and their files. A kernel without them leaves these out: they answer `EOPNOTSUPP`.

  /// `lstat(2)`: the inode of the socket file at an address's path; `ENOTSOCK` where something else is.
  func socketFile(at address: SocketAddress) -> Outcome
  /// `unlink(2)` of an address's path.
  func removeFile(at address: SocketAddress) -> Outcome
  /// `chmod(2)` of an address's path.
  func setMode(_ mode: UInt32, at address: SocketAddress) -> Outcome
  /// `fchmod(2)`: of a socket that is not bound yet, the most that its file will allow.
  func setMode(_ mode: UInt32, on descriptor: Descriptor) -> Outcome
  /// `open(2)` and `flock(2)` of the directory of an address's path: a descriptor that holds the lock as
  /// long as it is open; `EAGAIN` where somebody else has it.
  func lockDirectory(of address: SocketAddress) -> Outcome
  /// `fcntl(2)`: another descriptor of the same socket.
  func duplicate(_ descriptor: Descriptor) -> Outcome
  /// `fcntl(2)`: whoever made the descriptor, from now on no call on it waits.
  func setNonBlocking(_ descriptor: Descriptor) -> Outcome
  /// `getsockopt(2)`, `SO_PEERCRED`.
  func peerCredentials(_ descriptor: Descriptor, into credentials: inout PeerCredentials) -> Outcome
}

extension Kernel {
  /// There are none.
  public func sendFile(_ descriptor: Descriptor, from file: Descriptor, at offset: Int, count: Int)
    -> Outcome
  {
    .failure(.notSupported)
  }
  /// There are none.
  public func readFile(
    _ file: Descriptor, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) -> Outcome {
    .failure(.notSupported)
  }
  /// There are none.
  public func socketFile(at address: SocketAddress) -> Outcome { .failure(.notSupported) }
  /// There are none.
  public func removeFile(at address: SocketAddress) -> Outcome { .failure(.notSupported) }
  /// There are none.
  public func setMode(_ mode: UInt32, at address: SocketAddress) -> Outcome {
    .failure(.notSupported)
  }
  /// There are none.
  public func setMode(_ mode: UInt32, on descriptor: Descriptor) -> Outcome {
    .failure(.notSupported)
  }
  /// There are none.
  public func lockDirectory(of address: SocketAddress) -> Outcome { .failure(.notSupported) }
  /// It has none.
  public func duplicate(_ descriptor: Descriptor) -> Outcome { .failure(.notSupported) }
  /// They are from birth.
  public func setNonBlocking(_ descriptor: Descriptor) -> Outcome { .value(0) }
  /// They are not known.
  public func peerCredentials(_ descriptor: Descriptor, into credentials: inout PeerCredentials)
    -> Outcome
  {
    .failure(.notSupported)
  }
}

/// Who is at the other end of a Unix-domain socket, as it was when it connected.
public struct PeerCredentials: Hashable, Sendable {
  /// Its process; 0 for one that this process's namespace does not see.
  public var process: Int32
  /// Its effective user.
  public var user: UInt32
  /// Its effective group.
  public var group: UInt32
}

/// A kernel that can also wait for readiness: what the real pollers are built on.
public protocol ReadinessKernel: Kernel {
  /// `epoll_create1(2)`
  func epollCreate() -> Outcome
  /// `epoll_ctl(2)`; `events` are `EPOLL*` bits, `key` comes back with each event.
  func epollControl(
    _ epoll: Descriptor, _ operation: EpollOperation, _ descriptor: Descriptor, events: UInt32,
    key: UInt64
  ) -> Outcome
  /// `epoll_wait(2)`: how many events were written to `events`; -1 ms waits without end.
  func epollWait(
    _ epoll: Descriptor, into events: UnsafeMutableBufferPointer<EpollEvent>, milliseconds: Int32
  ) -> Outcome
  /// `poll(2)`
  func poll(_ entries: UnsafeMutableBufferPointer<PollEntry>, milliseconds: Int32) -> Outcome
  /// `select(2)` on descriptors below `count`; the sets are replaced by what is ready.
  func select(
    below count: Int32, reading: inout DescriptorSet, writing: inout DescriptorSet,
    milliseconds: Int32
  ) -> Outcome

  /// `epoll_pwait2(2)`: as `epollWait` with milliseconds, and exact to the nanosecond where the system is. This and
  /// the next two are for those who wait for moments; defaulted: to the millisecond behind.
  ///
  /// They stand beside the three above, and not in their place, since they are other system calls: who waits for no
  /// moment makes those that every kernel has and every sandbox lets through, and that are counted by the gates.
  func epollWait(
    _ epoll: Descriptor, into events: UnsafeMutableBufferPointer<EpollEvent>, nanoseconds: Int64
  ) -> Outcome
  /// `ppoll(2)`
  func poll(_ entries: UnsafeMutableBufferPointer<PollEntry>, nanoseconds: Int64) -> Outcome
  /// `pselect(2)`
  func select(
    below count: Int32, reading: inout DescriptorSet, writing: inout DescriptorSet,
    nanoseconds: Int64
  ) -> Outcome
}

extension ReadinessKernel {
  /// To the millisecond behind.
  public func epollWait(
    _ epoll: Descriptor, into events: UnsafeMutableBufferPointer<EpollEvent>, nanoseconds: Int64
  ) -> Outcome {
    unsafe epollWait(epoll, into: events, milliseconds: nanoseconds.waitInMilliseconds)
  }
  /// To the millisecond behind.
  public func poll(_ entries: UnsafeMutableBufferPointer<PollEntry>, nanoseconds: Int64) -> Outcome
  {
    unsafe poll(entries, milliseconds: nanoseconds.waitInMilliseconds)
  }
  /// To the millisecond behind.
  public func select(
    below count: Int32, reading: inout DescriptorSet, writing: inout DescriptorSet,
    nanoseconds: Int64
  ) -> Outcome {
    select(
      below: count, reading: &reading, writing: &writing,
      milliseconds: nanoseconds.waitInMilliseconds)
  }
}

extension Int64 {
  /// Nanoseconds as a wait in whole milliseconds, which is not shorter; negative without end.
  fileprivate var waitInMilliseconds: Int32 {
    self < 0 ? -1 : Int32(clamping: UInt64(self).inMillisecondsRoundedUp)
  }
}

/// A file descriptor's number. It owns nothing: ``Socket`` and ``Listener`` do.
@frozen
public struct Descriptor: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The number.
  public let rawValue: Int32
  /// Wraps a number.
  @inlinable public init(rawValue: Int32) { self.rawValue = rawValue }
  /// The number as text.
  public var description: String { String(rawValue) }
}

/// What a system call answered: a value of zero or more, or an error number.
@frozen
public struct Outcome: Hashable, Sendable {
  @usableFromInline let raw: Int

  /// The call's value.
  @inlinable public static func value(_ value: Int) -> Outcome { Outcome(raw: max(0, value)) }
  /// A failure.
  @inlinable public static func failure(_ errno: Errno) -> Outcome {
    Outcome(raw: -Int(errno.rawValue))
  }

  /// The kernel's own convention: a negative number is an error number negated.
  @inlinable init(raw: Int) { self.raw = raw }

  /// Whether the call did what it was asked.
  @inlinable public var isSuccess: Bool { raw >= 0 }
  /// The value; meaningful when ``isSuccess``.
  @inlinable public var value: Int { raw }
  /// The error number, or nil.
  @inlinable public var errno: Errno? {
    raw < 0 ? Errno(rawValue: Int32(truncatingIfNeeded: 0 &- raw)) : nil
  }
  /// The value as a descriptor; meaningful when ``isSuccess``.
  var descriptor: Descriptor { Descriptor(rawValue: Int32(truncatingIfNeeded: raw)) }
}

/// Options of a socket that Switchboard sets or reads.
public enum SocketOption: Hashable, Sendable {
  /// `SO_REUSEADDR`: listen again while old connections are in TIME_WAIT.
  case reuseAddress
  /// `SO_REUSEPORT`: several listeners share one port, one for each shard.
  case reusePort
  /// `IPV6_V6ONLY`: whether an IPv6 listener leaves IPv4 alone.
  case onlyV6
  /// `TCP_NODELAY`: send small segments at once.
  case noDelay
  /// `SO_KEEPALIVE`: ask a silent peer's kernel whether it is still there.
  case keepAlive
  /// `TCP_KEEPIDLE`: after so many seconds of silence.
  case keepAliveIdle
  /// `TCP_KEEPINTVL`: and again after so many seconds without an answer.
  case keepAliveInterval
  /// `TCP_KEEPCNT`: so often, before the connection is given up.
  case keepAliveProbes
  /// `SO_ACCEPTCONN`: whether it is a socket that listens. Read only.
  case isListening
  /// `SO_TYPE`: a stream, or something else. Read only.
  case type
  /// `IP_BIND_ADDRESS_NO_PORT`: binding to port 0 leaves the choice of the port to `connect(2)`, which knows the
  /// peer, and may use a port again for another one. Before `bind`; of IPv6 sockets, too.
  case choosesPortLate
  /// `SO_ERROR`: the pending error, taken by reading it.
  case error
  /// `SO_LINGER` with this many seconds; 0 makes close send a reset. Set only.
  case linger
  /// `SO_SNDBUF`: bytes the kernel may hold unsent.
  case sendBuffer
  /// `SO_RCVBUF`: bytes the kernel may hold unread.
  case receiveBuffer
  /// `TCP_INFO`: for how many milliseconds the peer has taken nothing of what was sent to it. Read
  /// only.
  case sendSilence
}

extension Kernel {
  /// Makes a call again as long as a signal interrupts it.
  @inlinable
  func retryingInterrupts(_ call: () -> Outcome) -> Outcome {
    while true {
      let outcome = call()
      if outcome.errno != Errno(rawValue: 4) { return outcome }
    }
  }

  /// Makes a waiting call again when a signal interrupts it, and also when the kernel has no memory for
  /// it at the moment: that passes, and ending the server over it would help nobody. At most 64 times.
  func retryingWait(_ call: () -> Outcome) -> Outcome {
    var patience = 64
    while true {
      let outcome = call()
      switch outcome.errno {
      case Errno.interrupted: continue
      case Errno.outOfMemory, Errno.wouldBlock:
        guard patience > 0 else { return outcome }
        patience -= 1
      default: return outcome
      }
    }
  }

  /// Makes a call that has no reason to fail, and throws when it does.
  @discardableResult
  func must(
    _ call: SystemError.Call, on operand: SystemError.Operand = .none, _ body: () -> Outcome
  ) throws(SystemError) -> Outcome {
    let outcome = retryingInterrupts(body)
    if let errno = outcome.errno { throw SystemError(call, errno, on: operand) }
    return outcome
  }
}

/// How many descriptors this process may hold; what is customary where the system does not tell.
func descriptorCount(_ system: some Kernel) -> Int {
  let limit = system.descriptorLimit()
  return limit.isSuccess ? limit.value : 1024
}

extension Kernel {
  /// Whether the next descriptor will have a number below `capacity`, which is tried with one that is
  /// closed again at once.
  func hasDescriptor(below capacity: Int) -> Bool {
    let made = eventDescriptor()
    guard made.isSuccess else { return false }
    _ = close(made.descriptor)
    return made.value < capacity
  }
}
