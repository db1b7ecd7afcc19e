import Dispatch
import Switchboard
import Synchronization

/// What the threads of a run and the one that waits for them tell each other.
final class LoadControl: Sendable {
  /// When the load begins, on the monotonic clock; 0 as long as that is not known.
  let begin = Atomic<UInt64>(0)
  /// The run shall end now.
  let isStopped = Atomic<Bool>(false)
  /// Connections whose first attempt is over.
  let attempted = Atomic<Int>(0)
  /// Those among them that stand.
  let connected = Atomic<Int>(0)
  /// Threads that have nothing more to measure. They hold their connections until the last has.
  private let settled = Atomic<Int>(0)
  /// The loops have ended before they were to: what of them is not known comes no more.
  private let isBroken = Atomic<Bool>(false)
  /// All have: they may close their connections, and end.
  let isReleased = Atomic<Bool>(false)
  /// When a byte last came from a server, on the monotonic clock, as of the threads' last looks.
  let heard = Atomic<UInt64>(0)
  /// Threads that have begun.
  private let begun = Atomic<Int>(0)
  /// Raised with every interval, and by each thread that settles or finishes.
  private let news = DispatchSemaphore(value: 0)
  private let mail = Lock<[LoadInterval]>([])
  private let shares = Lock<[LoadShare]>([])
  private let early = Lock(LoadFailures())

  func report(_ interval: consuming LoadInterval) {
    let interval = interval
    mail.withLock { $0.append(interval) }
    news.signal()
  }

  /// A thread has nothing more to measure.
  func settle() {
    settled.add(1, ordering: .releasing)
    news.signal()
  }

  /// Whether so many threads, all of them, have nothing more to measure.
  func areSettled(_ threads: Int) -> Bool {
    settled.load(ordering: .acquiring) >= threads || isBroken.load(ordering: .acquiring)
  }

  /// The loops have ended.
  func breakOff() {
    isBroken.store(true, ordering: .releasing)
    isStopped.store(true, ordering: .relaxed)
    news.signal()
  }

  /// Whether so many threads, all of them, have told what they measured.
  func areFinished(_ threads: Int) -> Bool {
    finished.count >= threads || isBroken.load(ordering: .acquiring)
  }

  /// The number of the next thread, from 0 on.
  func takeNumber() -> Int { begun.add(1, ordering: .relaxed).oldValue }

  /// Waits for an interval, or for a thread that settles. Whoever looks again and again instead takes time
  /// from the threads that measure, where all share a processor.
  func waitForNews() { news.wait() }

  func takeIntervals() -> [LoadInterval] {
    mail.withLock { mail in
      defer { mail = [] }
      return mail
    }
  }

  func finish(_ share: consuming LoadShare) {
    let share = share
    shares.withLock { $0.append(share) }
    news.signal()
  }

  /// What the threads that have ended measured.
  var finished: [LoadShare] { shares.withLock { $0 } }

  /// A failure while connections are made, for the line that tells how that goes.
  func reportEarly(_ failures: LoadFailures) { early.withLock { $0.merge(failures) } }
  var earlyFailures: LoadFailures { early.withLock { $0 } }
}

/// What one thread did in one second, or in a part of one that belongs to one step.
struct LoadInterval: Sendable {
  /// The same in all threads.
  var number = 0
  /// Nanoseconds from the window's beginning.
  var start: Int64 = 0
  var nanoseconds: UInt64 = 0
  var isMeasured = false
  /// Right replies that came in it.
  var requests = 0
  var failures = LoadFailures()
  /// Of requests that were due in the window.
  var latency = LatencyHistogram()
  /// Of the same, from the moment each was sent; of a closed loop nothing, since that is when it was due.
  var uncorrected = LatencyHistogram()
  /// Both of those that were due before.
  private(set) var earlier: (due: LatencyHistogram, sent: LatencyHistogram)?

  /// A request that was due before the window came to an end.
  ///
  /// - Parameter sent: Since it was sent; nil where that is not told apart.
  mutating func recordEarlier(_ nanoseconds: UInt64, sent: UInt64?) {
    if earlier == nil { earlier = (LatencyHistogram(), LatencyHistogram()) }
    earlier?.due.record(nanoseconds: nanoseconds)
    if let sent { earlier?.sent.record(nanoseconds: sent) }
  }

  /// All that came to an end in it.
  var everything: LatencyHistogram {
    var all = latency
    if let earlier { all.merge(earlier.due) }
    return all
  }

  /// The same, from the moment each was sent.
  var everythingSent: LatencyHistogram {
    var all = uncorrected
    if let earlier { all.merge(earlier.sent) }
    return all
  }

  /// Adds what another thread did in the same time.
  mutating func add(_ other: LoadInterval) {
    requests += other.requests
    failures.merge(other.failures)
    latency.merge(other.everything)
    uncorrected.merge(other.everythingSent)
    nanoseconds = max(nanoseconds, other.nanoseconds)
  }
}

/// What one thread measured in the whole run.
struct LoadShare: Sendable {
  var all = LoadTally()
  var window = LoadTally()
  var arrived = 0
  var backlog = 0
  var bytesSent = 0
  var bytesReceived = 0
  var connectionsMade = 0
  var windowNanoseconds: UInt64 = 0
  var failures = LoadFailures()
  var latency = LatencyHistogram()
  var uncorrected = LatencyHistogram()
  var connecting = LatencyHistogram()
  var lag = LatencyHistogram()
  var steps: [LoadStep] = []
  var traces = RequestTraces()
  var figures = LoadThreadFigures(processorSeconds: 0, waitedSeconds: 0, seconds: 0)
}
