#if TestBench

/// One fault of a simulation: what kind, on whose connection, and which occasion of that kind.
///
/// An occasion is a moment at which a fault of the kind could strike, counted for each connection by
/// itself. So taking one fault out of a schedule leaves the others where they are.
public struct Fault: Hashable, Sendable, CustomStringConvertible {
  /// What can go wrong. Every one of these is something that a real kernel or network does.
  public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    /// A signal interrupts a call: `EINTR`.
    case interrupt
    /// A wait tells of readiness, and there is nothing.
    case spuriousReadiness
    /// A receive answers `EAGAIN`; what it would have brought is there a little later.
    case receiveWouldBlock
    /// A send answers `EAGAIN` although there was room; the room is told of a little later.
    case sendWouldBlock
    /// A receive brings a part; the rest comes a little later.
    case shortReceive
    /// A send takes a part.
    case shortSend
    /// Accepting fails for want of descriptors or memory, a few times in a row.
    case acceptExhaustion
    /// A queued connection went wrong: `ECONNABORTED` and its kind.
    case acceptAborted
    /// A receive tells that the connection is over: `ETIMEDOUT`, `EHOSTUNREACH`, ...
    case receiveFailure
    /// A send tells that the connection is over: `EPIPE`, `ENOBUFS`, ...
    case sendFailure
    /// Adding a registration fails: `ENOMEM`, `ENOSPC`.
    case registrationFailure
    /// The peer resets the connection.
    case resetByPeer
    /// The peer stops reading for a while.
    case slowPeer
    /// A segment takes up to 300 ms longer.
    case latencySpike
    /// A segment is lost, and comes when it is sent again.
    case loss
    /// Nothing gets through to or from a peer for up to three seconds.
    case partition
    /// A wait returns up to 20 ms late.
    case lateWake
    /// Another process has the processor for up to 50 ms.
    case stall
    /// A wait tells of ready descriptors in another order.
    case shuffledBatch
    /// A wait tells of one ready descriptor, and of the others next time.
    case partialBatch
    /// A wait tells of a connection that was closed already.
    case staleEvent
    /// What a ring keeps armed ends, as if the kernel had run out of something.
    case multishotEnd
    /// The process is stopped for up to five seconds, as by `SIGSTOP`.
    case frozen
  }

  /// What kind.
  public let kind: Kind
  /// The connection, by its client's number from 1 on; 0 where it concerns none in particular.
  public let connection: Int
  /// Which occasion of that kind on that connection, from 1 on.
  public let occasion: Int

  /// Names a fault.
  public init(_ kind: Kind, on connection: Int, occasion: Int) {
    self.kind = kind
    self.connection = connection
    self.occasion = occasion
  }

  /// `shortSend on 3, occasion 17`
  public var description: String { "\(kind) on \(connection), occasion \(occasion)" }

  /// The fault in 64 bits, for looking it up.
  var code: UInt64 {
    UInt64(kind.rawValue) << 56 | UInt64(truncatingIfNeeded: connection) << 32
      | UInt64(UInt32(truncatingIfNeeded: occasion))
  }
}

/// Which faults strike in a simulation.
///
/// ```swift
/// try simulate(seed: 7, faults: .harsh) { ... }
/// try simulate(seed: 7, faults: .none.with(.shortSend, at: 0.5).with(.resetByPeer, at: 0.01)) { ... }
/// ```
public struct Faults: Hashable, Sendable {
  /// The probability of each kind at each of its occasions.
  private(set) var rates: [Double]
  /// Whether each seed has kinds and rates of its own, the rates being upper limits.
  var isSwarm = false
  /// Exactly these, and no others.
  private(set) var schedule: [Fault]?

  private init(rate: Double) { rates = Array(repeating: rate, count: Fault.Kind.allCases.count) }

  /// No fault: only latency, segments and the order of things differ from seed to seed.
  public static let none = Faults(rate: 0)

  /// A quarter of the kinds in each seed, rarely.
  public static let mild = Faults.swarm(often: 0.05, rarely: 0.005)

  /// A quarter of the kinds in each seed, some of them at nine occasions of ten.
  public static let harsh = Faults.swarm(often: 0.9, rarely: 0.05)

