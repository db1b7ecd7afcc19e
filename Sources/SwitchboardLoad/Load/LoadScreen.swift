import Glibc
import Switchboard
import SwitchboardBase

/// A load while it runs, on a whole screen: how far it is, the rate, each second's latencies, percentiles and errors.
///
/// It makes no call and reads no clock: it is told what happens and when, and answers what is to be seen. Seconds
/// come from the generator's threads as they come to the line of ``LoadMeter``; a frame costs them nothing.
package struct LoadScreen: Sendable {
  /// The smallest terminal that it is drawn on, in columns and rows.
  package static let least = (columns: 80, rows: 20)
  /// No terminal shows more seconds than this.
  static let most = 1024
  /// The places of an octave of the heat map's histograms are two to this power.
  static let fineness = 4

  /// What one second brought.
  struct Second: Sendable {
    let start: Double
    let rate: Double
    let isMeasured: Bool
    /// From the shortest on.
    let heat: [Height]
  }

  /// Latencies that are alike: their middle and their ends, as logarithms to base two of nanoseconds.
  struct Height: Sendable {
    let middle: Double
    let ends: ClosedRange<Double>
    let count: Int
  }

  let title: String
  let isOpenLoop: Bool
  /// The window's length, and how long the load lasts before it, in seconds.
  private let window: Double
  let lead: Double
  /// How many requests end the run, where their number does.
  private let wanted: Int?

  /// Which of several runs this is: what the title begins with.
  var label = ""
  private(set) var seconds: [Second] = []
  /// All latencies of the window so far.
  private(set) var latency = LatencyHistogram()
  /// What the axis of all latencies so far reaches from and to.
  private(set) var heights: ClosedRange<Double>?
  private(set) var failures = LoadFailures()
  /// Connections, while they are made.
  private(set) var connecting: (done: Int, all: Int, failures: Int)?
  private var requests = 0
  /// A moment of a clock, and what of the run's time it was: 0 is the window's beginning.
  private var known: (moment: Double, time: Double)?
  /// Since when nothing moves, on the run's clock.
  private(set) var frozen: Double?
  /// What came while nothing moved.
  private var held: [LoadProgress] = []
  /// Whether the axis fits what is visible, and not all that there was.
  package private(set) var fitsVisible = false
  /// Somebody has asked for the end.
  package private(set) var isEnding = false

  /// A screen for a run.
  package init(_ options: LoadOptions, label: String = "") {
    self.label = label
    title = LoadReport.title(options.setup, isOpenLoop: options.isOpenLoop)
    isOpenLoop = options.isOpenLoop
    window = options.duration.inSeconds
    lead = (options.ramp + options.warmUp).inSeconds
    wanted = options.requests
  }

  // -------------------------------------------------------------------------- what happens

  /// The load has begun at a moment, in seconds of any clock.
  package mutating func begins(at moment: Double) {
    known = (moment, -lead)
    connecting = nil
  }

  /// Something happened, at a moment.
  package mutating func note(_ news: LoadProgress, at moment: Double) {
    if frozen != nil {
      // Minutes of it are enough; who freezes for longer finds a gap.
      held.append(news)
      if held.count > LoadScreen.most { held.removeFirst() }
    }
    switch news {
    case .connecting(let done, let all, let failures):
      if known == nil { connecting = (done, all, failures) }
    case .second(let second, let failures):
      known = (moment, second.start + second.seconds)
      if frozen == nil { take(second, failures) }
    }
  }

  private mutating func take(_ second: LoadSecond, _ failures: LoadFailures) {
    connecting = nil
    self.failures = failures
    let heat = LoadScreen.heights(second.latency)
    seconds.append(
      Second(start: second.start, rate: second.rate, isMeasured: second.isMeasured, heat: heat))
    if seconds.count > LoadScreen.most { seconds.removeFirst() }
    if second.isMeasured {
      latency.merge(second.latency)
      requests += second.requests
    }
    heights = LoadScreen.range(heat, with: heights)
  }

  /// Reckoned once for a second, and not for each frame.
  private static func heights(_ latency: LatencyHistogram) -> [Height] {
    CoarseHistogram(latency, fineness: fineness).entries.map { entry in
      let from = log2(CoarseHistogram.bound(entry.place, fineness))
      let to = log2(CoarseHistogram.bound(entry.place + 1, fineness))
      return Height(middle: (from + to) / 2, ends: from...to, count: entry.count)
    }
  }

  /// What both need of an axis.
  static func range(_ heat: [Height], with known: ClosedRange<Double>?) -> ClosedRange<Double>? {
    guard let low = heat.first?.ends.lowerBound, let high = heat.last?.ends.upperBound else {
      return known
    }
    return min(low, known?.lowerBound ?? low)...max(high, known?.upperBound ?? high)
  }

  // ---------------------------------------------------------------------------------- keys

  /// Stops all movement, or lets it go on with what came meanwhile.
  package mutating func freeze(at moment: Double) {
    guard frozen != nil else {
      frozen = time(at: moment) ?? 0
      return
    }
    frozen = nil
    for case .second(let second, let failures) in held { take(second, failures) }
    held = []
  }

  /// Fits the axis of latencies to what is visible, or to all that there was.
  package mutating func rescale() { fitsVisible.toggle() }

  /// Says that the end has been asked for.
  package mutating func end() { isEnding = true }

  // ---------------------------------------------------------------------------------- time

  /// The run's time at a moment; nil before it has begun.
  func time(at moment: Double) -> Double? {
    frozen ?? known.map { $0.time + max(0, moment - $0.moment) }
  }

  /// How much of the run is over, from 0 to 1.
  func share(at moment: Double) -> Double {
    guard let time = time(at: moment) else { return 0 }
    let byTime = (time + lead) / max(1e-9, window + lead)
    let byCount = wanted.map { Double(requests) / Double(max(1, $0)) } ?? 0
    return max(0, min(1, max(byTime, byCount)))
  }

  /// How long it is, and how much is left, in words.
  func told(at moment: Double) -> String {
    if let connecting {
      let failed =
        connecting.failures > 0 ? ", \(Figures.grouped(connecting.failures)) attempts failed" : ""
      return "connecting: \(Figures.grouped(connecting.done)) of "
        + "\(Figures.grouped(connecting.all))\(failed)"
    }
    guard let time = time(at: moment) else { return "connecting" }
    if isEnding { return "ending: what is on its way is awaited" }
    let tenths = { (seconds: Double) in Figures.fixed(max(0, seconds), places: 1) + " s" }
    if time < 0 { return "warm-up, \(tenths(-time)) to the window" }
    if let wanted {
      let left = max(0, wanted - requests)
      return "\(tenths(time)), \(Figures.counted(left, "request")) left"
    }
    if time > window { return "the window is over: what is on its way is awaited" }
    return "\(tenths(time)) of \(LoadScreen.length(window)), \(tenths(window - time)) left"
  }

  private static func length(_ seconds: Double) -> String {
    Figures.fixed(seconds, places: seconds == seconds.rounded() ? 0 : 1) + " s"
  }

  /// How many columns of a screen a second takes: more where the whole run has room.
  func breadth(of columns: Int) -> Int {
    guard wanted == nil, window + lead >= 1 else { return 1 }
    return max(1, min(8, columns / Int(min(1e6, (window + lead).rounded(.up)))))
  }
}
