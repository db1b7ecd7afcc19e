/// What is known of a connection when its session is made: see ``Server/listen(on:options:session:)``.
///
/// It can be asked as long as the closure runs that makes the session, and not be kept.
public struct Accepted: ~Copyable {
  /// Through which listener it came, as an index of ``ServerHandle/addresses``.
  public let listener: Int
  /// Its loop, for other threads.
  public let loop: LoopHandle
  private let context: LoopContext
  /// What stands between the wire and its session; nil where nothing does.
  package let filter: (any StreamFilter)?
  private let descriptor: Int32
  /// What its proxy has said, where its listener requires a header: see ``ProxyProtocol``.
  public let proxied: ProxyHeader?

  init(_ connection: borrowing Connection) {
    listener = Int(connection.role.number)
    loop = connection.loopHandle
    context = connection.loop
    descriptor = connection.descriptor
    filter = connection.filter
    proxied = connection.proxied
  }

  /// Where it comes from: see ``Connection/peerAddress``.
  public var peer: SocketAddress? { proxied?.source ?? realPeer }

  /// Where it arrived: the address that its peer wrote to, which a listener on all addresses does not
  /// tell; of a connection that came through a proxy, where that was reached, if it says so. Nil when the
  /// connection is no longer there to ask. A system call.
  public var local: SocketAddress? { proxied?.destination ?? context.localAddress(descriptor) }

  /// Who has really connected: the proxy, where there is one. Otherwise as ``peer``.
  public var realPeer: SocketAddress? { context.peerAddress(descriptor) }

  /// Who is at the other end of a Unix-domain socket; nil for others. A system call.
  public var credentials: PeerCredentials? { context.peerCredentials(descriptor) }

  /// The one object of its class that the loop has: see ``Connection/loopLocal(_:)``.
  public func loopLocal<Local: AnyObject>(_ make: () -> Local) -> Local { context.local(make) }
}

/// What a listener is to its server.
struct ListenerRole: BitwiseCopyable, Sendable {
  /// Its place among all of the server's listeners.
  var number: UInt32 = 0
  /// Whose sessions its connections get: see ``SessionsByService``.
  var service: UInt8 = 0
}

extension LoopContext {
  func local<Local: AnyObject>(_ make: () -> Local) -> Local {
    let name = ObjectIdentifier(Local.self)
    if let known = locals[name] as? Local { return known }
    let made = make()
    locals[name] = made
    return made
  }
}
