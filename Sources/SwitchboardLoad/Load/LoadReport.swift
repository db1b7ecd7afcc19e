import Switchboard
import SwitchboardBase

/// What a load run measured, as lines to read.
public struct LoadReport: Sendable {
  private let result: LoadResult
  let width: Int
  let ink: Ink

  /// A report for a terminal of so many columns.
  public init(_ result: LoadResult, width: Int, color: Bool) {
    self.result = result
    self.width = max(LoadReport.narrowest, min(width, LoadReport.widest))
    ink = Ink(isOn: color)
  }

  /// Labels take thirteen columns; prose wider than this is hard to read.
  private static let (narrowest, widest) = (30, 120)

  /// The lines, the verdict on the generator itself last.
  public var lines: [String] {
    var lines =
      Prose.wrapped(title, to: width).map(bold)
      + Prose.wrapped(conditions, to: width).map(faint) + [""]
    lines += rateLines + [""] + (isStepped ? stepLines : latencyLines)
    if let spans = result.spans { lines += [""] + spanLines(spans) }
    lines += [""] + figureLines
    if !result.failures.kinds.isEmpty { lines += [""] + failureLines }
    let warnings = self.warnings
    if !warnings.isEmpty { lines += [""] + warnings.flatMap { wrapped($0) } }
    return lines
  }

  // ---------------------------------------------------------------------------- headings

  /// Who was asked what, over how many connections, and how.
  package var title: String { LoadReport.title(result.setup, isOpenLoop: result.isOpenLoop) }

  /// The same of a run to come, by its options.
  static func title(_ setup: [String: String], isOpenLoop: Bool) -> String {
    let target = setup["target"] ?? "?"
    let count = Int(setup["connections"] ?? "") ?? 0
    let connections = Figures.counted(count, "connection")
    return "\(target), \(setup["protocol"] ?? "?"): \(connections), \(loop(setup, isOpenLoop))"
  }

  private static func loop(_ setup: [String: String], _ isOpenLoop: Bool) -> String {
    guard isOpenLoop else { return "closed loop" }
    let rates = (setup["rate"] ?? "").split(separator: ",").compactMap { Double($0) }
    return "open loop at "
      + rates.map { Figures.grouped(Figures.whole($0)) }
      .joined(separator: ", ") + " requests/s"
  }

  /// How long, and with which options.
  package var conditions: String {
    let named =
      LoadReport.exchanged
      + ["pipeline", "size", "churn", "think", "ramp", "burst", "idle", "threads"]
    let parts = named.compactMap { name in
      result.setup[name].flatMap { name == "pipeline" && $0 == "1" ? nil : "\(name) \($0)" }
    }
    return "measured for \(seconds(result.seconds)); " + parts.joined(separator: ", ")
  }

  // ------------------------------------------------------------------------------ the rate

  /// Rates of several steps have no average that means anything.
  package var isStepped: Bool { result.steps.count > 1 }

  private var rateLines: [String] {
    let rates = result.series.filter { $0.isMeasured && $0.seconds > 0.2 }.map(\.rate)
    var lines = headline
    if let low = rates.min(), let high = rates.max(), rates.count > 1 {
      if !isStepped, low < high {
        let span = [low, high].map { Figures.grouped(Figures.whole($0)) }.joined(separator: " to ")
        lines += rows("", span + " by the second").map(faint)
      }
      let room = width - 14
      lines.append(label("") + tinted(LoadMeter.sparkline(LoadReport.thinned(rates, to: room))))
    }
    if result.replicates.count > 1, !isStepped { lines += rows("", replicated) }
    return lines + rows("", counted) + (behind.map { rows("", $0) } ?? [])
  }

  /// The rate, or that there were several; where something went wrong, how much of how much.
  private var headline: [String] {
    let steps = "\(Figures.counted(result.steps.count, "step")), told apart below"
    let rate = isStepped ? steps : perSecond(result.rate)
    guard let trouble else { return [label("Rate") + (isStepped ? rate : strong(rate))] }
    let lines = Prose.wrapped("\(rate), \(trouble)", to: width - 13)
    return lines.enumerated().map { label($0 == 0 ? "Rate" : "") + wrong($1) }
  }

  /// What went wrong, of how many; nil where nothing did.
  package var trouble: String? {
    let (tally, errors) = (result.window, result.failures.server + result.failures.own)
    let failed = LoadReport.failed(of: tally)
    if failed > 0 {
      return "\(Figures.grouped(failed)) of \(Figures.counted(tally.due, "request")) failed"
    }
    return errors > 0 ? Figures.counted(errors, "error") : nil
  }

