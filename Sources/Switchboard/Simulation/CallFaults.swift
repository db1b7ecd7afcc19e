#if TestBench

/// Something that can be made to fail: a system call, or an operation of a ring.
public enum FaultPoint: Hashable, Sendable, CustomStringConvertible {
  /// A call.
  case call(SystemError.Call)
  /// An operation that a ring completes.
  case operation(RingOperation)

  /// `accept4`, or `io_uring accept`
  public var description: String {
    switch self {
    case .call(let call): call.rawValue
    case .operation(let operation): "io_uring \(operation.rawValue)"
    }
  }
}

/// The operations that Switchboard gives to a ring.
public enum RingOperation: String, Hashable, Sendable, CaseIterable {
  /// An accept of one connection.
  case accept
  /// An accept of one connection, if one waits.
  case acceptNow = "accept, now"
  /// An accept that stays armed.
  case acceptMany = "accept, multishot"
  /// A receive that stays armed.
  case receive = "recv, multishot"
  /// A receive of one buffer's worth.
  case receiveOnce = "recv"
  /// A send that is done at once or not at all.
  case sendNow = "send, now"
  /// A send that waits until all has gone.
  case send
  /// `SHUT_WR`
  case shutdown
  /// The close of a direct descriptor.
  case close
  /// The cancellation of another operation.
  case cancel
  /// The cancellation of all operations on a descriptor.
  case cancelAll = "cancel, all"
  /// Telling when a descriptor is readable.
  case poll
  /// Telling when a connection that is not received from hangs up.
  case hangUp = "poll, hang-up"
  /// Telling when a connection has room for more of a file.
  case room = "poll, room"
  /// Asking a connection why it broke, by sending nothing.
  case ask = "send, nothing"
  /// Telling when somebody waits to be accepted.
  case pollListener = "poll, listener"
  /// Asking for a peer's address.
  case peerName = "uring_cmd, SO_PEERNAME"
  /// An ordinary descriptor for a direct one.
  case install = "fixed fd install"
  /// The same, to send a file.
  case installForFile = "fixed fd install, for a file"
  /// A direct descriptor for an ordinary one.
  case adopt = "files update"
}

/// The faults of a ``Faulty`` kernel: single ones, exactly placed, and random ones by a seed.
///
/// ```swift
/// let faults = CallFaults(seed: 7)
/// faults.fail(.call(.accept), with: Errno(rawValue: 24))           // the first accept: EMFILE
/// faults.fail(.call(.receive), chance: 0.2, with: [Errno(rawValue: 4), Errno(rawValue: 11)])
/// faults.shorten(chance: 0.2)
/// ```
///
/// Safe from any thread. Calls of several threads draw from one stream, so only a single-threaded
/// use repeats exactly.
public final class CallFaults: Sendable {
  /// A fault that happened.
  public struct Strike: Hashable, Sendable {
    /// What failed.
    public let point: FaultPoint
    /// Which call of that kind it was, from 1 on.
    public let number: Int
    /// With what.
    public let errno: Errno
  }

  private struct Random {
    var chance: Double
    var errnos: [Errno]
  }

  private struct State {
    var generator: UInt64
    var counts: [FaultPoint: Int] = [:]
    var single: [FaultPoint: [Int: Errno]] = [:]
    var random: [FaultPoint: Random] = [:]
    var shortness = 0.0
    var earlyEnds = 0.0
    var struck: [Strike] = []
    var strikes = 0
    var shortened = 0

    mutating func next() -> UInt64 {
      generator &+= 0x9E37_79B9_7F4A_7C15
      var z = generator
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    mutating func happens(_ chance: Double) -> Bool {
      chance > 0 && Double(next() >> 11) < chance * 0x1p53
    }
  }

  private let state: Lock<State>
  /// Asked before everything else, at the place of the call, with what the call is about.
  private let decide: (@Sendable (FaultPoint, UInt64) -> Errno?)?

  /// How many strikes are kept in ``struck``.
  private static var remembered: Int { 4096 }

  /// No faults yet.
  public convenience init(seed: UInt64 = 0) { self.init(seed: seed, decide: nil) }

  init(seed: UInt64 = 0, decide: (@Sendable (FaultPoint, UInt64) -> Errno?)?) {
    state = Lock(State(generator: seed))
    self.decide = decide
  }

  /// Fails one call, once: the `number`-th of its kind from the beginning, the first being 1.
  public func fail(_ point: FaultPoint, number: Int = 1, with errno: Errno) {
    state.withLock { $0.single[point, default: [:]][number] = errno }
  }

  /// Fails each call of a kind with this probability, with one of these numbers.
  public func fail(_ point: FaultPoint, chance: Double, with errnos: [Errno]) {
    state.withLock {
      $0.random[point] = errnos.isEmpty ? nil : Random(chance: chance, errnos: errnos)
    }
  }

  /// Makes each receive and each send a part of what it could be, with this probability.
  public func shorten(chance: Double) { state.withLock { $0.shortness = chance } }

  /// Makes what a ring keeps armed end after one completion, with this probability.
  public func endEarly(chance: Double) { state.withLock { $0.earlyEnds = chance } }

  /// From now on nothing fails.
  public func cease() {
    state.withLock {
      ($0.single, $0.random) = ([:], [:])
      ($0.shortness, $0.earlyEnds) = (0, 0)
    }
  }

  /// The first 4,096 faults that happened, in order.
  public var struck: [Strike] { state.withLock { $0.struck } }
  /// How many faults happened, shortened calls apart.
  public var strikes: Int { state.withLock { $0.strikes } }
  /// How many calls were shortened.
  public var shortened: Int { state.withLock { $0.shortened } }
  /// How many calls of a kind were made.
  public func calls(_ point: FaultPoint) -> Int { state.withLock { $0.counts[point] ?? 0 } }

  /// What a call that is about to be made fails with; nil when it is to be made.
  func strike(_ point: FaultPoint, about detail: UInt64 = 0) -> Errno? {
    let decided = decide?(point, detail)
    return state.withLock { state in
      let number = (state.counts[point] ?? 0) + 1
      state.counts[point] = number
      var errno = decided ?? state.single[point]?.removeValue(forKey: number)
      if errno == nil, let random = state.random[point], state.happens(random.chance) {
        errno = random.errnos[Int(state.next() % UInt64(random.errnos.count))]
      }
      guard let errno else { return nil }
      state.strikes += 1
      if state.struck.count < Self.remembered {
        state.struck.append(Strike(point: point, number: number, errno: errno))
      }
      return errno
    }
  }

  /// How much of `count` bytes a receive or send is to be about: at least one.
  func shortened(_ count: Int) -> Int {
    guard count > 1 else { return count }
    return state.withLock { state in
      guard state.happens(state.shortness) else { return count }
      state.shortened += 1
      // Half of them by a little, half down to a few bytes.
      let most = state.next() & 1 == 0 ? UInt64(count - 1) : UInt64(min(16, count - 1))
      return 1 + Int(state.next() % most)
    }
  }

  func endsEarly() -> Bool { state.withLock { $0.happens($0.earlyEnds) } }
}

#endif
