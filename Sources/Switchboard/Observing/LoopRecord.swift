/// One thing that a loop did: 32 bytes, the same in memory as in a file (little-endian).
///
/// | what | `detail` | `a` | `b` | `c` | `d` |
/// |---|---|---|---|---|---|
/// | wait | | duration in ns, low half | high half | completions it brought | |
/// | accepted | peer's family | key's index | key's generation | end of its address | its port |
/// | sent | | duration, packed | | | bytes |
/// | returned | | | | | bytes |
/// | missed | | count, low half | high half | | |
/// | callback | close reason | duration, packed | its send's, packed | bytes received | bytes sent |
///
/// The callback `closed` has the error number in `c`. What a duration packed into 32 bits is, tells
/// ``unpacked(_:)``; what of a peer is told, ``PeerMark``.
public struct LoopRecord: BitwiseCopyable, Hashable, Sendable {
  /// What a record can be about beside callbacks, whose codes are ``CallbackKind``'s.
  public enum Kind: UInt8, Hashable, Sendable {
    /// The loop waited.
    case wait = 1
    /// A connection was accepted: its number stands for its key from here on.
    case accepted
    /// Bytes that had to wait went out.
    case sent
    /// Bytes counted as sent by a callback came back and go out later.
    case returned
    /// So many records were lost here: nobody took them out in time.
    case missed
  }

  /// A ``Kind``'s or a ``CallbackKind``'s number.
  public var code: UInt8
  /// See the table.
  public var detail: UInt8 = 0
  /// The loop, from 0 on.
  public var loop: UInt16
  /// The connection's number on its loop, from 1 on in the order of accepting; 0 for none.
  public var connection: UInt32
  /// When it began: nanoseconds of the monotonic clock.
  public var start: UInt64
  /// See the table.
  public var a: UInt32 = 0
  /// See the table.
  public var b: UInt32 = 0
  /// See the table.
  public var c: UInt32 = 0
  /// See the table.
  public var d: UInt32 = 0

  /// A record with nothing but its head.
  public init(code: UInt8, loop: UInt16, connection: UInt32, start: UInt64) {
    self.code = code
    self.loop = loop
    self.connection = connection
    self.start = start
  }

  /// `a` and `b` as one number.
  public var wide: UInt64 {
    get { UInt64(b) << 32 | UInt64(a) }
    set {
      a = UInt32(truncatingIfNeeded: newValue)
      b = UInt32(truncatingIfNeeded: newValue >> 32)
    }
  }

  /// Nanoseconds in 32 bits: as they are below 2^31; beyond, the highest bit is set and the others
  /// are microseconds, 35 minutes at most.
  public static func packed(_ nanoseconds: UInt64) -> UInt32 {
    if nanoseconds < 1 << 31 { return UInt32(truncatingIfNeeded: nanoseconds) }
    return 1 << 31 | UInt32(truncatingIfNeeded: min(nanoseconds / 1000, 1 << 31 - 1))
  }

  /// The nanoseconds that ``packed(_:)`` made of.
  public static func unpacked(_ packed: UInt32) -> UInt64 {
    packed < 1 << 31 ? UInt64(packed) : UInt64(packed & (1 << 31 - 1)) * 1000
  }
}

extension LoopRecord {
  /// Notes why a connection was closed.
  mutating func set(_ reason: CloseReason) {
    switch reason {
    case .finished: detail = 0
    case .peerFinished: detail = 1
    case .aborted: detail = 2
    case .failed(let error): (detail, c) = (3, UInt32(bitPattern: error.errno.rawValue))
    case .outboxFull: detail = 4
    case .idle: detail = 5
    case .drainTimeout: detail = 6
    case .stopped: detail = 7
    case .connectFailed(let error): (detail, c) = (8, UInt32(bitPattern: error.errno.rawValue))
    case .registrationFailed: detail = 9
    case .notConnected(let failure):
      detail = 10
      c = UInt32(bitPattern: failure.attempts.lazy.compactMap(\.error).first?.errno.rawValue ?? 0)
    case .inputFull: detail = 11
    // Told to sessions that go on; none is closed for it.
    case .noPartner: detail = 12
    case .filterFailed: detail = 13
    case .truncated: detail = 14
    }
  }

  /// Why a connection was closed, in words, from a record of the callback `closed`.
  public var closeReason: String {
    let plain: [UInt8: CloseReason] = [
      0: .finished, 1: .peerFinished, 2: .aborted, 4: .outboxFull, 5: .idle, 6: .drainTimeout,
      7: .stopped, 11: .inputFull, 14: .truncated,
    ]
    if let reason = plain[detail] { return reason.description }
    switch detail {
    case 13: return "what its filter did not take, such as TLS"
    case 3: return Errno(rawValue: Int32(bitPattern: c)).meaning
    case 10 where c == 0: return "connecting failed: no answer"
    case 8, 10: return "connecting failed: \(Errno(rawValue: Int32(bitPattern: c)).meaning)"
    case 9: return "the poller could not watch it"
    default: return "for an unknown reason"
    }
  }
}
