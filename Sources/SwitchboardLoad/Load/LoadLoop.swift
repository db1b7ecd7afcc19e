import Switchboard

/// One thread's part of the generator: what is to be asked on which connection, and what has come of it.
///
/// It makes no connection and sends nothing: it is told what happens on its loop's connections, and answers what is
/// to be done. ``LoadClient`` does it. Once the connections stand, nothing is allocated for a request.
struct LoadLoop: ~Copyable {
  enum Phase {
    case connecting, loading
    /// The window is over; what is under way is awaited.
    case finishing
    /// All is measured; the connections stand until that is so in all threads.
    case holding
    case done
  }

  let options: LoadOptions
  let tape: LoadTape
  let control: LoadControl
  /// This thread among all.
  let part: LoadPart
  /// This thread among those that make requests; nil if it has no connection to make any on.
  let maker: LoadPart?
  let sources: [SocketAddress]
  let system = Linux()

  var slots: LoadTable<LoadSlot>
  /// A row of `pipeline` for each slot that makes requests.
  var sendings: LoadTable<LoadSending>
  /// Where replies say how long they are: the reader of each slot that makes requests.
  var readers: LoadTable<LoadReplyReader>
  /// Open loop: connections with room for a request.
  var free: LoadQueue<Int32>
  /// Closed loop: connections that think.
  var thinking: LoadQueue<LoadAppointment>
  /// Connections that failed and try again in a moment.
  var resting: LoadQueue<LoadAppointment>
  /// Connections that are to be made.
  var openings: [LoadOpening] = []
  /// Those that are being made, by their slots: to be given up.
  var attempts: [ConnectAttempt?]
  /// Connections that are to act, since something is to be sent on them or nobody wants them any more.
  var calls: [Key] = []
  /// The slot whose connection has just been told something; -1: none.
  var current = -1

  var phase = Phase.connecting
  var now: UInt64
  /// Slots that make requests are below it; idle ones follow.
  let active: Int
  /// Slots from here on have not been opened yet.
  var nextToOpen = 0
  /// Attempts under way before the load begins.
  var opening = 0
  /// Slots below it have joined in.
  var joined = 0
  /// Which of the sources the next connection uses.
  var turn: Int
  /// Requests in flight.
  var flying = 0

  // The run's timetable.
  var begin: UInt64 = .max
  var windowStart: UInt64 = .max
  var windowEnd: UInt64 = .max
  var isMeasuring = false
  var nextCut: UInt64 = .max
  var nextScan: UInt64 = 0
  var finishBy: UInt64 = .max
  /// The run was ended early.
  var isStopped = false
  /// When a byte last came, and when something last went wrong.
  var lastHeard: UInt64 = 0
  var lastFailure: UInt64 = 0
  /// Open loop: whether a connection was free when requests were last looked for.
  var wasFree = false

  /// What is due when, and what became of it.
  var schedule: LoadSchedule
  var ledger: LoadLedger
  var share = LoadShare()
  /// Requests that are kept one by one, and who each slot's connection is to the server; nothing unless asked for.
  var traces: RequestTraces
  var marks: LoadTable<UInt64>
  var processorAtStart: (used: UInt64, waited: UInt64) = (0, 0)

  init(
    _ options: LoadOptions, tape: LoadTape, sources: [SocketAddress], number: Int,
    control: LoadControl
  ) {
    part = LoadPart(number: number, count: options.threads)
    maker = part.making(requestsOn: options.connections)
    active = part.share(of: options.connections)
    let count = active + part.share(of: options.idle)
    self.options = options
    self.tape = tape
    self.sources = sources
    self.control = control
    schedule = LoadSchedule(options.pace, maker)
    ledger = LoadLedger(tellsSending: options.isOpenLoop)
    turn = number
    slots = LoadTable(count: count, repeating: LoadSlot())
    sendings = LoadTable(
      count: active * options.pipeline, repeating: LoadSending(due: 0, sent: 0))
    traces = RequestTraces(capacity: options.keepsTraces ? RequestTraces.usual : 0)
    marks = LoadTable(count: options.keepsTraces ? active : 0, repeating: 0)
    readers = LoadTable(
      count: tape.reader == nil ? 0 : active, repeating: tape.reader ?? .until(matched: 0))
    free = LoadQueue(capacity: count, filler: 0)
    let nobody = LoadAppointment(at: 0, index: 0, generation: 0)
    let thinks = options.thinkTime > .zero
    thinking = LoadQueue(capacity: thinks ? count * options.pipeline : 1, filler: nobody)
    resting = LoadQueue(capacity: count, filler: nobody)
    attempts = Array(repeating: nil, count: count)
    now = system.now().nanoseconds
    for index in active..<max(active, count) { slots[index].isIdle = true }
    for index in 0..<count { slots[index].rewind(to: (number + index * 7) % tape.count, tape) }
  }

