import Switchboard
import SwitchboardBase

/// What a load run measured.
public struct LoadResult: Sendable, Codable {
  /// What was asked for, in words: protocol, connections, and so on, by option.
  public var setup: [String: String]
  /// Where it was measured, when and how: one for each machine of a merged result.
  public var origins: [LoadOrigin]
  /// The figures of each run, where the load was repeated; of several generators side by side none.
  public var replicates: [LoadReplicate] = []
  /// Whether it ended before its time: by a signal, or since nothing answered any more.
  public var isEndedEarly: Bool
  /// Whether requests were made at a rate.
  public var isOpenLoop: Bool
  /// The measured window, in seconds.
  public var seconds: Double
  /// All requests of the run, those of ramp and warm-up among them: what the server's own count must
  /// agree with.
  public var all: LoadTally
  /// Requests that were due in the window.
  public var window: LoadTally
  /// Right replies that came in the window, whenever their requests were due.
  public var arrived: Int
  /// Open loop: requests of ramp and warm-up that waited to be sent when the window began. They were sent
  /// in it, and are not in its latencies.
  public var backlog: Int
  /// Bytes sent in the window.
  public var bytesSent: Int
  /// Bytes received in the window.
  public var bytesReceived: Int
  /// Connections that stood when the load began, idle ones among them.
  public var connected: Int
  /// Connections made in all.
  public var connectionsMade: Int
  /// What went wrong, over the whole run.
  public var failures: LoadFailures
  /// Latency of every request of ``window``, those without an answer among them, with the time they had
  /// waited when they were given up. Open loop: from the moment the request was due (corrected for
  /// coordinated omission). Closed loop: from the send. With churn the first request of a connection counts
  /// from the beginning of the connection.
  public var latency: LatencyHistogram
  /// Latency from the moment the request was really sent; in a closed loop the same.
  public var uncorrected: LatencyHistogram
  /// How long connections took to stand, the greeting included where the protocol has one.
  public var connecting: LatencyHistogram
  /// Open loop: how late the generator itself sent requests for which a connection was free.
  public var lag: LatencyHistogram
  /// What each thread used.
  public var threads: [LoadThreadFigures]
  /// What happened second by second, from the first request on.
  public var series: [LoadSecond]
  /// Open loop: each step of the rate.
  public var steps: [LoadStep]
  /// Where slow requests spent their time, where the server's recording was given.
  public var spans: LoadSpans?

  /// Whether every request was answered, and rightly, and every connection held; and whether there
  /// were requests at all where some were asked for.
  public var isFlawless: Bool {
    failures.server + failures.own == 0 && all.unanswered == 0 && all.isBalanced
      && (all.answered > 0 || setup["connections"] == "0")
  }
  /// Requests of the window that were answered, and rightly.
  public var requests: Int { window.answered }
  /// All requests that were answered, and rightly.
  public var allRequests: Int { all.answered }
  /// Requests a second: right replies that came in the window.
  public var rate: Double { seconds > 0 ? Double(arrived) / seconds : 0 }
  /// Requests a second that were due in the window and answered, whenever that was.
  public var goodput: Double { seconds > 0 ? Double(window.answered) / seconds : 0 }
  /// Processor time of the generator for one request, in microseconds.
  public var microsecondsPerRequest: Double {
    let used = threads.reduce(0) { $0 + $1.processorSeconds }
    return arrived > 0 ? used * 1e6 / Double(arrived) : 0
  }
  /// The share of its processor that the busiest thread used, 0 to 1.
  public var busiestShare: Double { threads.map(\.share).max() ?? 0 }
  /// Whether the generator had no time left, so that the server could perhaps have done more.
  public var isLimitedByGenerator: Bool { threads.contains { $0.isFull } }
}

/// What one thread of the generator used in the measured window.
public struct LoadThreadFigures: Sendable, Codable, Hashable {
  /// Processor time, in seconds.
  public var processorSeconds: Double
  /// Time in which it could have run and no processor was free, in seconds.
  public var waitedSeconds: Double
  /// The window, in seconds.
  public var seconds: Double

  /// The share of one processor that it used.
  public var share: Double { seconds > 0 ? processorSeconds / seconds : 0 }
  /// The share of the window in which it waited for a processor.
  public var waitShare: Double { seconds > 0 ? waitedSeconds / seconds : 0 }
  /// Whether it had less than a twentieth of its time to spare. A window of less than a tenth of a
  /// second is too short to tell.
  public var isFull: Bool { seconds > 0.1 && share + waitShare > 0.95 }
}

