import SwitchboardBase

@testable import SwitchboardLoad

/// Results as a load might measure them, for its page.
enum LoadSamples {
  /// Latencies that spread over three decades, with a slow tail now and then.
  ///
  /// - Parameters:
  ///   - requests: In each second.
  ///   - rates: Those that were asked for; none is a closed loop.
  ///   - errors: In each fifth second.
  ///   - pause: Seconds in which nothing comes.
  static func result(
    seconds: Int, requests: Int = 1000, rates: [Double] = [], errors: Int = 0, seed: UInt64 = 1,
    pause: Range<Int> = 0..<0
  ) -> LoadResult {
    var (chance, share) = (Chance(seed: seed), LoadShare())
    let isOpen = !rates.isEmpty
    let series = (-1..<seconds).map { number -> LoadSecond in
      var (due, sent) = (LatencyHistogram(), LatencyHistogram())
      for request in 0..<(pause.contains(number) ? 0 : requests) {
        let stall = number % 7 == 3 ? 20.0 : 1
        let time = 150_000 * (1 + 3 * Double.random(in: 0...1, using: &chance))
        let waited = request % 50 == 0 ? time * stall * 8 : 0
        sent.record(nanoseconds: UInt64(time))
        due.record(nanoseconds: UInt64(time + waited))
      }
      if number >= 0 {
        share.latency.merge(due)
        share.uncorrected.merge(isOpen ? sent : due)
      }
      return LoadSecond(
        start: Double(number), seconds: 1, isMeasured: number >= 0, requests: due.count,
        failures: number % 5 == 4 ? errors : 0, due, sent: isOpen ? sent : LatencyHistogram())
    }
    return result(options(seconds, rates), share, series, errors: errors * (seconds / 5))
  }

  private static func options(_ seconds: Int, _ rates: [Double]) -> LoadOptions {
    var options = LoadOptions(on: [.loopback(port: 9090)])
    (options.connections, options.speaking, options.rates) = (64, .echo, rates)
    options.duration = .seconds(max(1, seconds))
    return options
  }

  private static func result(
    _ options: LoadOptions, _ share: LoadShare, _ series: [LoadSecond], errors: Int
  ) -> LoadResult {
    var share = share
    share.window.due = share.latency.count + errors
    (share.window.answered, share.window.lost) = (share.latency.count, errors)
    (share.all, share.arrived) = (share.window, share.latency.count)
    share.windowNanoseconds = UInt64(max(1, options.duration.inSeconds)) * 1_000_000_000
    if errors > 0 { share.failures.add(.reset, count: errors, "recv 127.0.0.1:9090: ECONNRESET") }
    if options.rates.count > 1 {
      share.steps = options.rates.map { rate in
        var step = LoadStep(asked: rate)
        step.seconds = options.duration.inSeconds / Double(options.rates.count)
        (step.tally.due, step.tally.answered) = (Int(rate), Int(rate))
        step.latency = share.latency
        return step
      }
    }
    var result = LoadResult(options, [share], series, connected: 64)
    result.origins = [LoadOrigin(version: "0.1.0", command: ["switchboard", "load", "<&>"])]
    return result
  }

  /// By what is special about each.
  static let all: [(name: String, result: LoadResult)] = [
    ("closed", result(seconds: 10)),
    ("steps", result(seconds: 12, rates: [500, 1000, 2000, 5000])),
    ("errors", result(seconds: 30, rates: [1000], errors: 12)),
    ("long", result(seconds: 700, requests: 200, rates: [200])),
    ("paused", result(seconds: 20, rates: [1000], pause: 7..<12)),
    ("one", result(seconds: 1, requests: 1)),
    ("nothing", result(seconds: 3, requests: 0)),
    ("empty", result(seconds: -1)),
  ]
}
