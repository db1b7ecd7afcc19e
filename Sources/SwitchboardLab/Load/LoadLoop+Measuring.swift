import Switchboard

extension LoadLoop {
  /// The moment is known at which the load begins.
  mutating func startLoad(at moment: UInt64) {
    phase = .loading
    begin = moment
    windowStart =
      begin + LoadLoop.nanoseconds(options.ramp) + LoadLoop.nanoseconds(options.warmUp)
    windowEnd = windowStart + LoadLoop.nanoseconds(options.duration)
    lastHeard = max(begin, now)
    if let pace, maker != nil { nextDue = pace.due(nextRequest).map { begin + $0 } ?? .max }
    interval = LoadInterval()
    interval.start = -Int64(windowStart - begin)
    nextCut = windowStart
    if windowStart > begin {
      // Whole seconds before the window, a part of one first.
      let (whole, rest) = (windowStart - begin).quotientAndRemainder(dividingBy: 1_000_000_000)
      if whole > 0 { nextCut = begin + (rest > 0 ? rest : 1_000_000_000) }
    }
    if !options.rates.isEmpty {
      stepNanoseconds = max(1, (windowEnd - windowStart) / UInt64(options.rates.count))
    }
    share.steps = options.rates.map {
      LoadStep(asked: $0, seconds: 0, requests: 0, latency: LatencyHistogram())
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
    interval.isMeasured = true
    nextCut = following(windowStart)
    processorAtStart = (system.threadNanoseconds(), waitedNanoseconds())
    if let requests = options.requests {
      quota = max(0, (maker?.share(of: requests) ?? 0) - flying)
    }
  }

  /// The next moment in the window at which a second or a step ends. The last interval of the
  /// window stays open for replies that are still to come.
  private func following(_ moment: UInt64) -> UInt64 {
    let offset = moment - windowStart
    var next = (offset / 1_000_000_000 + 1) * 1_000_000_000
    if options.rates.count > 1 {
      next = min(next, (offset / stepNanoseconds + 1) * stepNanoseconds)
    }
    return windowStart + next < windowEnd ? windowStart + next : .max
  }

  /// Ends the intervals whose time has come, and reports them.
  mutating func cut() {
    while now >= nextCut {
      report(until: nextCut)
      interval.isMeasured = isMeasuring
      nextCut = isMeasuring ? following(nextCut) : nextCut + 1_000_000_000
    }
  }

  private mutating func report(until end: UInt64) {
    let start = Int64(windowStart) + interval.start
    interval.nanoseconds = end - UInt64(max(0, start))
    guard interval.nanoseconds > 0 else { return }
    if interval.isMeasured { account() }
    let number = interval.number
    control.report(interval)
    interval = LoadInterval()
    interval.number = number + 1
    interval.start = Int64(end) - Int64(windowStart)
  }

  /// Adds an interval of the window to the whole.
  private mutating func account() {
    share.requests += interval.requests
    share.latency.merge(interval.latency)
    guard !share.steps.isEmpty else { return }
    let place = min(Int(interval.start) / Int(stepNanoseconds), share.steps.count - 1)
    share.steps[place].requests += interval.requests
    share.steps[place].seconds += Double(interval.nanoseconds) / 1e9
    share.steps[place].latency.merge(interval.latency)
  }

  /// The window ends; replies that are on their way are still awaited, for a while.
  mutating func endWindow() {
    let end = isMeasuring ? min(now, windowEnd) : now
    if isMeasuring {
      share.windowNanoseconds = end - windowStart
      let seconds = Double(end - windowStart) / 1e9
      share.figures = LoadThreadFigures(
        processorSeconds: Double(system.threadNanoseconds() - processorAtStart.used) / 1e9,
        waitedSeconds: Double(waitedNanoseconds() &- processorAtStart.waited) / 1e9,
        seconds: seconds)
      countMissed(until: end)
    }
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
        fail(index, .unanswered, count: Int(slot.inFlight), "sent \(age) before it")
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
    control.settled.add(1, ordering: .releasing)
  }

  private func age(_ moment: UInt64) -> String {
    Figures.brief(.nanoseconds(Int64(clamping: now > moment ? now - moment : 0)))
  }

  /// Open loop: what was due and could not be sent has waited at least until now. Left out, a server
  /// that stops near the end would look well.
  private mutating func countMissed(until end: UInt64) {
    while nextDue < end, share.missed < 10_000_000 {
      if nextDue >= windowStart {
        share.missed += 1
        share.latency.record(nanoseconds: end - nextDue)
        let place = min(Int((nextDue - windowStart) / stepNanoseconds), share.steps.count - 1)
        if place >= 0 { share.steps[place].latency.record(nanoseconds: end - nextDue) }
      }
      nextRequest += maker?.count ?? 1
      nextDue = pace?.due(nextRequest).map { begin + $0 } ?? .max
    }
  }

  /// Counts a reply.
  @inline(__always)
  mutating func record(_ sending: LoadSending) {
    if isMeasuring {
      // Open loop: what was due in the window counts, whenever its reply comes.
      let counts = options.isOpenLoop ? sending.due >= windowStart : now <= windowEnd
      guard counts else { return }
      if options.isOpenLoop {
        share.uncorrected.record(nanoseconds: now &- sending.sent)
      }
    }
    interval.requests += 1
    interval.latency.record(nanoseconds: now &- sending.due)
  }

  /// Everything is over.
  mutating func finish() {
    if isMeasuring { report(until: max(windowEnd, windowStart + 1)) }
    if !options.isOpenLoop { share.uncorrected = share.latency }
    control.finish(share)
  }

  /// How long this thread could have run and had no processor, in nanoseconds.
  private func waitedNanoseconds() -> UInt64 {
    let fields = Machine.contents(of: "/proc/thread-self/schedstat").split(separator: " ")
    return fields.count > 1 ? UInt64(fields[1]) ?? 0 : 0
  }
}