/// One second of a run, or the part of one that was left.
public struct LoadSecond: Sendable, Codable, Hashable {
  /// When it began, in seconds from the beginning of the window; negative before it.
  public let start: Double
  /// Its length in seconds.
  public let seconds: Double
  /// Whether it belongs to the window.
  public let isMeasured: Bool
  /// Right replies that came in it.
  public let requests: Int
  /// What went wrong in it.
  public let failures: Int
  /// Half of the latencies in it were no longer, in microseconds.
  public let p50: Double
  /// All but a hundredth were no longer, in microseconds.
  public let p99: Double
  /// The longest, in microseconds.
  public let longest: Double
  /// The latencies, as ``LatencyHistogram/entries``: nanoseconds and count by turns. So a long run
  /// keeps some kilobytes for a second, and seconds of several generators still add up exactly.
  private let entries: [UInt64]
  /// The same from the moment each request was sent, where that is told apart from when it was due.
  private let sent: [UInt64]?

  /// A second with these latencies.
  ///
  /// - Parameter sent: The same from the moment of sending; empty where that is not told apart.
  init(
    start: Double, seconds: Double, isMeasured: Bool, requests: Int, failures: Int,
    _ latency: LatencyHistogram, sent: LatencyHistogram = LatencyHistogram()
  ) {
    let microseconds = { (duration: Duration) in duration.inSeconds * 1e6 }
    (self.start, self.seconds, self.isMeasured) = (start, seconds, isMeasured)
    (self.requests, self.failures) = (requests, failures)
    p50 = microseconds(latency.percentile(50))
    p99 = microseconds(latency.percentile(99))
    longest = microseconds(latency.longest)
    entries = LoadSecond.pairs(latency)
    self.sent = sent.isEmpty ? nil : LoadSecond.pairs(sent)
  }

  private static func pairs(_ latency: LatencyHistogram) -> [UInt64] {
    latency.entries.flatMap { [$0.nanoseconds, UInt64($0.count)] }
  }

  /// Requests a second.
  public var rate: Double { seconds > 0 ? Double(requests) / seconds : 0 }

  /// Whether they are pairs, and together not more than a histogram may hold.
  var hasPlausibleEntries: Bool { [entries, sent ?? []].allSatisfy(LoadSecond.arePlausible) }

  private static func arePlausible(_ entries: [UInt64]) -> Bool {
    var room = UInt64(LatencyHistogram.most)
    for count in stride(from: 1, to: entries.count, by: 2).map({ entries[$0] }) {
      guard count <= room else { return false }
      room -= count
    }
    return entries.count % 2 == 0
  }

  /// The latencies in it: of an open loop from the moment each request was due.
  public var latency: LatencyHistogram { LoadSecond.histogram(entries) }
  /// The same from the moment each request was sent; empty in a closed loop, where that is when it was due.
  public var uncorrected: LatencyHistogram { LoadSecond.histogram(sent ?? []) }

  private static func histogram(_ entries: [UInt64]) -> LatencyHistogram {
    var latency = LatencyHistogram()
    add(entries, to: &latency)
    return latency
  }

  func add(to latency: inout LatencyHistogram, sent uncorrected: inout LatencyHistogram) {
    LoadSecond.add(entries, to: &latency)
    LoadSecond.add(sent ?? [], to: &uncorrected)
  }

  private static func add(_ entries: [UInt64], to latency: inout LatencyHistogram) {
    for place in stride(from: 0, to: entries.count - 1, by: 2) {
      latency.record(nanoseconds: entries[place], count: Int(clamping: entries[place + 1]))
    }
  }
}

/// One step of an open loop.
public struct LoadStep: Sendable, Codable {
  /// The rate that was asked for.
  public var asked: Double
  /// Its length in seconds.
  public var seconds: Double
  /// Requests that were due in it, whenever their replies came.
  public var tally: LoadTally
  /// Latency of each from the moment it was due.
  public var latency: LatencyHistogram

  /// A step to come.
  init(asked: Double) {
    (self.asked, seconds, tally, latency) = (asked, 0, LoadTally(), LatencyHistogram())
  }

  /// Requests a second that were due in it and answered.
  public var rate: Double { seconds > 0 ? Double(tally.answered) / seconds : 0 }
}

/// How a run is going.
public enum LoadProgress: Sendable {
  /// Connections stand, of so many; failures so far.
  case connecting(done: Int, of: Int, failures: Int)
  /// A second is over.
  case second(LoadSecond, failures: LoadFailures)
}
