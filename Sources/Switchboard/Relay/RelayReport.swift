/// What became of a client of a ``Relay``, when both of its connections have ended.
public struct RelayReport: Sendable {
  /// One of the two connections.
  public struct Side: Sendable {
    /// Bytes that came from its peer, and were passed on to the other.
    public internal(set) var received: UInt64 = 0
    /// Why it ended; nil where there was none.
    public internal(set) var reason: CloseReason?
  }

  /// Where the client came from; nil when that could not be found out.
  public internal(set) var peer: SocketAddress?
  /// Which of ``Upstreams/targets`` it was connected to; nil if to none.
  public internal(set) var upstream: Int?
  /// How often an attempt to connect failed.
  public internal(set) var failures = 0
  /// The client's connection.
  public internal(set) var client = Side()
  /// The connection to the server behind.
  public internal(set) var server = Side()
  /// From the client's connection until both had ended.
  public internal(set) var duration = Duration.zero
}

/// What both sides of a client's relay know. One loop's thread has it: both connections live there.
final class RelayAccount: @unchecked Sendable {
  private(set) var report = RelayReport()
  private var start = Instant(nanoseconds: 0)
  /// When it was last called back.
  private(set) var now = Instant(nanoseconds: 0)
  /// When bytes came last, on either side.
  private(set) var lastProgress = Instant(nanoseconds: 0)
  /// Connections that are there, or being made.
  private var sides = 1
  /// Sides whose peers have finished sending.
  private var ends = 0
  /// Whether a server is, or was, connected to.
  private(set) var hasServer = false
  private let told: @Sendable (RelayReport) -> Void

  init(told: @escaping @Sendable (RelayReport) -> Void) { self.told = told }

  func begin(_ now: Instant, peer: SocketAddress?) {
    (start, self.now, lastProgress) = (now, now, now)
    report.peer = peer
  }

  func note(_ now: Instant) { self.now = now }

  func received(_ count: Int, fromClient: Bool, _ now: Instant) {
    (self.now, lastProgress) = (now, now)
    if fromClient {
      report.client.received &+= UInt64(count)
    } else {
      report.server.received &+= UInt64(count)
    }
  }

  /// An attempt to connect begins.
  func beginConnecting() { sides += 1 }

  func connected(to place: Int, _ now: Instant) {
    (self.now, lastProgress, hasServer) = (now, now, true)
    report.upstream = place
  }

  /// A peer has finished sending: whether both have.
  func peerEnded(_ now: Instant) -> Bool {
    (self.now, lastProgress) = (now, now)
    ends += 1
    return ends == 2
  }

  func closed(client reason: CloseReason) {
    report.client.reason = reason
    leave()
  }

  /// - Parameter isFailure: It was an attempt that failed.
  func closed(server reason: CloseReason, isFailure: Bool) {
    report.server.reason = reason
    if isFailure { report.failures += 1 }
    leave()
  }

  /// The last one tells.
  private func leave() {
    sides -= 1
    guard sides == 0 else { return }
    let nanoseconds = now.nanoseconds - min(start.nanoseconds, now.nanoseconds)
    report.duration = .nanoseconds(Int64(clamping: nanoseconds))
    told(report)
  }
}
