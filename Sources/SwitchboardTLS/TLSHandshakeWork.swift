#if TLS

import Switchboard
import Synchronization

/// A step of a handshake that a pool computes. Who computes has the filter for himself: its loop asks it nothing until
/// the work has come back, through a lock.
final class TLSHandshakeWork: FilterWork, @unchecked Sendable {
  private let filter: TLSFilter
  private let bytes: [UInt8]
  private let isAbandoned = Atomic(false)
  /// What came of it.
  private(set) var step = FilterStep.more
  private var used = 0

  init(_ filter: TLSFilter, _ bytes: [UInt8]) { (self.filter, self.bytes) = (filter, bytes) }

  package func run() {
    guard !isAbandoned.load(ordering: .relaxed) else { return }
    let bytes = bytes
    (step, used) = filter.shakeHands(with: bytes.span)
  }

  package func abandon() { isAbandoned.store(true, ordering: .relaxed) }

  /// What it had no use for.
  var unused: [UInt8] { used == bytes.count ? [] : Array(bytes[used...]) }
}

#endif
