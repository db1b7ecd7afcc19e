/// The servers behind a ``Relay`` or an ``UpstreamPool``: one of them for each connection. Shared by a server's loops. Any thread.
public final class Upstreams: Sendable {
  /// Where they are, at least one.
  public let targets: [ConnectTarget]
  /// What stands before the sessions of connections to them.
  package let filter: (any FilterSource)?
  private let board: Lock<UpstreamBoard>

  /// - Parameters:
  ///   - targets: Where they are. At least one; more than 65,536 are no use.
  ///   - choice: Whose turn it is.
  public convenience init(_ targets: [ConnectTarget], choice: UpstreamChoice = .roundRobin) {
    self.init(targets, choice: choice, behind: nil)
  }

  /// The same with filters.
  package init(
    _ targets: [ConnectTarget], choice: UpstreamChoice, behind filter: (any FilterSource)?
  ) {
    precondition(!targets.isEmpty, "name at least one server behind this one")
    (self.targets, self.filter) = (targets, filter)
    board = Lock(UpstreamBoard(count: targets.count, choice))
  }

  /// How many connections each has at the moment, attempts among them.
  public var connections: [Int] {
    board.withLock { board in targets.indices.map { board.connections($0) } }
  }

  func choose(_ now: Instant, except tried: Set<Int>) -> Int? {
    board.withLock { $0.choose(now, except: tried) }
  }
  func connected(_ place: Int) { board.withLock { $0.connected(place) } }
  func failed(_ place: Int, _ now: Instant, entropy: UInt64) {
    board.withLock { $0.failed(place, now, entropy: entropy) }
  }
  func ended(_ place: Int) { board.withLock { $0.ended(place) } }

  /// A connection was never opened: whether that speaks against its server, which is left alone then.
  func attemptEnded(_ place: Int, _ reason: CloseReason, _ now: Instant) -> Bool {
    if Self.isGivenUp(reason) {
      ended(place)
      return false
    }
    failed(place, now, entropy: Self.entropy(now))
    return true
  }

  /// Whether an attempt says nothing about its server.
  private static func isGivenUp(_ reason: CloseReason) -> Bool {
    switch reason {
    case .notConnected(let failure): failure.reason == .cancelled
    case .stopped: true
    default: false
    }
  }

  /// The low digits of a time in nanoseconds are nobody's choice.
  private static func entropy(_ now: Instant) -> UInt64 {
    now.nanoseconds &* 0x9E37_79B9_7F4A_7C15 >> 16
  }
}