  /// Exactly these faults, as a failure reports them.
  public static func schedule(_ faults: [Fault]) -> Faults {
    var chosen = Faults.none
    chosen.schedule = faults
    return chosen
  }

  /// The same, but this kind strikes with this probability at each of its occasions.
  public func with(_ kind: Fault.Kind, at rate: Double) -> Faults {
    var changed = self
    changed.rates[Int(kind.rawValue)] = min(max(rate, 0), 1)
    return changed
  }

  /// The same without one kind.
  public func without(_ kind: Fault.Kind) -> Faults { with(kind, at: 0) }

  private static func swarm(often: Double, rarely: Double) -> Faults {
    var faults = Faults(rate: often)
    faults.isSwarm = true
    for kind in Fault.Kind.allCases where kind.isGrave {
      faults.rates[Int(kind.rawValue)] = rarely
    }
    return faults
  }
}

extension Fault.Kind {
  /// Whether it ends a connection, or holds things up so long that little else happens.
  var isGrave: Bool {
    switch self {
    case .acceptAborted, .receiveFailure, .sendFailure, .resetByPeer, .latencySpike, .loss,
      .partition, .stall, .slowPeer, .frozen:
      true
    default: false
    }
  }

  /// The probability with which a swarm has this kind.
  static let inSwarm = 0.25
}

/// Decides, at each occasion, whether a fault strikes. The decision depends on the seed, the kind, the
/// connection and the occasion's number, and on nothing that happened before.
struct FaultInjector {
  private var seed: UInt64
  private var thresholds = InlineArray<32, UInt64>(repeating: 0)
  private var scheduled: Set<UInt64>?
  private var occasions: [UInt32] = []
  /// Those that struck, in order.
  private(set) var fired: [Fault] = []
  /// Is told of each, when it strikes.
  var tell: ((Fault) -> Void)?
  /// No fault strikes from then on.
  var end: UInt64 = .max

  private static var kinds: Int { Fault.Kind.allCases.count }

  init(_ faults: Faults, seed: UInt64) {
    self.seed = scramble(seed ^ 0xFA_0175)
    scheduled = faults.schedule.map { Set($0.map(\.code)) }
    for fault in faults.schedule ?? [] { thresholds[Int(fault.kind.rawValue)] = .max }
    guard scheduled == nil else { return }
    for (kind, rate) in faults.rates.enumerated() where rate > 0 {
      var random = SimulatedRandom(seed: seed, stream: 4, part: UInt64(kind))
      var rate = rate
      if faults.isSwarm {
        guard random.chance(Fault.Kind.inSwarm) else { continue }
        // Evenly over two orders of magnitude.
        let step = random.below(FaultInjector.powers.count * 100)
        rate *= FaultInjector.powers[step / 100] * (1 + Double(step % 100) / 100)
      }
      thresholds[kind] = rate >= 1 ? .max : UInt64(rate * 0x1p64)
    }
  }

  /// 2 to the powers -7 to -1.
  private static let powers: [Double] = (1...7).reversed().map { 1 / Double(1 << $0) }

  /// Whether this seed has the kind at all.
  @inline(__always)
  func has(_ kind: Fault.Kind) -> Bool { thresholds[Int(kind.rawValue)] != 0 }

  /// An occasion for a fault: nil, or random bits that tell what exactly happens.
  @inline(__always)
  mutating func fires(_ kind: Fault.Kind, on connection: Int, at now: UInt64) -> UInt64? {
    guard thresholds[Int(kind.rawValue)] != 0, now < end else { return nil }
    return decide(kind, connection)
  }

  private mutating func decide(_ kind: Fault.Kind, _ connection: Int) -> UInt64? {
    let place = connection * FaultInjector.kinds + Int(kind.rawValue)
    if place >= occasions.count {
      let more = place + 64 - occasions.count
      occasions.append(contentsOf: repeatElement(0, count: more))
    }
    occasions[place] &+= 1
    let fault = Fault(kind, on: connection, occasion: Int(occasions[place]))
    let bits = scramble(seed ^ scramble(fault.code))
    if let scheduled {
      guard scheduled.contains(fault.code) else { return nil }
    } else {
      guard bits <= thresholds[Int(kind.rawValue)] else { return nil }
    }
    fired.append(fault)
    tell?(fault)
    return scramble(bits)
  }
}

#endif
