/// How a ``Server`` behaves. Everything is bounded from the start.
public struct ServerOptions: Hashable, Sendable {
  /// Connections held at once, by each loop; further ones wait in the kernel's queue. Nil: as many
  /// as the descriptor limit allows, less 32 for everything else.
  public var maxConnections: Int?
  /// Connections held at once from one address, by each loop; further ones are closed as soon as they
  /// are accepted. IPv6 addresses count by their first 64 bits, and IPv4 addresses as themselves also
  /// where they come mapped into IPv6. Nil: no such limit.
  public var maxConnectionsPerAddress: Int?
  /// Connections accepted in one turn of a loop.
  public var acceptBudget = 64
  /// Close a connection on which nothing came or went for so long. Nil: never.
  public var idleTimeout: Duration?
  /// How long connections may take to finish once draining has begun.
  public var drainTimeout: Duration = .seconds(10)
  /// How long a peer may go on sending after we have finished. Its bytes are discarded; closing at
  /// once would reset the connection and destroy our last reply on its way.
  public var lingerTimeout: Duration = .seconds(2)
  /// Unsent bytes of one connection above which nothing more is received from it.
  public var highWatermark = 65536
  /// Unsent bytes below which receiving goes on.
  public var lowWatermark = 16384
  /// Unsent bytes above which a connection is closed, with ``CloseReason/outboxFull``.
  public var outboxLimit = 8 << 20
  /// Unsent bytes of all connections of a loop above which the one that holds the most is closed.
  public var totalOutboxLimit = 256 << 20
  /// Tell of callbacks that take longer, with what they cost the others: see ``SlowCallback``. Nil,
  /// the default: measure nothing, at no cost.
  public var slowCallback: Duration?
  /// The defaults.
  public init() {}
}
