/// How a ``Reactor`` behaves.
///
/// They are looked at when the reactor is made: its initializer throws a ``SystemError`` whose operand
/// is an ``OptionFault`` for a value that nobody can mean.
public struct ReactorOptions: Hashable, Sendable {
  /// Connections held at once; further ones wait in the kernel's queue. At least 1. Nil: as many as the
  /// descriptor limit allows, less 32 for everything else (of a limit below 64, half), and at most
  /// 1,048,576.
  public var maxConnections: Int?
  /// Connections accepted in one turn, so that a storm of them does not starve those already there.
  /// At least 1.
  public var acceptBudget = 16
  /// Events taken in one turn. At least 1; above 65,536 they are that many.
  public var eventsPerTurn = 1024
  /// Close a peer that was ready for nothing for so long: more than zero. Nil: never.
  public var idleTimeout: Duration?
  /// How long peers may take to finish once draining has begun. Zero: no time at all.
  public var drainTimeout: Duration = .seconds(10)
  /// How long a peer we are finished with may go on sending before it is cut off. Its bytes are
  /// discarded; closing at once would reset the connection and destroy our last reply on its way.
  public var lingerTimeout: Duration = .seconds(2)
  /// How long a connection attempt may take: more than zero.
  public var connectTimeout: Duration = .seconds(10)
  /// The defaults.
  public init() {}
}

extension ReactorOptions {
  /// The most events of a turn: a mebibyte of them.
  private static var mostEvents: Int { 65536 }

  /// The options as a reactor works with them.
  ///
  /// - Throws: where a value is one that nobody can mean.
  func checked() throws(SystemError) -> ReactorOptions {
    try OptionCheck.atLeast(1, maxConnections, "maxConnections", or: ", or nil for no limit")
    try OptionCheck.atLeast(1, acceptBudget, "acceptBudget")
    try OptionCheck.atLeast(1, eventsPerTurn, "eventsPerTurn")
    try OptionCheck.positive(idleTimeout, "idleTimeout", or: ", or nil for never")
    try OptionCheck.notNegative(drainTimeout, "drainTimeout")
    try OptionCheck.notNegative(lingerTimeout, "lingerTimeout")
    try OptionCheck.positive(connectTimeout, "connectTimeout")
    var options = self
    options.eventsPerTurn = min(eventsPerTurn, ReactorOptions.mostEvents)
    return options
  }
}
