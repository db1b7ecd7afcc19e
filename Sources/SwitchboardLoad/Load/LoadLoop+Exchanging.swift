import Switchboard
import SwitchboardBase

extension LoadLoop {
  // ------------------------------------------------------------------------------ requests

  /// When a slot joins in: at once, or in its turn while the load rises. Those that think begin at
  /// moments spread over the time that one thinks, over all threads and processes: together they would
  /// come together for ever.
  func joining(_ index: Int) -> UInt64 {
    guard !options.isOpenLoop else { return begin }
    let span = options.ramp > .zero ? options.ramp : options.thinkTime
    let process = options.process
    let place = (Double(part.number) + Double(process.number) / Double(process.count))
    let share = (Double(index) + place / Double(part.count)) / Double(max(1, active))
    return begin + UInt64(min(span.inSeconds, 1e8) * 1e9 * min(1, share))
  }

  /// A slot begins to make requests.
  mutating func join(_ index: Int) {
    switch slots[index].state {
    case .ready: begin(index)
    case .vacant where isMadeWhenNeeded(index):
      if options.isOpenLoop { queue(index) } else { openForRequest(index) }
    default: break
    }
  }

  /// Closed loop: a request is due, and a connection is made for it.
  private mutating func openForRequest(_ index: Int) {
    guard phase == .loading else { return }
    startWindowInTime()
    guard schedule.quota > 0 else { return }
    schedule.take()
    open(index, forRequestDue: now)
  }

  /// Begins to connect for a request that is due.
  mutating func open(_ index: Int, forRequestDue due: UInt64) {
    ledger.isDue(due)
    slots[index].isAwaited = true
    slots[index].due = due
    flying += 1
    open(index)
  }

  /// A connection stands for which a request has waited.
  mutating func issueAwaited(_ index: Int) {
    slots[index].isAwaited = false
    flying -= 1
    send(index, LoadSending(due: slots[index].due, sent: slots[index].began))
  }

  /// A connection that stands makes its first requests.
  mutating func begin(_ index: Int) {
    if options.isOpenLoop { queue(index) } else { issueMore(index, options.pipeline) }
  }

  /// Whether another request may be sent on a connection.
  @inline(__always)
  func hasRoom(_ index: Int) -> Bool {
    let slot = slots[index]
    if let churn = options.churn, slot.issued >= churn { return false }
    return Int(slot.inFlight) < options.pipeline
  }

  /// Closed loop: sends up to `count` requests.
  @inline(__always)
  mutating func issueMore(_ index: Int, _ count: Int) {
    guard phase == .loading else { return }
    startWindowInTime()
    for _ in 0..<count where schedule.quota > 0 && hasRoom(index) {
      schedule.take()
      issue(index, due: now)
    }
    push(index)
  }

  /// The first request of the window begins it, however late it is noticed otherwise: where so many requests
  /// end a run, none of them may be due in it uncounted.
  @inline(__always)
  private mutating func startWindowInTime() {
    if !isMeasuring, now >= windowStart { startWindow() }
  }

  /// A request is due, and sent now.
  @inline(__always)
  mutating func issue(_ index: Int, due: UInt64) {
    ledger.isDue(due)
    send(index, LoadSending(due: due, sent: now))
  }

  /// Adds a request to what a connection has to send.
  @inline(__always)
  mutating func send(_ index: Int, _ sending: LoadSending) {
    let request = Int(slots[index].nextRequest)
    let replySize = tape.replySize(request)
    var place = Int(slots[index].head) + Int(slots[index].inFlight)
    if place >= options.pipeline { place -= options.pipeline }
    sendings[index * options.pipeline + place] = sending
    if slots[index].inFlight == 0 {
      slots[index].replyLeft = replySize
      slots[index].heard = now
    }
    slots[index].outLeft += tape.requestSize(request)
    slots[index].owed += replySize
    slots[index].inFlight += 1
    slots[index].issued += 1
    slots[index].nextRequest = request + 1 == tape.count ? 0 : Int32(request + 1)
    flying += 1
  }

  /// What there is to send goes now: at the end of this connection's callback, or in one that it is given.
  @inline(__always)
  mutating func push(_ index: Int) {
    if index != current, slots[index].outLeft > 0 { calls.append(slots[index].key) }
  }

  // ------------------------------------------------------------------------------- replies

  /// The server has finished with a connection.
  mutating func ended(_ index: Int) {
    if isRightlyEnded(index) { return }
    if phase == .finishing || phase == .holding, slots[index].inFlight == 0 { return close(index) }
    if slots[index].state == .greeting { return fail(index, .noGreeting, "closed before it") }
    let count = slots[index].inFlight
    fail(index, .closed, "with \(count) request\(count == 1 ? "" : "s") in flight")
  }

