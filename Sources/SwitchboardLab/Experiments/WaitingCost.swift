import Switchboard

/// The cost of waiting: how long one wait takes with select, poll and epoll when a few of many
/// connections are active.
///
/// select and poll hand the kernel everything that is watched, in every wait; epoll only fetches
/// what is ready. So the former grow with the idle connections and the latter does not.
public struct WaitingCost: Sendable {
  /// Connections with something to receive.
  public let active: Int
  /// Connections with nothing to receive.
  public let idle: Int

  /// An experiment with so many connections.
  public init(active: Int, idle: Int) {
    self.active = active
    self.idle = idle
  }

  /// The most waits that are timed for each mechanism.
  private static let mostSamples = 4000
  /// How long the timing may take in all.
  private static let budget = Duration.seconds(2)

  /// Why there is no result.
  public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Both ends of every connection are in this process.
    case tooFewDescriptors(needed: Int, limit: Int)
    /// The bytes that were sent did not all arrive, or more than them.
    case unexpectedEvents(String, expected: Int, found: Int)

    /// One line with the next action.
    public var description: String {
      switch self {
      case .tooFewDescriptors(let needed, let limit):
        "it takes \(needed) descriptors and this process may hold \(limit); "
          + "raise the limit (`ulimit -n`) or ask for fewer connections"
      case .unexpectedEvents(let name, let expected, let found):
        "\(name) found \(found) connections ready where \(expected) are; try again"
      }
    }
  }

  /// Opens the connections and times the waits.
  ///
  /// - Throws: ``Failure`` or ``SystemError``.
  public func run() throws -> WaitingCostResult {
    let (needed, limit) = (2 * (active + idle) + 32, Linux().descriptorLimit().value)
    guard needed <= limit else { throw Failure.tooFewDescriptors(needed: needed, limit: limit) }
    let crowd = try Crowd(active: active, idle: idle)
    // In turn, so that a disturbance of the machine meets all of them.
    var epoll = try Candidate<Epoll>(watching: crowd)
    var poll = try Candidate<Poll>(watching: crowd)
    var select = try Candidate<Select>(watching: crowd)
    let end = Linux().now() + WaitingCost.budget
    for _ in 0..<WaitingCost.mostSamples / Candidate<Epoll>.batch where Linux().now() < end {
      try epoll.timeBatch()
      try poll.timeBatch()
      try select.timeBatch()
    }
    return WaitingCostResult(
      experiment: self, machine: .current, rows: [epoll.row, poll.row, select.row])
  }
}

/// One mechanism, watching the whole crowd.
private struct Candidate<P: Poller & ~Copyable>: ~Copyable where P.System == Linux {
  /// Waits timed before it is another's turn.
  static var batch: Int { 20 }

  private var poller: P
  private var events: EventBuffer
  private var samples: [Duration] = []
  private let refusal: RegistrationError?

  init(watching crowd: borrowing Crowd) throws {
    var poller = try P(system: Linux())
    var events = EventBuffer(capacity: crowd.active + 1)
    let refusal = try Candidate.register(crowd, with: &poller)
    if refusal == nil { try Candidate.waitUntilReady(crowd.active, &poller, &events) }
    self.poller = poller
    self.events = events
    self.refusal = refusal
  }

  /// Why the mechanism cannot hold the crowd; nil if it does.
  private static func register(_ crowd: borrowing Crowd, with poller: inout P) throws
    -> RegistrationError?
  {
    for (index, descriptor) in crowd.watched.enumerated() {
      let key = Key(index: UInt32(index), generation: 1)
      do throws(RegistrationError) {
        try poller.set(descriptor, .read, was: nil, key: key)
      } catch {
        guard case .beyondSet = error else { throw error }
        return error
      }
    }
    return nil
  }

  /// Bytes sent over loopback take a moment to arrive.
  private static func waitUntilReady(
    _ count: Int, _ poller: inout P, _ events: inout EventBuffer
  ) throws {
    let end = Linux().now() + .seconds(2)
    repeat {
      try poller.wait(until: end, into: &events)
    } while events.count < count && Linux().now() < end
    guard events.count == count else {
      throw WaitingCost.Failure.unexpectedEvents(P.name, expected: count, found: events.count)
    }
  }

  mutating func timeBatch() throws {
    guard refusal == nil else { return }
    let system = Linux()
    for _ in 0..<Candidate.batch {
      let start = system.now()
      try poller.wait(until: nil, into: &events)
      samples.append(system.now().since(start))
    }
  }

  var row: WaitingCostResult.Row {
    WaitingCostResult.Row(
      mechanism: P.name, call: P.name == Epoll.name ? "epoll_wait" : P.name,
      spread: refusal == nil ? Spread(samples) : nil, refusal: refusal)
  }
}
