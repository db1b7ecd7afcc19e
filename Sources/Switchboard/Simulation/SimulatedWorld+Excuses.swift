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

    /// All of them.
    public static let all = Excuses(rawValue: names.reduce(0) { $0 | $1.value.rawValue })

    /// By the names that `switchboard simulate --hold-to` takes.
    public static let names: KeyValuePairs<String, Excuses> = [
      "receive-budget": .receiveBudget, "starvation": .starvation, "ring-watermark": .ringWatermark,
    ]
  }
}
