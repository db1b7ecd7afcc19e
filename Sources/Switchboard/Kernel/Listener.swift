/// A listening TCP or Unix-domain socket. It owns its descriptor, and the file of a Unix-domain socket.
///
/// Closing it resets the connections that wait in its queue: accept those first.
public struct Listener<System: Kernel>: ~Copyable {
  /// How to listen.
  public struct Options: Hashable, Sendable {
    /// Connections the kernel may hold before they are accepted; the kernel caps it at
    /// `net.core.somaxconn`.
    public var backlog: Int32 = 4096
    /// Share the port with other processes of this user that ask for the same (`SO_REUSEPORT`): the
    /// kernel spreads new connections over all of them. Off, a port in use is in use, also by a
    /// server of the same kind that was started twice. The loops of one ``Server`` need no such wish.
    public var sharesPort = false
    /// An IPv6 listener takes IPv4 peers too, as `::ffff:a.b.c.d`. Off unless asked for, whatever
    /// the system's default is.
    public var isDualStack = false
    /// How peers are found out that have vanished without a word. Nil: not at all, so that a
    /// connection to a machine that was switched off stays for ever, unless an idle timeout ends it.
    public var keepAlive: KeepAlive? = KeepAlive()
    /// Who may connect to a Unix-domain socket with a path: the rights of its file, as `chmod(2)` has them
    /// (to connect, one needs the right to write). At no moment are they wider. Nil: as the process's
    /// umask has it.
    public var fileMode: UInt32?
    /// The defaults.
    public init() {}
  }

  private let socket: Socket<System>
  private let file: SocketFile?
  private let isInherited: Bool
  /// Its number.
  public var descriptor: Descriptor { socket.descriptor }
  /// The address it listens on, with the port that the system chose where 0 was asked for.
  public let address: SocketAddress

  /// Listens on an address.
  ///
  /// - Throws: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, `EAFNOSUPPORT` among others, with the
  ///   address in the error's text.
  public init(on wanted: SocketAddress, options: Options = Options(), system: System)
    throws(SystemError)
  {
    let operand = SystemError.Operand.address(wanted)
    let made = try system.must(.socket, on: operand) { system.socket(wanted.family) }.descriptor
    // From here on the socket closes itself when something throws.
    let socket = Socket(adopting: made, system: system)
    let isUnix = wanted.family == .unix
    var itsFile: SocketFile?
    if isUnix {
      itsFile = try SocketFile.bind(socket, to: wanted, mode: options.fileMode)
    } else {
      try Listener.bind(socket, to: wanted, options)
    }
    try system.must(.listen, on: operand) { system.listen(made, backlog: options.backlog) }
    var bound = wanted
    if !isUnix {
      try system.must(.localAddress, on: operand) { system.localAddress(made, into: &bound) }
    }
    address = bound
    (file, isInherited) = (itsFile, false)
    self.socket = socket
  }

  private static func bind(
    _ socket: borrowing Socket<System>, to wanted: SocketAddress, _ options: Options
  ) throws(SystemError) {
    let (system, descriptor) = (socket.system, socket.descriptor)
    try socket.set(.reuseAddress, 1)
    if options.sharesPort { try socket.set(.reusePort, 1) }
    if wanted.family == .v6 { try socket.set(.onlyV6, options.isDualStack ? 0 : 1) }
    try setForPeers(of: socket, wanted.family, options)
    try system.must(.bind, on: .address(wanted)) { system.bind(descriptor, to: wanted) }
  }

  /// Listens where this process was given a descriptor that does: by the program that started it, such as
  /// systemd or a test, or by the server that it replaces.
  ///
  /// It is a duplicate that listens here, so the descriptor stays whose it was, its socket open, and the
  /// file of a Unix-domain socket in its place. Whoever connects after this one was closed waits in the
  /// socket's queue for the next who accepts: to have nobody wait there, close the descriptor as well.
  ///
  /// - Parameters:
  ///   - given: A stream socket that listens.
  ///   - options: What holds for accepted connections; how to listen was decided by others.
  ///   - system: The kernel.
  /// - Throws: `EBADF`, `ENOTSOCK`, and `EINVAL` for a socket that does not listen or is no stream.
  public init(
    inheriting given: Descriptor, options: Options = Options(), system: System
  ) throws(SystemError) {
    let operand = SystemError.Operand.descriptor(given)
    for (option, wanted) in [(SocketOption.type, Listener.stream), (.isListening, 1)] {
      let found = try system.must(.getOption, on: operand) { system.get(option, on: given) }
      guard found.value == wanted else { throw SystemError(.getOption, .invalid, on: operand) }
    }
    let made = try system.must(.duplicate, on: operand) { system.duplicate(given) }.descriptor
    let socket = Socket(adopting: made, system: system)
    try system.must(.setNonBlocking, on: operand) { system.setNonBlocking(made) }
    var bound = SocketAddress.unix("")
    try system.must(.localAddress, on: operand) { system.localAddress(made, into: &bound) }
    // One of a family that is not known here leaves the name empty, as no Unix-domain socket does that listens.
    guard bound != .unix("") else {
      throw SystemError(.localAddress, .familyNotSupported, on: operand)
    }
    try Listener.setForPeers(of: socket, bound.family, options)
    (address, file, isInherited) = (bound, nil, true)
    self.socket = socket
  }