  /// Checks bytes that have come, and counts the replies that they complete.
  @inline(__always)
  mutating func take(_ index: Int, _ bytes: Span<UInt8>) {
    let count = bytes.count
    now = system.now().nanoseconds
    lastHeard = now
    if slots[index].state == .greeting { return greeted(index, bytes) }
    if isMeasuring { share.bytesReceived += count }
    if index < readers.count { return read(index, bytes) }
    guard count <= slots[index].owed else {
      let extra = count - slots[index].owed
      return fail(index, .surplus, "\(extra) byte\(extra == 1 ? "" : "s") too many")
    }
    if let wrong = tape.firstWrong(bytes, from: slots[index].inPlace) {
      let (is_, should) = (bytes[wrong], tape.reply(at: slots[index].inPlace + wrong))
      lose(index, 1, .wrong)
      return fail(index, .wrongReply, "a byte was \(is_) and should have been \(should)")
    }
    var place = slots[index].inPlace + count
    while place >= tape.replyLength { place -= tape.replyLength }
    slots[index].inPlace = place
    slots[index].owed -= count
    slots[index].heard = now
    complete(index, count)
  }

  private mutating func greeted(_ index: Int, _ bytes: Span<UInt8>) {
    guard bytes[0] == tape.greetingByte else {
      return fail(index, .noGreeting, "the first byte was \(bytes[0])")
    }
    guard bytes.count == 1 else {
      return fail(index, .surplus, "\(bytes.count - 1) bytes after the greeting")
    }
    slots[index].heard = now
    becameReady(index)
  }

  /// A request has been answered, and rightly.
  @inline(__always)
  mutating func answered(_ index: Int, _ request: LoadSending) {
    ledger.answered(request, at: now)
    if index < marks.count, ledger.isInWindow(request.due) {
      traces.add(marks[index], due: request.due, sent: request.sent, answered: now)
    }
  }

  @inline(__always)
  private mutating func complete(_ index: Int, _ count: Int) {
    var left = count
    var fresh = 0
    while slots[index].inFlight > 0, left >= slots[index].replyLeft {
      left -= slots[index].replyLeft
      let head = Int(slots[index].head)
      answered(index, sendings[index * options.pipeline + head])
      slots[index].head = head + 1 == options.pipeline ? 0 : Int32(head + 1)
      slots[index].inFlight -= 1
      let following = Int(slots[index].nextReply) + 1
      slots[index].nextReply = following == tape.count ? 0 : Int32(following)
      slots[index].replyLeft = tape.replySize(Int(slots[index].nextReply))
      fresh += 1
    }
    slots[index].replyLeft -= left
    guard fresh > 0 else { return }
    flying -= fresh
    goOn(index, fresh)
  }

  /// After so many replies.
  @inline(__always)
  mutating func goOn(_ index: Int, _ fresh: Int) {
    if let churn = options.churn, slots[index].issued >= churn {
      if slots[index].inFlight == 0 { renew(index) }
      return
    }
    guard phase == .loading else { return }
    if options.isOpenLoop { return queue(index) }
    guard thinks else { return issueMore(index, fresh) }
    for _ in 0..<fresh {
      // Full only with appointments of connections that broke: who comes then does not think.
      if thinking.isFull { issueMore(index, 1) } else { think(index) }
    }
  }

  /// Whether replies are thought about before the next request.
  @inline(__always)
  var thinks: Bool { options.thinkTime > .zero && !options.isOpenLoop }

  /// The next request of a connection, or the next connection, comes when it has thought.
  mutating func think(_ index: Int) {
    let at = now + LoadLoop.nanoseconds(options.thinkTime)
    thinking.append(
      LoadAppointment(at: at, index: Int32(index), generation: slots[index].generation))
  }

  // ----------------------------------------------------------------------------- open loop

  /// A connection has room for a request.
  @inline(__always)
  mutating func queue(_ index: Int) {
    guard !slots[index].isQueued else { return }
    slots[index].isQueued = true
    free.append(Int32(index))
    if schedule.nextDue > now { wasFree = true }
  }

  /// Sends the requests that are due, as far as connections have room for them.
  mutating func pump() {
    while calls.isEmpty, schedule.nextDue <= now, !free.isEmpty {
      let index = Int(free.removeFirst())
      slots[index].isQueued = false
      switch slots[index].state {
      case .ready where hasRoom(index):
        issue(index, due: takeDue())
        push(index)
        now = system.now().nanoseconds
        if slots[index].state == .ready, hasRoom(index) { queue(index) }
      case .vacant where isMadeWhenNeeded(index):
        open(index, forRequestDue: takeDue())
      default: break
      }
    }
    // Nothing was free: what waits now waits for the server.
    wasFree = !free.isEmpty
  }

  private mutating func takeDue() -> UInt64 {
    let due = schedule.takeDue()
    // Late although a connection was free: that is the generator's own doing.
    if wasFree { share.lag.record(nanoseconds: now - due) }
    return due
  }
}
