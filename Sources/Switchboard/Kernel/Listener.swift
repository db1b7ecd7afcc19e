/// A listening TCP socket. It owns its descriptor.
///
/// Closing it resets the connections that wait in its queue: accept those first.
public struct Listener<System: Kernel>: ~Copyable {
  /// How to listen.
  public struct Options: Hashable, Sendable {
    /// Connections the kernel may hold before they are accepted; the kernel caps it at
    /// `net.core.somaxconn`.
    public var backlog: Int32 = 4096
    /// Let other listeners of this user share the port (`SO_REUSEPORT`): the kernel spreads new
    /// connections over them.
    public var sharesPort = false
    /// An IPv6 listener takes IPv4 peers too, as `::ffff:a.b.c.d`. Off unless asked for, whatever
    /// the system's default is.
    public var isDualStack = false
    /// The defaults.
    public init() {}
  }

  private let socket: Socket<System>
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
    try socket.set(.reuseAddress, 1)
    if options.sharesPort { try socket.set(.reusePort, 1) }
    if wanted.family == .v6 { try socket.set(.onlyV6, options.isDualStack ? 0 : 1) }
    // Linux hands this down to every accepted socket: one call here instead of one a connection.
    try socket.set(.noDelay, 1)
    try system.must(.bind, on: operand) { system.bind(made, to: wanted) }
    try system.must(.listen, on: operand) { system.listen(made, backlog: options.backlog) }
    var bound = wanted
    try system.must(.localAddress, on: operand) { system.localAddress(made, into: &bound) }
    self.address = bound
    self.socket = socket
  }

  /// A connection that was accepted.
  @frozen public struct Accepted: ~Copyable {
    /// Its socket.
    public var socket: Socket<System>
    /// Where it comes from.
    public let address: SocketAddress
  }

  /// Takes the next connection from the queue (`accept4(2)`), nil when there is none.
  ///
  /// - Throws: `EMFILE` and its kind when descriptors or memory have run out; errors that concern
  ///   the one connection alone (`ECONNABORTED`, ...).
  public borrowing func accept() throws(SystemError) -> Accepted? {
    var peer = SocketAddress.any(port: 0)
    let (descriptor, system) = (descriptor, socket.system)
    let outcome = system.retryingInterrupts { system.accept(descriptor, peer: &peer) }
    switch outcome.errno {
    case nil:
      let socket = Socket(adopting: outcome.descriptor, system: system)
      return Accepted(socket: socket, address: peer)
    case Errno.wouldBlock: return nil
    case .some(let errno): throw SystemError(.accept, errno, on: .descriptor(descriptor))
    }
  }
}