  /// Requests that came to a bad end: not those that were on their way when the run was ended.
  private static func failed(of tally: LoadTally) -> Int {
    tally.wrong + tally.lost + tally.unsent
  }

  /// How many requests were due, and what became of each.
  package var counted: String {
    let tally = result.window
    let due = Figures.counted(tally.due, "request") + " due"
    if tally.answered == tally.due, tally.due > 0 {
      return "\(due), all answered, every reply \(isChecked ? "checked" : "read to its end")"
    }
    let ends = [
      (tally.wrong, "answered wrongly"), (tally.lost, "lost"), (tally.unsent, "never sent"),
      (tally.inFlight, "in flight at the end"),
    ]
    let answered = tally.answered > 0 ? Figures.grouped(tally.answered) : "none"
    return ends.filter { $0.0 > 0 }.reduce("\(due): \(answered) answered") {
      $0 + ", \(Figures.grouped($1.0)) \($1.1)"
    }
  }

  /// What an exchange is, by option.
  private static let exchanged = [
    "request", "header", "body", "command", "send", "expect", "expect-length", "expect-until",
  ]

  /// Whether it was known what each reply must be, to the byte.
  private var isChecked: Bool {
    let spoken = LoadProtocol(rawValue: result.setup["protocol"] ?? "") ?? .frames
    return !spoken.wantsExchange || result.setup["expect"] != nil
  }

  /// How much the runs differ.
  private var replicated: String {
    let (rates, p99) = (
      Sample(result.replicates.map(\.rate)), Sample(result.replicates.map(\.p99))
    )
    func span(_ sample: Sample, _ text: (Double) -> String) -> String {
      [sample.least, sample.median, sample.most].map { text($0 ?? 0) }.joined(separator: ", ")
    }
    return "\(result.replicates.count) runs; least, median, most: rate "
      + span(rates) { Figures.grouped(Figures.whole($0)) } + "; p99 " + span(p99, LoadMeter.time)
  }

  /// What an overload hides in the rate: replies to requests of the warm-up, or of long before.
  private var behind: String? {
    guard result.isOpenLoop, result.backlog > 0 else { return nil }
    return "\(perSecond(result.goodput)) of those that were due in the window; "
      + "\(Figures.counted(result.backlog, "request")) of the warm-up waited when it began"
  }

  /// At most so many values, each the average of those it stands for.
  static func thinned(_ values: [Double], to count: Int) -> [Double] {
    guard values.count > count, count > 0 else { return values }
    return (0..<count).map { place in
      let range = place * values.count / count..<(place + 1) * values.count / count
      return values[range].reduce(0, +) / Double(max(1, range.count))
    }
  }

  // --------------------------------------------------------------------------- latencies

  private var latencyLines: [String] {
    let heads = ["p50", "p90", "p99", "p99.9", "max", "mean"]
    var rows = [("Latency", heads)]
    if result.isOpenLoop {
      rows.append(("  since due", times(result.latency)))
      rows.append(("  since sent", times(result.uncorrected)))
    } else {
      rows.append(("", times(result.latency)))
    }
    let (widths, gap) = columns(rows.map(\.1), sparing: heads.firstIndex(of: "p90") ?? 0)
    return rows.enumerated().map { number, row in
      let text = Columns.line(widths.map { row.1[$0.column] }, widths.map(\.width), gap: gap)
      let name = row.0.padded(to: 13)
      let isHeadline = number == 1 && trouble == nil
      return number == 0 ? bold(name) + faint(text) : name + (isHeadline ? strong(text) : text)
    }
  }

  /// The columns that fit, with their widths, and what stands between them. One of them goes first
  /// where there is no room, and the last next.
  private func columns(
    _ rows: [[String]], sparing spare: Int
  ) -> ([(column: Int, width: Int)], gap: Int) {
    var columns = Columns.widths(rows).enumerated().map { (column: $0, width: $1) }
    let fits = { (gap: Int) in
      columns.reduce(0) { $0 + $1.width + gap } - gap <= width - 13
    }
    if fits(3) { return (columns, 3) }
    if !fits(2) { columns.remove(at: spare) }
    while !fits(2), columns.count > 1 { columns.removeLast() }
    return (columns, 2)
  }

  private func times(_ latency: LatencyHistogram) -> [String] {
    guard !latency.isEmpty else { return Array(repeating: "-", count: 6) }
    let percentiles = [50, 90, 99, 99.9].map { Figures.brief(latency.percentile($0)) }
    return percentiles + [Figures.brief(latency.longest), Figures.brief(latency.mean)]
  }

