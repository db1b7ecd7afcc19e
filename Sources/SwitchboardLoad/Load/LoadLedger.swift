/// The account of all requests of a thread: what was due, what became of it, and how long it took.
///
/// It makes no call and reads no clock: it is told each moment, in nanoseconds on one clock. A request
/// belongs to the window if it was *due* in it, whenever its answer comes; a reply that *comes* in the window
/// is throughput, whenever its request was due. What is never answered has waited at least until it was given
/// up, and that stands among the latencies: a server that swallows its slowest requests does not look well.
struct LoadLedger: Sendable {
  /// How a request ends that gets no right answer.
  enum Loss { case wrong, lost, inFlight }

  private(set) var all = LoadTally()
  /// Those that were due in the window.
  private(set) var window = LoadTally()
  /// Right replies that came in the window.
  private(set) var arrived = 0
  /// What happened since the last interval was taken.
  private(set) var interval = LoadInterval()
  /// Of the requests of the window: from the moment each was due, and from the one it was sent.
  private(set) var latency = LatencyHistogram()
  private(set) var uncorrected = LatencyHistogram()
  private(set) var steps: [LoadStep] = []

  /// When the window begins and is planned to end, and when it ended.
  private var start = UInt64.max
  private var end = UInt64.max
  private var over = UInt64.max
  private var stepLength = UInt64.max
  /// Whether sending is apart from being due: in an open loop.
  private let tellsSending: Bool

  init(tellsSending: Bool) { self.tellsSending = tellsSending }

  /// The timetable is known; before that nothing is due.
  mutating func begin(window start: UInt64, end: UInt64, steps rates: [Double]) {
    (self.start, self.end, over) = (start, end, end)
    stepLength = max(1, (end - min(start, end)) / UInt64(max(1, rates.count)))
    // One step is the window.
    if rates.count > 1 { steps = rates.map { LoadStep(asked: $0) } }
  }

  /// Whether a request that is due then is one of the window.
  @inline(__always)
  func isInWindow(_ due: UInt64) -> Bool { due >= start && due < end }

  private func step(_ due: UInt64) -> Int {
    min(Int((due - start) / stepLength), steps.count - 1)
  }

  // ------------------------------------------------------------------------- what happens

  /// A request is due.
  @inline(__always)
  mutating func isDue(_ due: UInt64) {
    all.due += 1
    guard isInWindow(due) else { return }
    window.due += 1
    if !steps.isEmpty { steps[step(due)].tally.due += 1 }
  }

  /// It was answered, and rightly.
  @inline(__always)
  mutating func answered(_ request: LoadSending, at now: UInt64) {
    all.answered += 1
    if now <= over {
      interval.requests += 1
      if now >= start { arrived += 1 }
    }
    let sent = tellsSending ? now &- request.sent : nil
    guard isInWindow(request.due) else {
      return interval.recordEarlier(now &- request.due, sent: sent)
    }
    window.answered += 1
    interval.latency.record(nanoseconds: now &- request.due)
    if let sent { interval.uncorrected.record(nanoseconds: sent) }
    if !steps.isEmpty { noteStep(request.due, now) { $0.answered += 1 } }
  }

  /// It will get no right answer any more.
  mutating func lost(_ request: LoadSending, at now: UInt64, _ loss: Loss) {
    let count = { (tally: inout LoadTally) in
      switch loss {
      case .wrong: tally.wrong += 1
      case .lost: tally.lost += 1
      case .inFlight: tally.inFlight += 1
      }
    }
    count(&all)
    let waited = now - min(request.due, now)
    let sent = tellsSending ? now - min(request.sent, now) : nil
    guard isInWindow(request.due) else { return interval.recordEarlier(waited, sent: sent) }
    count(&window)
    interval.latency.record(nanoseconds: waited)
    if let sent { interval.uncorrected.record(nanoseconds: sent) }
    if !steps.isEmpty { noteStep(request.due, now, count) }
  }

  /// Requests were due then, or soon after, and are not sent any more; nobody has counted them as due yet.
  mutating func unsent(due: UInt64, count: Int, at now: UInt64) {
    all.due += count
    all.unsent += count
    guard isInWindow(due) else { return }
    window.due += count
    window.unsent += count
    let waited = now - min(due, now)
    interval.latency.record(nanoseconds: waited, count: count)
    guard !steps.isEmpty else { return }
    let place = step(due)
    steps[place].tally.due += count
    steps[place].tally.unsent += count
    steps[place].latency.record(nanoseconds: waited, count: count)
  }

  private mutating func noteStep(_ due: UInt64, _ now: UInt64, _ count: (inout LoadTally) -> Void) {
    let place = step(due)
    count(&steps[place].tally)
    steps[place].latency.record(nanoseconds: now - min(due, now))
  }

  /// Something went wrong with a connection or a request.
  mutating func failed(_ kind: LoadFailure, count: Int, _ example: String) {
    interval.failures.add(kind, count: count, example)
  }

  // ---------------------------------------------------------------------------- intervals

  /// The first interval begins, so long before the window.
  mutating func open(at start: Int64) {
    interval = LoadInterval()
    interval.start = start
  }

  mutating func intervalIsMeasured() { interval.isMeasured = true }

  /// Ends the present interval after so long, and begins the next; nil where it had no length.
  mutating func cut(after nanoseconds: UInt64) -> LoadInterval? {
    guard nanoseconds > 0 else { return nil }
    interval.nanoseconds = nanoseconds
    latency.merge(interval.latency)
    uncorrected.merge(interval.uncorrected)
    let past = interval
    interval = LoadInterval()
    interval.number = past.number + 1
    interval.start = past.start + Int64(clamping: nanoseconds)
    interval.isMeasured = past.isMeasured
    return past
  }

  /// The window has ended, early perhaps: what comes from now on is awaited, and is no throughput of it.
  mutating func windowEnds(at moment: UInt64) { over = min(over, moment) }

  /// The run is over.
  mutating func close() {
    let nanoseconds = over - min(start, over)
    for place in steps.indices {
      let begin = UInt64(place) * stepLength
      steps[place].seconds = Double(min(stepLength, nanoseconds - min(begin, nanoseconds))) / 1e9
    }
    if !tellsSending { uncorrected = latency }
  }
}
