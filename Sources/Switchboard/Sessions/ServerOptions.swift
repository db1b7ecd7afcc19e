/// How a ``Server`` behaves. Everything is bounded from the start.
///
/// They are looked at when the server starts: ``Server/run(notice:ready:session:)`` throws a
/// ``SystemError`` whose operand is an ``OptionFault`` for a value that nobody can mean. What is more
/// than there can be is as much as there can be.
public struct ServerOptions: Hashable, Sendable {
  /// Connections held at once, by all loops together; further ones wait in the kernel's queue. At
  /// least 1. Nil: as many as the descriptor limit allows, less 32 for everything else (of a limit
  /// below 64, half), and at most 1,048,576.
  public var maxConnections: Int?
  /// Connections held at once from one address, by all loops together; further ones are closed as soon
  /// as they are accepted. At least 1. IPv6 addresses count by their first 64 bits, and IPv4 addresses as themselves also
  /// where they come mapped into IPv6. Nil: no such limit.
  public var maxConnectionsPerAddress: Int?
  /// Connections accepted in one turn of a loop. At least 1.
  public var acceptBudget = 64
  /// Close a connection on which nothing came or went for so long: more than zero, and at most 24
  /// days. Nil: never.
  public var idleTimeout: Duration?
  /// How long connections may take to finish once draining has begun. Zero: no time at all.
  public var drainTimeout: Duration = .seconds(10)
  /// How long a peer may go on sending after we have finished. Its bytes are discarded; closing at
  /// once would reset the connection and destroy our last reply on its way.
  public var lingerTimeout: Duration = .seconds(2)
  /// Unsent bytes of one connection above which nothing more is received from it. 0: as soon as
  /// anything is unsent. What is above ``outboxLimit`` is as if it were that.
  ///
  /// Of what a partner forwards (``Connection/forward(_:)``) twice as much is held at most, or 8 KiB where that is
  /// more: who has a partner is received from no more than so much at once, and no more than 64 KiB.
  public var highWatermark = 65536
  /// Unsent bytes at which receiving goes on: at most ``highWatermark``.
  public var lowWatermark = 16384
  /// Unsent bytes above which a connection is closed, with ``CloseReason/outboxFull``. At least 1.
  public var outboxLimit = 8 << 20
  /// Unsent bytes of all connections of a loop above which the one that holds the most is closed.
  public var totalOutboxLimit = 256 << 20
  /// Bytes that a session may leave of what it was given, with ``Connection/leave(_:)``: the longest part of
  /// a message that the library keeps for it. Beyond that the connection is closed, with
  /// ``CloseReason/inputFull``. At least 1.
  public var inputLimit = 1 << 20
  /// The same of all connections of a loop together.
  public var totalInputLimit = 64 << 20
  /// Tell of callbacks that take longer, with what they cost the others: see ``SlowCallback``. Nil,
  /// the default: measure nothing, at no cost.
  public var slowCallback: Duration?
  /// The defaults.
  public init() {}
}

extension ServerOptions {
  /// What one receive takes at most of a connection that has a partner: no more than the partner may hold before it
  /// is stopped, so that twice that is the most that it holds then.
  var mostOfPartner: Int { min(max(Care.leastOfPartner, highWatermark), Care.mostOfPartner) }

  /// The options as a server works with them.
  ///
  /// - Throws: where a value is one that nobody can mean.
  func checked() throws(SystemError) -> ServerOptions {
    let unlimited = ", or nil for no limit"
    try OptionCheck.atLeast(1, maxConnections, "maxConnections", or: unlimited)
    try OptionCheck.atLeast(1, maxConnectionsPerAddress, "maxConnectionsPerAddress", or: unlimited)
    try OptionCheck.atLeast(1, acceptBudget, "acceptBudget")
    try OptionCheck.positive(idleTimeout, "idleTimeout", or: ", or nil for never")
    try OptionCheck.notNegative(drainTimeout, "drainTimeout")
    try OptionCheck.notNegative(lingerTimeout, "lingerTimeout")
    try OptionCheck.atLeast(0, highWatermark, "highWatermark")
    try OptionCheck.atLeast(0, lowWatermark, "lowWatermark")
    try OptionCheck.atLeast(1, outboxLimit, "outboxLimit")
    try OptionCheck.atLeast(1, totalOutboxLimit, "totalOutboxLimit")
    try OptionCheck.atLeast(1, inputLimit, "inputLimit")
    try OptionCheck.atLeast(1, totalInputLimit, "totalInputLimit")
    if let slowCallback { try OptionCheck.notNegative(slowCallback, "slowCallback") }
    if lowWatermark > highWatermark {
      throw OptionCheck.fault(
        OptionFault(
          "lowWatermark", is: lowWatermark,
          "set it to at most highWatermark, which is \(highWatermark)"))
    }
    var options = self
    options.highWatermark = min(highWatermark, outboxLimit)
    options.lowWatermark = min(lowWatermark, options.highWatermark)
    return options
  }
}