  private var stepLines: [String] {
    let failed = result.steps.map { LoadReport.failed(of: $0.tally) }
    let hasFailed = failed.contains { $0 > 0 }
    let heads = ["asked", "got"] + (hasFailed ? ["failed"] : []) + ["p50", "p99", "p99.9", "max"]
    let rows = zip(result.steps, failed).map { step, failed in
      let latency = step.latency
      let rates = [step.asked, step.rate].map { Figures.grouped(Figures.whole($0)) + "/s" }
      return rates + (hasFailed ? [Figures.grouped(failed)] : [])
        + [50, 99, 99.9].map { Figures.brief(latency.percentile($0)) }
        + [Figures.brief(latency.longest)]
    }
    let (widths, gap) = columns([heads] + rows, sparing: heads.firstIndex(of: "p99.9") ?? 0)
    return ([heads] + rows).enumerated().map { number, row in
      let text = Columns.line(widths.map { row[$0.column] }, widths.map(\.width), gap: gap)
      if number == 0 { return bold("Steps".padded(to: 13)) + faint(text) }
      return label("") + (failed[number - 1] > 0 ? wrong(text) : text)
    }
  }

  // ---------------------------------------------------------------------------- the rest

  private var figureLines: [String] {
    var lines: [String] = []
    if !result.connecting.isEmpty {
      let made = Figures.grouped(result.connectionsMade)
      let (half, slowest) = (result.connecting.percentile(50), result.connecting.longest)
      lines += rows(
        "Connections",
        result.connectionsMade == 1
          ? "1 made in \(Figures.brief(slowest))"
          : "\(made) made; half of them within \(Figures.brief(half)), the slowest in "
            + Figures.brief(slowest))
    }
    if result.seconds > 0 {
      let rates = [result.bytesSent, result.bytesReceived].map {
        LoadReport.bytes(Double($0) / result.seconds) + "/s"
      }
      lines += rows("Bytes", "\(rates[0]) sent, \(rates[1]) received")
    }
    return lines + rows("Generator", generator)
  }

  private var generator: String {
    let shares = result.threads.map { Figures.fixed($0.share * 100, places: 0) + " %" }
    let listed = shares.count <= 8 ? shares.joined(separator: ", ") : "up to \(busiest)"
    let threads = Figures.counted(shares.count, "thread")
    return "\(threads) used \(listed) of a processor, "
      + Figures.fixed(result.microsecondsPerRequest, places: 2) + " µs a request"
  }

  private var busiest: String { Figures.fixed(result.busiestShare * 100, places: 0) + " %" }

  private var failureLines: [String] {
    failureNotes.flatMap { wrapped($0.text, after: $0.whose.padded(to: 13)) }
  }

  /// What went wrong, by kind: how often, the first case, and what to do.
  package var failureNotes: [(whose: String, text: String)] {
    result.failures.kinds.map { kind in
      let count = Figures.grouped(result.failures[kind])
      let example = result.failures.examples[kind.rawValue].map { " (first: \($0))" } ?? ""
      let whose = kind.isOwn ? "own limit" : "error"
      return (whose, "\(count) × \(kind.meaning)\(example): \(kind.advice)")
    }
  }

  /// What makes the figures mean less than they seem to.
  package var warnings: [String] {
    var warnings: [String] = []
    if let thread = result.threads.first(where: { $0.isFull }) {
      let used = Figures.fixed(thread.share * 100, places: 0)
      let waited = Figures.fixed(thread.waitShare * 100, places: 0)
      warnings.append(
        "The generator limits this result: a thread used \(used) % of a processor and waited "
          + "\(waited) % of the time for one. The server may do better: "
          + (thread.waitShare > 0.1
            ? "leave the generator a processor of its own, or run it on another machine."
            : "give more --threads, or run the generator on another machine."))
    }
    if !result.all.isBalanced || !result.window.isBalanced {
      warnings.append(
        "The account does not balance: requests were due that came to no end, or to two. That is a bug "
          + "of the generator; do not use these figures, and report it.")
    }
    let unsent = result.window.unsent
    if result.isOpenLoop, unsent > result.requests / 100 {
      warnings.append(
        "The server did not keep up: \(Figures.grouped(unsent)) requests could not be sent "
          + "before the end, and count as long as they had waited by then. Lower --rate, or give "
          + "more --connections.")
    }
    if result.isOpenLoop, result.lag.percentile(99) * 10 > result.latency.percentile(50),
      result.lag.percentile(99) > .milliseconds(1)
    {
      warnings.append(
        "The generator itself was late: a hundredth of its requests were sent more than "
          + "\(Figures.brief(result.lag.percentile(99))) after they were due.")
    }
    if let note = Machine.buildNote { warnings.append(note) }
    return warnings
  }
}
