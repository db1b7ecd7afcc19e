/// When each request of an open loop is due, whatever became of those before it.
///
/// The moments follow from the rates alone: request `n` is due when `n` requests' worth of time has
/// passed. So a server that stalls does not slow the schedule down, and every request that it kept
/// waiting shows that in its latency.
public struct LoadPace: Hashable, Sendable {
  /// A time with a steady or evenly changing rate.
  struct Stretch: Hashable, Sendable {
    /// Seconds from the beginning.
    var start: Double
    var length: Double
    var from: Double
    var to: Double
    /// Requests due before it.
    var before: Double

    /// Requests due within it.
    var requests: Double { (from + to) / 2 * length }
    /// When so many requests of it are due, in seconds from the beginning.
    func time(of requests: Double) -> Double {
      let change = (to - from) / length
      // from t + change t²/2 = requests, in the form that does not lose digits; where nothing changes, too.
      let root = (max(0, from * from + 2 * change * requests)).squareRoot()
      return start + 2 * requests / (from + root)
    }
  }

  let stretches: [Stretch]
  /// So many requests are due at the same moment.
  let burst: Int
  /// How far this pace is behind another of the same rate, as a share of the time between two of its
  /// requests: several generators that begin together do not send together.
  let phase: Double

  /// A rate that rises evenly for the ramp and then keeps to each step's rate.
  ///
  /// - Parameters:
  ///   - steps: Requests a second, and for how many seconds; more than 0 each.
  ///   - ramp: Seconds in which the rate rises from 0 to the first step's.
  ///   - burst: Requests that are due together, at the same rate on average; at least 1.
  ///   - phase: How much later than at the beginning the first is due, as a share of the time between
  ///     two, or between two bursts; from 0, below 1.
  public init(
    steps: [(rate: Double, seconds: Double)], ramp: Double = 0, burst: Int = 1, phase: Double = 0
  ) {
    var stretches: [Stretch] = []
    var (start, before) = (0.0, 0.0)
    func add(_ from: Double, _ to: Double, _ length: Double) {
      let stretch = Stretch(start: start, length: length, from: from, to: to, before: before)
      stretches.append(stretch)
      start += length
      before += stretch.requests
    }
    if ramp > 0, let first = steps.first { add(0, first.rate, ramp) }
    for step in steps { add(step.rate, step.rate, step.seconds) }
    self.stretches = stretches
    self.burst = max(1, burst)
    self.phase = phase * Double(self.burst)
  }

  /// How many requests are due in all: whole bursts.
  public var total: Int {
    guard let end else { return 0 }
    let bursts = ((end - phase) / Double(burst)).rounded(.up)
    return bursts < 9e15 / Double(burst) ? max(0, Int(bursts)) * burst : Int.max
  }

  /// Requests that the rates have time for. What would be due at the very end, but for a rounding error,
  /// is not.
  private var end: Double? { stretches.last.map { $0.before + $0.requests - 1e-6 } }

  /// When a request is due, counted from 0: nanoseconds from the beginning. Nil behind the last.
  public func due(_ request: Int) -> UInt64? {
    let wanted = Double(request / burst * burst) + phase
    guard request >= 0, let end, wanted < end else { return nil }
    var index = stretches.count - 1
    while index > 0, stretches[index].before > wanted { index -= 1 }
    let stretch = stretches[index]
    return UInt64(max(0, stretch.time(of: wanted - stretch.before) * 1e9))
  }
}