  /// The thread begins.
  mutating func start() {
    system.wakePunctually()
    // With churn, the connections that make requests are part of the load.
    if options.churn != nil {
      nextToOpen = active
      control.attempted.add(active, ordering: .relaxed)
      control.connected.add(active, ordering: .relaxed)
    }
    openMore()
  }

  /// What is to be done now: which connection is to act, or until when there is nothing.
  mutating func next() -> LoopPace {
    if !calls.isEmpty { return .call(calls.removeLast()) }
    guard phase != .done else { return .wait(until: nil) }
    now = system.now().nanoseconds
    keepHouse()
    if !calls.isEmpty { return .call(calls.removeLast()) }
    return .wait(until: Instant(nanoseconds: wakeUp))
  }

  /// The next moment at which there is something to do.
  private var wakeUp: UInt64 {
    var wake = min(nextScan, nextCut)
    switch phase {
    case .connecting: return min(wake, now + 2_000_000)
    case .loading:
      wake = min(wake, isMeasuring ? windowEnd : windowStart)
      if !free.isEmpty { wake = min(wake, schedule.nextDue) }
      if joined < active { wake = min(wake, joining(joined)) }
      if !thinking.isEmpty { wake = min(wake, thinking.first.at) }
      if !resting.isEmpty { wake = min(wake, resting.first.at) }
    case .finishing: wake = min(wake, finishBy)
    case .holding: return min(wake, now + 2_000_000)
    case .done: return now
    }
    return wake
  }

  private mutating func keepHouse() {
    if control.isStopped.load(ordering: .relaxed) { stopEarly() }
    switch phase {
    case .connecting:
      openMore()
      let begin = control.begin.load(ordering: .acquiring)
      if begin != 0 { startLoad(at: begin) }
    case .loading:
      if !isMeasuring, now >= windowStart { startWindow() }
      if now >= nextCut { cut() }
      // What was due before the end goes out, however late this thread is, where a connection is free.
      if now >= windowEnd, schedule.nextDue < windowEnd { pump() }
      if now >= windowEnd || schedule.quota <= 0 && flying == 0 && isMeasuring { endWindow() }
      if phase == .loading { makeRequests() }
    case .finishing:
      if now >= finishBy || flying == 0 && !isConnecting { settle() }
    case .holding:
      if control.isReleased.load(ordering: .acquiring) { finish() }
    case .done: break
    }
    if now >= nextScan { scan() }
  }

  private mutating func makeRequests() {
    // Whoever is to send does it before the next is looked at: each request is stamped when it is sent.
    while calls.isEmpty, joined < active, now >= joining(joined) {
      joined += 1
      join(joined - 1)
      // Thousands take a while.
      now = system.now().nanoseconds
    }
    while calls.isEmpty, !thinking.isEmpty, thinking.first.at <= now {
      let thought = thinking.removeFirst()
      let index = Int(thought.index)
      guard slots[index].generation == thought.generation else { continue }
      now = system.now().nanoseconds
      switch slots[index].state {
      case .vacant: join(index)
      case .ready: issueMore(index, 1)
      // Once it stands, it makes as many as there is room for.
      default: break
      }
    }
    while !resting.isEmpty, resting.first.at <= now {
      let index = Int(resting.removeFirst().index)
      slots[index].state = .vacant
      if options.churn == nil || slots[index].isIdle { open(index) } else { join(index) }
    }
    if schedule.nextDue <= now { pump() }
  }

  private mutating func stopEarly() {
    guard !isStopped else { return }
    isStopped = true
    switch phase {
    case .connecting: settle()
    case .loading: endWindow()
    // Whoever asks for the end while replies are awaited does not want to wait as long.
    case .finishing: finishBy = min(finishBy, now + LoadLoop.patienceWhenStopped)
    case .holding, .done: break
    }
  }
}

extension LoadSlot {
  /// Makes the next request, and the reply to it, one of the tape.
  mutating func rewind(to request: Int, _ tape: LoadTape) {
    nextRequest = Int32(request)
    nextReply = Int32(request)
    nextToSend = Int32(request)
    inPlace = tape.replyStart(request)
    (outLeft, owed, inFlight, issued, head) = (0, 0, 0, 0, 0)
  }
}
