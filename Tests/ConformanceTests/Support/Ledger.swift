import Glibc
import Switchboard

/// What went through an ``AuditedKernel``.
final class Ledger: Sendable {
  struct Entries {
    /// Descriptors that are open.
    var open: Set<Int32> = []
    /// Those of them that stand in an epoll set.
    var watched: Set<Int32> = []
    /// What must never happen, in words.
    var mistakes: [String] = []
    var waits = 0
    /// Calls of accept since the last wait, and the most of them between two waits.
    var accepts = 0
    var mostAccepts = 0
    /// Accepts that have failed, for want of something, since one succeeded or a descriptor was closed.
    var failedAccepts = 0
    /// How many those were when the last one succeeded.
    var failedBeforeLast = 0
    var received = 0
    var sent = 0
    /// Bytes that each open descriptor has received and not yet sent back.
    var owed: [Int32: Int] = [:]
    /// The most that any owed at any time.
    var mostOwed = 0
    /// Take at most so many bytes in one send, and none in every third.
    var sendLimit: Int?
    var sends = 0
    /// How often each descriptor has received since the last wait.
    var receives: [Int32: Int] = [:]
    /// The most that any received between two waits.
    var mostReceives = 0
  }

  let entries = Monitor(Entries())

  /// Bytes received so far, by all descriptors.
  var received: Int { entries.with { $0.received } }
  /// Waits so far.
  var waits: Int { entries.with { $0.waits } }

  func accepted(_ outcome: Outcome) -> Outcome {
    entries.with {
      if outcome.isSuccess { ($0.failedBeforeLast, $0.failedAccepts) = ($0.failedAccepts, 0) }
      if let errno = outcome.errno, errno.rawValue != EAGAIN { $0.failedAccepts += 1 }
    }
    return opened(outcome)
  }

  func opened(_ outcome: Outcome) -> Outcome {
    if outcome.isSuccess {
      entries.with {
        let number = Int32(outcome.value)
        if !$0.open.insert(number).inserted { $0.mistakes.append("\(number) opened twice") }
        $0.owed[number] = 0
      }
    }
    return outcome
  }

  /// A descriptor that a test opened itself.
  func adopt(_ descriptor: Int32) { _ = opened(.value(Int(descriptor))) }

  func used(_ descriptor: Descriptor, in call: SystemError.Call) {
    entries.with {
      if call == .accept {
        $0.accepts += 1
        $0.mostAccepts = max($0.mostAccepts, $0.accepts)
      }
      guard !$0.open.contains(descriptor.rawValue) else { return }
      $0.mistakes.append("\(call) on descriptor \(descriptor), which is not open")
    }
  }

  func closing(_ descriptor: Descriptor) {
    entries.with {
      let number = descriptor.rawValue
      $0.failedAccepts = 0
      if $0.open.remove(number) == nil { $0.mistakes.append("\(number) closed twice") }
    }
  }

  func received(_ outcome: Outcome, by descriptor: Descriptor) {
    entries.with {
      $0.receives[descriptor.rawValue, default: 0] += 1
      $0.mostReceives = max($0.mostReceives, $0.receives[descriptor.rawValue] ?? 0)
      guard outcome.isSuccess else { return }
      $0.received += outcome.value
      $0.owed[descriptor.rawValue, default: 0] += outcome.value
      $0.mostOwed = max($0.mostOwed, $0.owed[descriptor.rawValue] ?? 0)
    }
  }

  /// How much of `count` bytes a send shall take; 0: it would block.
  func roomToSend(_ count: Int) -> Int {
    entries.with {
      $0.sends += 1
      guard let limit = $0.sendLimit else { return count }
      return $0.sends % 3 == 0 ? 0 : min(limit, count)
    }
  }

  func sent(_ outcome: Outcome, by descriptor: Descriptor) {
    guard outcome.isSuccess else { return }
    entries.with {
      $0.sent += outcome.value
      $0.owed[descriptor.rawValue, default: 0] -= outcome.value
    }
  }

  func watched(_ descriptor: Descriptor, _ operation: EpollOperation) {
    used(descriptor, in: .epollControl)
    entries.with {
      switch operation {
      case .add: $0.watched.insert(descriptor.rawValue)
      case .remove: $0.watched.remove(descriptor.rawValue)
      case .modify: break
      }
    }
  }

  func waiting() {
    entries.with {
      for number in $0.watched.subtracting($0.open) {
        $0.mistakes.append("\(number) was closed while it was watched")
        $0.watched.remove(number)
      }
      $0.waits += 1
      $0.accepts = 0
      $0.receives.removeAll(keepingCapacity: true)
    }
  }
}
