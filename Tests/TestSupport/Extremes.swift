import Switchboard

/// An option of a server at one of its ends.
public struct Extreme: Sendable, CustomStringConvertible {
  /// The option and its value.
  public let description: String
  /// The option, as the program writes it.
  public let name: String
  /// Whether nobody can mean it, so that a server must not start with it.
  public let isFault: Bool
  /// Sets it.
  public let set: @Sendable (inout Server) -> Void

  private init<Value: Sendable>(
    _ name: String, _ value: Value, isFault: Bool,
    _ set: @escaping @Sendable (inout Server, Value) -> Void
  ) {
    description = "\(name) = \(value)"
    self.name = name
    self.isFault = isFault
    self.set = { set(&$0, value) }
  }

  /// Every number and time of ``ServerOptions``, at every end.
  public static let ofOptions: [Extreme] = counts + bytes + times

  /// Those that belong to the server itself.
  public static let ofServer: [Extreme] =
    of("loops", \.loops, [.min, -1, 0, 1, .max], faults: { $0 < 1 || $0 == .max })
    + of("backlog", \.listening.backlog, [.min, -1, 0, 1, .max])
    + [Duration.zero, .seconds(-1), .nanoseconds(1), .seconds(Int64.max), .seconds(Int64.min)]
    .flatMap { time in
      [
        Extreme("keepAlive.idle", time, isFault: false) { $0.listening.keepAlive?.idle = $1 },
        Extreme("keepAlive.interval", time, isFault: false) {
          $0.listening.keepAlive?.interval = $1
        },
      ]
    }
    + [Int.min, -1, 0, 1, .max].map {
      Extreme("keepAlive.probes", $0, isFault: false) { $0.listening.keepAlive?.probes = $1 }
    }

  private static let counts: [Extreme] =
    of("maxConnections", \.options.maxConnections, [.min, -1, 0, 1, .max], faults: isLess)
    + of(
      "maxConnectionsPerAddress", \.options.maxConnectionsPerAddress, [.min, -1, 0, 1, .max],
      faults: isLess)
    + of("acceptBudget", \.options.acceptBudget, [.min, -1, 0, 1, .max], faults: { $0 < 1 })

  private static func isLess(_ count: Int?) -> Bool { count.map { $0 < 1 } ?? false }

  private static let bytes: [Extreme] =
    of("highWatermark", \.options.highWatermark, [.min, -1], faults: { _ in true })
    + of("lowWatermark", \.options.lowWatermark, [.min, -1, .max], faults: { $0 != 0 })
    + of("lowWatermark", \.options.lowWatermark, [0, 1])
    + of("outboxLimit", \.options.outboxLimit, [.min, -1, 0, 1, .max], faults: { $0 < 1 })
    + of(
      "totalOutboxLimit", \.options.totalOutboxLimit, [.min, -1, 0, 1, .max], faults: { $0 < 1 })
    // What is above the low one is well; both are the same; and the low one above the high one.
    + [0, 1, Int.max].map { value in
      Extreme("highWatermark", value, isFault: false) {
        ($0.options.highWatermark, $0.options.lowWatermark) = ($1, $1)
      }
    }
    + [
      Extreme("lowWatermark", 11, isFault: true) {
        ($0.options.highWatermark, $0.options.lowWatermark) = (10, $1)
      }
    ]

  private static let times: [Extreme] =
    of("drainTimeout", \.options.drainTimeout) + of("lingerTimeout", \.options.lingerTimeout)
    + [.seconds(Int64.min), .seconds(-1), .zero, .nanoseconds(1), .seconds(Int64.max)].flatMap {
      (time: Duration) in
      [
        Extreme("idleTimeout", time, isFault: time <= .zero) { $0.options.idleTimeout = $1 },
        Extreme("slowCallback", time, isFault: time < .zero) { $0.options.slowCallback = $1 },
      ]
    }

  private static func of(_ name: String, _ path: WritableKeyPath<Server, Duration> & Sendable)
    -> [Extreme]
  {
    [.seconds(Int64.min), .seconds(-1), .zero, .nanoseconds(1), .seconds(Int64.max)].map {
      Extreme(name, $0, isFault: $0 < .zero) { $0[keyPath: path] = $1 }
    }
  }

  private static func of<Value: Sendable>(
    _ name: String, _ path: WritableKeyPath<Server, Value> & Sendable, _ values: [Value],
    faults: (Value) -> Bool = { _ in false }
  ) -> [Extreme] {
    values.map { Extreme(name, $0, isFault: faults($0)) { $0[keyPath: path] = $1 } }
  }
}
