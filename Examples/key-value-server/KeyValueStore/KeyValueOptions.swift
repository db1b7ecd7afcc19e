import Switchboard
import SwitchboardProtocols

/// What a key-value server may hold.
public struct KeyValueOptions: Sendable {
  /// The most bytes that keys and values may take; beyond, writing commands are answered with an error. Clients
  /// may change it: `CONFIG SET maxmemory`.
  public var memory: Int
  /// The most bytes of commands whose end has not come, of all connections together.
  public var unfinished: Int
  /// How much a command may ask for.
  public var limits: RESPLimits
  /// What keys are hashed with: for tests, which are to go the same way each time. Nil: two random numbers.
  public var seed: UInt64?

  /// The defaults: 1 GiB of keys and values, as much of unfinished commands, values of 512 MiB.
  public init(
    memory: Int = 1 << 30, unfinished: Int = 1 << 30, limits: RESPLimits = RESPLimits(),
    seed: UInt64? = nil
  ) {
    (self.memory, self.unfinished, self.limits, self.seed) = (memory, unfinished, limits, seed)
  }

  /// Makes a server one for these sessions: with one loop, which has all keys, and with room for the largest reply.
  public func configure(_ server: inout Server) {
    server.loops = 1
    server.options.outboxLimit = limits.bulk + KeyValueOptions.besideValue
    server.options.totalOutboxLimit = 2 * limits.bulk + KeyValueOptions.besideValue
  }

  private static let besideValue = 8 << 20
}
