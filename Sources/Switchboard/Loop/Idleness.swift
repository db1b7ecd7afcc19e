/// Whether a connection is idle, on every face of the library: asked when nothing has come or gone on it for so
/// long.
enum Idleness: Equatable {
  /// Something came or went since its deadline was set.
  case active
  /// The loop is catching up, and its bytes may lie waiting: it is looked at again in
  /// ``CatchUp/idleAgain``.
  case unknown
  /// Its peer has taken something of what lies in the kernel, at that moment last.
  case progressing(Instant)
  case idle

  /// - Parameters:
  ///   - lastActive: When something came or went last.
  ///   - limit: How long ago that may be, in nanoseconds.
  ///   - lastProgress: When the peer took something, if that is known. It costs a system call, and is asked
  ///     last.
  static func of(
    _ lastActive: Instant, limit: UInt64, _ now: Instant, isCatchingUp: Bool,
    lastProgress: () -> Instant?
  ) -> Idleness {
    guard lastActive.advanced(byNanoseconds: limit) <= now else { return .active }
    if isCatchingUp { return .unknown }
    guard let last = lastProgress(), last.advanced(byNanoseconds: limit) > now else { return .idle }
    return .progressing(last)
  }
}

extension Kernel {
  /// When a peer last took something of what was sent to it. Bytes leave long after `send` took them,
  /// so who reads slowly and steadily makes no progress that a loop sees by itself. Nil when the system
  /// does not tell.
  func lastProgress(on descriptor: Descriptor, _ now: Instant) -> Instant? {
    let asked = get(.sendSilence, on: descriptor)
    guard asked.isSuccess else { return nil }
    let silence = UInt64(asked.value).multipliedReportingOverflow(by: 1_000_000).partialValue
    return Instant(nanoseconds: now.nanoseconds - min(silence, now.nanoseconds))
  }
}
