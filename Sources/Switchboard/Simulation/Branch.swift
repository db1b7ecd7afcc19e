#if TestBench

/// Something that a loop does in some circumstances only: a way to close, a pause, a limit reached. A run
/// of many seeds that does not reach all of them has tested less than it seems.
public enum Branch: UInt8, Hashable, Sendable, CaseIterable {
  // Why sessions were closed.
  case finished, peerFinished, aborted, failed, outboxFull, totalOutboxFull, idle, drainTimeout
  case stopped
  // What operators were told.
  case pausedByLimit, pausedByFailure, pausedByRefusal, resumed, addressLimit, draining, drained
  case headerRefused
  case cutOff
  // What sessions were called for, and what they asked for.
  case ended, toldDrained, elapsed, posted, askedToFinish
  case pauses, resumes, asksForDrained, setsTimer, setsZeroTimer, closes, closesUnsent, aborts
  // How the server's end of a connection went.
  case lingeredToEnd, lingeredTooLong, discarded, neverOpened
  // What held output up.
  case unsentAboveMark, unsentBelowMark
  // What clients did.
  case severalListeners, severalMachines, manyAtOnce, cameInDrain, vanished, neverReads, readsSlowly
  case floods
  // What the process went through.
  case longSleep, acceptBudgetUsed, roomUsedUp
}

/// How often each branch was reached.
public struct BranchCounts: Hashable, Sendable {
  private var counts = [Int](repeating: 0, count: Branch.allCases.count)

  /// None yet.
  public init() {}

  /// How often one was.
  public subscript(branch: Branch) -> Int { counts[Int(branch.rawValue)] }

  mutating func reach(_ branch: Branch) { counts[Int(branch.rawValue)] += 1 }

  /// Adds those of another seed.
  public mutating func add(_ other: BranchCounts) {
    for place in counts.indices { counts[place] += other.counts[place] }
  }

  /// Those that were not reached.
  public var unreached: [Branch] { Branch.allCases.filter { self[$0] == 0 } }
}

extension Branch {
  /// A close reason's; nil for those that a server never gives.
  init?(_ reason: CloseReason) {
    switch reason {
    case .finished: self = .finished
    case .peerFinished: self = .peerFinished
    case .aborted: self = .aborted
    case .failed: self = .failed
    case .outboxFull: self = .outboxFull
    case .idle: self = .idle
    case .drainTimeout: self = .drainTimeout
    case .stopped: self = .stopped
    case .connectFailed, .notConnected, .inputFull, .noPartner, .filterFailed, .truncated,
      .registrationFailed:
      return nil
    }
  }

  init?(_ notice: LoopNotice) {
    switch notice {
    case .acceptingPaused(.connectionLimit): self = .pausedByLimit
    case .acceptingPaused(.failed): self = .pausedByFailure
    case .acceptingPaused(.refused): self = .pausedByRefusal
    case .acceptingResumed: self = .resumed
    case .addressLimit: self = .addressLimit
    case .headerRefused: self = .headerRefused
    case .draining: self = .draining
    case .drained(_, let forced): self = forced > 0 ? .cutOff : .drained
    default: return nil
    }
  }
}

#endif
