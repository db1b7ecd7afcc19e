/// How an ``UpstreamPool`` behaves. What it bounds it bounds for each loop of a server.
public struct UpstreamPoolOptions: Hashable, Sendable {
  /// Connections to one of the servers behind, those that are being made among them. At least one.
  public var mostConnections = 64
  /// Of these, how many may be kept that nobody uses. The one that was idle for the longest is closed for one more.
  public var mostIdle = 16
  /// Sessions that may wait until one is free; those that ask then are told at once that they are too many.
  public var mostWaiting = 1024
  /// How long a session waits until one is free, connecting included. More than zero.
  public var waitTimeout: Duration = .seconds(5)
  /// How long one is kept that nobody uses: less than the server behind keeps such connections, which closes them
  /// in the moment otherwise in which they are to be used. More than zero; nil: for ever.
  public var idleTimeout: Duration? = .seconds(30)
  /// From which age on one is not used again, so that connections follow when servers behind a name change. More
  /// than zero; nil: it is at any age.
  public var greatestAge: Duration? = .seconds(600)
  /// How long connecting to one of the servers behind may take; the next one is tried then.
  public var connectTimes = ConnectTimes()
  /// The defaults.
  public init() {}

  /// - Throws: where a value is one that nobody can mean.
  func check() throws(SystemError) {
    try OptionCheck.atLeast(1, mostConnections, "mostConnections")
    try OptionCheck.atLeast(0, mostIdle, "mostIdle")
    try OptionCheck.atLeast(0, mostWaiting, "mostWaiting")
    try OptionCheck.positive(waitTimeout, "waitTimeout")
    try OptionCheck.positive(idleTimeout, "idleTimeout", or: ", or nil for ever")
    try OptionCheck.positive(greatestAge, "greatestAge", or: ", or nil for any")
    try connectTimes.check()
  }
}

/// Connections to servers behind this one that stay open between uses: a session takes one as its partner for a
/// question and its answer, and gives it back.
///
/// ```swift
/// let backend = UpstreamPool(Upstreams([.host("db.internal", port: 6379)]))
/// var server = Server()
/// server.listen(on: .any(port: 9090)) { _ in Front(asking: backend) }
/// server.connects(through: backend)
/// try server.run()
/// ```
///
/// Make it once, and hand it to all sessions. Each loop has connections of its own, which no other loop uses; what
/// the options bound they bound for each loop. An idle one is preferred to a new one, the one that was used last to
/// others. Which server is whose turn, and which is left alone for a while since it could not be connected to,
/// says ``Upstreams``; a session is told that there is none only when each server has been tried in vain.
///
/// A connection on which bytes or an end have come while it was idle is closed and never handed out: it is handed
/// out when the loop has asked the kernel once more for what has come. What is on its way in that moment nobody can
/// know: a question that must not be asked twice by mistake is not to be asked again when its partner goes before it has
/// answered.
///
/// It is for protocols in which a server says nothing before it is asked; a greeting would be taken for what came on an
/// idle connection. Any thread may hold it; sessions use it by ``Connection/takePartner(from:)``.
public final class UpstreamPool: Sendable {
  /// Where the connections go.
  public let upstreams: Upstreams
  /// How it behaves.
  public let options: UpstreamPoolOptions

  /// - Parameters:
  ///   - upstreams: Where to. Pools and relays may share them, and then know of each other's failures.
  ///   - options: How it behaves. They are looked at when the server starts.
  public init(_ upstreams: Upstreams, options: UpstreamPoolOptions = UpstreamPoolOptions()) {
    (self.upstreams, self.options) = (upstreams, options)
  }
}

extension Connection {
  /// Asks a pool for a connection, which becomes this one's partner: an idle one, or a new one.
  ///
  /// - ``Session/partnerOpened(_:)`` tells when it is there; until then nothing is received from this connection's peer.
  ///   What is forwarded from then on (``forward(_:)``) the server behind is sent, and what that answers comes by
  ///   ``Session/partnerReceived(_:_:)``.
  /// - When the answer is complete, ``givePartnerBack()`` lets others have it. A session that is not sure that
  ///   nothing of the answer is missing, and nothing came behind it, calls ``dropPartner()``.
  /// - ``Session/partnerClosed(_:_:)`` tells that there is none (``CloseReason/noPartner(_:)`` where too many wait or the
  ///   time was over, or why the last of the servers could not be connected to), or that it has gone.
  ///
  /// A session that ends while it waits waits no longer; the partner of one that ends is closed.
  ///
  /// - Parameter pool: One that the server was told of by ``Server/connects(through:)``.
  public mutating func takePartner(from pool: UpstreamPool) {
    poolDesk.wish(.take(pool))
    requests.insert(.pool)
  }

  /// Gives a partner back to its pool; who waits for one waits no longer. What was forwarded to it before, in this
  /// callback too, is sent. It is used again, unless it is too old, is not received from well, or has not sent
  /// everything: then it is closed. This session is not told of it. Nothing where there is no partner of a pool.
  public mutating func givePartnerBack() {
    poolDesk.wish(.giveBack)
    requests.insert(.pool)
  }

  /// Has a partner that was taken from a pool closed, when all that was forwarded to it has been sent. This
  /// session is not told of it. Nothing where there is no such partner.
  public mutating func dropPartner() {
    poolDesk.wish(.drop)
    requests.insert(.pool)
  }

  private var poolDesk: PoolDesk { loop.local { PoolDesk() } }
}
