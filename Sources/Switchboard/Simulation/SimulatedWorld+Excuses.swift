extension SimulatedWorld {
  /// What the engine is known not to hold to. Whoever mends one of these takes it away here; a test
  /// that shows one takes it away for itself: `world.excuses.remove(.starvation)`.
  public struct Excuses: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A connection is given more in one turn than its budget.
    public static let receiveBudget = Excuses(rawValue: 1 << 3)
    /// A connection with bytes to read is passed over while others are received from.
    public static let starvation = Excuses(rawValue: 1 << 4)
    /// A ring's connection that holds more unsent than its high watermark is still received from.
    public static let ringWatermark = Excuses(rawValue: 1 << 5)
    /// A peer that reads slowly, but all the time, is closed as idle while the server waits for room.
    public static let idleReaders = Excuses(rawValue: 1 << 6)
    /// A timer of no time stops the others: it is one of a millisecond.
    public static let zeroTimers = Excuses(rawValue: 1 << 7)
    /// The limit of what all hold unsent closes who writes next, and not who holds most.
    public static let totalOutbox = Excuses(rawValue: 1 << 8)
    /// A ring's connection may hold more unsent than its limit.
    public static let ringOutbox = Excuses(rawValue: 1 << 9)
    /// Timers stop when the loop's ticks wrap.
    public static let wraps = Excuses(rawValue: 1 << 10)

    /// All of them.
    public static let all = Excuses(rawValue: names.reduce(0) { $0 | $1.value.rawValue })

    /// By the names that `switchboard simulate --hold-to` takes.
    public static let names: KeyValuePairs<String, Excuses> = [
      "receive-budget": .receiveBudget, "starvation": .starvation, "ring-watermark": .ringWatermark,
      "idle-readers": .idleReaders, "zero-timers": .zeroTimers, "total-outbox": .totalOutbox,
      "ring-outbox": .ringOutbox, "wraps": .wraps,
    ]
  }

  /// Conditions under which the engine is known to hang are left out.
  func spare() {
    if excuses.contains(.wraps) { machine.age = .zero }
  }
}
