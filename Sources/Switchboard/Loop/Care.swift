/// Rules and numbers of care that the reactor, the event loop and the blocking models share.
enum Care {
  /// What is discarded at most of what a peer still sends after we have finished, in bytes: more than
  /// both kernels' buffers hold (`tcp_rmem` and `tcp_wmem` end at 6 MiB and 4 MiB unless changed), so
  /// that nobody reaches it who stops sending when he sees that we have finished.
  static let mostDiscarded = 16 << 20
  /// How many letters, and how many jobs, a loop takes from its mail in one turn. A turn costs a wait
  /// without sleep more, which 256 callbacks outweigh.
  static let lettersPerTurn = 256
  /// What one receive takes at most of a connection that has a partner, in bytes; what stays, where that is to hold
  /// little, is a receive worth its call.
  static let (mostOfPartner, leastOfPartner) = (65536, 4096)
}

/// The calls that were refused to this process on a connection, as a sandbox does. Each is told once,
/// since every connection would tell the same. Any thread.
final class RefusedCalls: Sendable {
  private let told = Lock<[SystemError.Call]>([])

  /// Whether a connection broke because its call was refused, and this is to be told.
  func isNew(_ error: SystemError) -> Bool {
    guard error.errno.isRefusal else { return false }
    return told.withLock { told in
      guard !told.contains(error.call) else { return false }
      told.append(error.call)
      return true
    }
  }
}