  /// What `SO_TYPE` answers for `SOCK_STREAM`.
  private static var stream: Int { 1 }

  /// Linux hands these down to every accepted socket: calls here instead of calls a connection.
  private static func setForPeers(
    of socket: borrowing Socket<System>, _ family: SocketAddress.Family, _ options: Options
  ) throws(SystemError) {
    guard family != .unix else { return }
    try socket.set(.noDelay, 1)
    if let keepAlive = options.keepAlive { keepAlive.set(on: socket) }
  }

  /// Whether loops of one server share its port, each with a socket of its own. What has no port, and what
  /// others have bound, they share as it is.
  var sharesPort: Bool { address.family != .unix && !isInherited }

  /// Another listener on the same socket, for another loop.
  init(sharing other: borrowing Listener) throws(SystemError) {
    let (system, descriptor) = (other.socket.system, other.descriptor)
    let operand = SystemError.Operand.address(other.address)
    let made = try system.must(.duplicate, on: operand) { system.duplicate(descriptor) }.descriptor
    socket = Socket(adopting: made, system: system)
    (address, file, isInherited) = (other.address, other.file, other.isInherited)
  }

  /// Lets further listeners of this user on this port in, from now on. As it began alone, nobody
  /// else can have the port already.
  borrowing func sharePort() throws(SystemError) { try socket.set(.reusePort, 1) }

  /// A connection that was accepted.
  @frozen public struct Incoming: ~Copyable {
    /// Its socket.
    public var socket: Socket<System>
    /// Where it comes from.
    public let address: SocketAddress
  }

  /// Takes the next connection from the queue (`accept4(2)`), nil when there is none.
  ///
  /// - Throws: `EMFILE` and its kind when descriptors or memory have run out; errors that concern
  ///   the one connection alone (`ECONNABORTED`, ...).
  public borrowing func accept() throws(SystemError) -> Incoming? {
    var peer = SocketAddress.any(port: 0)
    let (descriptor, system) = (descriptor, socket.system)
    let outcome = system.retryingInterrupts { system.accept(descriptor, peer: &peer) }
    switch outcome.errno {
    case nil:
      let socket = Socket(adopting: outcome.descriptor, system: system)
      return Incoming(socket: socket, address: peer)
    case Errno.wouldBlock: return nil
    case .some(let errno): throw SystemError(.accept, errno, on: .descriptor(descriptor))
    }
  }
}

/// How a peer is found out that has vanished without a word: its machine lost power, or the way to it
/// was cut (`SO_KEEPALIVE`, tcp(7)). The kernel asks it when it has been silent for long, and gives the
/// connection up with `ETIMEDOUT` when it does not answer.
public struct KeepAlive: Hashable, Sendable {
  /// Silence before the first question. Whole seconds are used, from 1 to 32,767.
  public var idle: Duration = .seconds(60)
  /// Time between two questions. Whole seconds are used, from 1 to 32,767.
  public var interval: Duration = .seconds(15)
  /// Questions without an answer after which the connection is given up: from 1 to 127.
  public var probes = 8
  /// The defaults: a peer that has vanished is found out after three minutes.
  public init() {}

  /// A system that cannot do it, or not so finely, serves all the same.
  func set(on socket: borrowing Socket<some Kernel>) {
    let (system, descriptor) = (socket.system, socket.descriptor)
    _ = system.set(.keepAlive, 1, on: descriptor)
    _ = system.set(.keepAliveIdle, KeepAlive.seconds(idle), on: descriptor)
    _ = system.set(.keepAliveInterval, KeepAlive.seconds(interval), on: descriptor)
    _ = system.set(.keepAliveProbes, Int32(max(1, min(probes, 127))), on: descriptor)
  }

  /// Within what tcp(7) takes.
  private static func seconds(_ duration: Duration) -> Int32 {
    Int32(max(1, min(duration.components.seconds, 32_767)))
  }
}
