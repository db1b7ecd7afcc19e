import Switchboard
import SwitchboardBase

extension LoadLoop {
  /// The moment is known at which the load begins.
  mutating func startLoad(at moment: UInt64) {
    phase = .loading
    begin = moment
    windowStart =
      begin + LoadLoop.nanoseconds(options.ramp) + LoadLoop.nanoseconds(options.warmUp)
    windowEnd = windowStart + LoadLoop.nanoseconds(options.duration)
    lastHeard = max(begin, now)
    schedule.begin(at: begin)
    ledger.begin(window: windowStart, end: windowEnd, steps: options.rates)
    ledger.open(at: -Int64(windowStart - begin))
    nextCut = windowStart
    if windowStart > begin {
      // Whole seconds before the window, a part of one first.
      let (whole, rest) = (windowStart - begin).quotientAndRemainder(dividingBy: 1_000_000_000)
      if whole > 0 { nextCut = begin + (rest > 0 ? rest : 1_000_000_000) }
    }
    if now >= windowStart { startWindow() }
  }

  /// The measured window begins.
  mutating func startWindow() {
    while windowStart > begin, nextCut <= windowStart {
      report(until: nextCut)
      nextCut += 1_000_000_000
    }
    isMeasuring = true
    ledger.intervalIsMeasured()
    share.backlog = schedule.waiting(before: windowStart)
    nextCut = following(windowStart)
    processorAtStart = (system.threadNanoseconds(), waitedNanoseconds())
    if let requests = options.requests {
      schedule.limit(to: maker?.share(of: requests) ?? 0)
    }
  }

  /// The next moment in the window at which a second ends. The last interval of the window stays open for
  /// replies that are still to come.
  private func following(_ moment: UInt64) -> UInt64 {
    let offset = moment - windowStart
    let next = (offset / 1_000_000_000 + 1) * 1_000_000_000
    return windowStart + next < windowEnd ? windowStart + next : .max
  }

  /// Ends the intervals whose time has come, and reports them.
  mutating func cut() {
    while now >= nextCut {
      report(until: nextCut)
      nextCut = isMeasuring ? following(nextCut) : nextCut + 1_000_000_000
    }
  }

  private mutating func report(until end: UInt64) {
    let start = UInt64(max(0, Int64(windowStart) + ledger.interval.start))
    if let interval = ledger.cut(after: end - min(start, end)) { control.report(interval) }
  }

  /// The window ends; replies that are on their way are still awaited, for a while.
  mutating func endWindow() {
    // Ended early by a thread so late that it has not begun the window yet, in which requests were due already.
    if !isMeasuring, now >= windowStart { startWindow() }
    let end = isMeasuring ? min(now, windowEnd) : now
    if isMeasuring {
      share.windowNanoseconds = end - windowStart
      let seconds = Double(end - windowStart) / 1e9
      share.figures = LoadThreadFigures(
        processorSeconds: Double(system.threadNanoseconds() - processorAtStart.used) / 1e9,
        waitedSeconds: Double(waitedNanoseconds() &- processorAtStart.waited) / 1e9,
        seconds: seconds)
    }
    giveUpUnsent(until: end)
    ledger.windowEnds(at: end)
    windowEnd = end
    nextCut = .max
    phase = .finishing
    // Each gets its whole time; the look that finds out who has had it comes a little later.
    let patience = timeoutNanoseconds + 2 * LoadLoop.scanInterval
    finishBy = now + (isStopped ? min(patience, LoadLoop.patienceWhenStopped) : patience)
  }

  /// Nothing more is awaited. What has not come by now is an error, each with how long it has
  /// waited.
  mutating func settle() {
    for index in 0..<slots.count {
      let slot = slots[index]
      switch slot.state {
      case .ready where slot.inFlight > 0:
        let age = age(sendings[index * options.pipeline + Int(slot.head)].sent)
        fail(index, .unanswered, "sent \(age) before it")
      case .connecting where phase == .finishing:
        let age = age(slot.began)
        fail(index, .connectTimeout, "by the end, after \(age)")
      case .greeting where phase == .finishing:
        let age = age(slot.began)
        fail(index, .noGreeting, "none by the end, after \(age)")
      default: break
      }
    }
    phase = .holding
    control.settle()
  }

  private func age(_ moment: UInt64) -> String {
    Figures.brief(.nanoseconds(Int64(clamping: now > moment ? now - moment : 0)))
  }

  /// Open loop: what was due and could not be sent has waited at least until now. Left out, a server
  /// that stops near the end would look well.
  private mutating func giveUpUnsent(until end: UInt64) {
    var account = LoadLedger(tellsSending: true)
    swap(&account, &ledger)
    schedule.giveUp(before: end, border: windowStart) { due, count in
      account.unsent(due: due, count: count, at: end)
    }
    swap(&account, &ledger)
  }

  /// Everything is over.
  mutating func finish() {
    phase = .done
    if isMeasuring { report(until: max(windowEnd, windowStart + 1)) }
    ledger.close()
    (share.all, share.window, share.arrived) = (ledger.all, ledger.window, ledger.arrived)
    (share.latency, share.uncorrected) = (ledger.latency, ledger.uncorrected)
    share.steps = ledger.steps
    share.traces = traces
    control.finish(share)
  }

  /// How long this thread could have run and had no processor, in nanoseconds.
  private func waitedNanoseconds() -> UInt64 {
    let fields = Machine.contents(of: "/proc/thread-self/schedstat").split(separator: " ")
    return fields.count > 1 ? UInt64(fields[1]) ?? 0 : 0
  }
}
