#if TestBench

/// The sessions of a simulated loop, and a look at every call that they get.
final class ObservedTable: SessionTable {
  struct Life {
    var isOpen = false
    /// It is being made by the server, and has not been opened.
    var isMaking = false
    /// Its partner's place.
    var partner: Int?
    /// It has, or had, one.
    var isRelayed = false
    /// Something came on it that nobody had asked for, before somebody asked for a connection.
    var isStale = false
    /// The client whose partner it was made to be.
    var servedClient = 0
    var hasEnded = false
    var isClosing = false
    /// It wrote more than can be held for it.
    var hasOverflown = false
    /// It was asked to finish, for the server drains.
    var isAsked = false
    /// It asked not to be given bytes.
    var isPaused = false
    var client = 0
    var openedAt: UInt64 = 0
    var alarm: UInt64?
    /// The turn in which its timer went off last.
    var elapsedIn = 0
    /// The server's end of its connection.
    var end: SimulatedSocket?
    /// Bytes that it wrote, and how many of them before the present turn.
    var written = 0
    var writtenBefore = 0
    /// How many bytes of its client's it has been given, where a filter stands between.
    var taken = 0
    /// Bytes that it has left, to be given again.
    var left = 0
    /// It has sent what it does not hold: how much of that is unsent is nobody's limit.
    var sendsFromElsewhere = false
    /// Its last turn, and how many bytes it was given in it.
    var turn = 0
    var given = 0
    /// How many bytes it was given in all.
    var givenInAll = 0
    /// How far it had come when it was last seen to wait to be received from; -1 when it did not.
    var waitMark = -1

    /// What it wrote, as its filter makes it: what goes over the wire.
    var wired: Int { written + (end?.overhead ?? 0) }
    /// Bytes that were written before this turn, and that the kernel has not taken.
    var unsent: Int { writtenBefore - (end?.outgoing?.sent ?? 0) }
    /// When it was last given something, and its end last took or gave something.
    var givenAt: UInt64 = 0
    var activeAt: UInt64 {
      let outgoing = end?.outgoing
      let left = max(outgoing?.dispatchedAt ?? 0, outgoing?.acknowledgedAt ?? 0)
      return max(givenAt, end?.lastActive ?? 0, left)
    }
  }

  private let base: SessionTable
  let record: CallRecord
  let network: SimulatedNetwork
  unowned let course: Course
  let lives = StableTable<Life>()
  private(set) var opened = 0
  private(set) var closed = 0
  /// The loop's present, which changes with each of its turns.
  var present: UInt64 = 0
  // Whether all are received from: bytes given since that was last looked at, and when that was.
  var givenSince = 0
  var lookedAt = 0
  private let callbackCost: UInt64
  private let kibibyteCost: UInt64

  init(_ base: SessionTable, _ record: CallRecord, _ network: SimulatedNetwork, _ course: Course) {
    self.base = base
    self.record = record
    self.network = network
    self.course = course
    callbackCost = course.world.costs.callback.clampedNanoseconds
    kibibyteCost = course.world.costs.kibibyte.clampedNanoseconds
  }

  /// A call begins: the session must be there, and must not have closed.
  private func enter(_ index: Int, _ connection: inout Connection, _ what: String) {
    if connection.now.nanoseconds != present { beginTurn(connection.now.nanoseconds) }
    guard index < lives.count, lives[index].isOpen else {
      return record.fail(.sessionContract("\(what) when it was not open"))
    }
    if !lives[index].isClosing {
      course.checkIdle(lives[index].activeAt, at: connection.now.nanoseconds)
    }
    if lives[index].isClosing { record.fail(.sessionContract("\(what) after it had closed")) }
    entersTurn(index)
  }

  /// The first that happens to a session in a turn: what it has written is from before.
  func entersTurn(_ index: Int) {
    guard lives[index].turn != course.turn else { return }
    lives[index].turn = course.turn
    lives[index].given = 0
    lives[index].writtenBefore = lives[index].wired
  }

  private func beginTurn(_ now: UInt64) {
    present = now
    course.turn += 1
    course.openedInTurn = 0
    if course.listeners.count > 1 { course.checkListeners() }
    if givenSince > 4 * ObservedTable.budget { lookForStarved() }
    if course.world.checksOutboxes { checkOutboxes() }
    if course.world.machine.hasOtherThreads { course.checkJobs() }
  }

  /// A call has ended: what it asked for is remembered.
  private func leave(_ index: Int, _ connection: inout Connection) {
    guard index < lives.count else { return }
    network.spend(callbackCost)
    let requests = connection.requests
    if requests.contains(.overflow) {
      lives[index].hasOverflown = true
    } else {
      let apart = connection.parts.reduce(0) { $0 + $1.content.count }
      lives[index].written += connection.count + apart
      if apart > 0 { lives[index].sendsFromElsewhere = true }
    }
    if requests.contains(.pause) { lives[index].isPaused = true }
    if requests.contains(.resume) { lives[index].isPaused = false }
    tally(requests, connection, lives[index])
    if connection.requests.contains(.timer) { lives[index].alarm = connection.alarm?.nanoseconds }
    if connection.requests.contains(.close) { lives[index].isClosing = true }
    if !requests.isDisjoint(with: [.abort, .reset]) { record.excuse(lives[index].client) }
    if requests.contains(.forward), !connection.forwarded.isForSession {
      noteForwarded(connection.forwarded.count, by: index)
    }
    if requests.contains(.pool) { noteWishes(connection.loop.local { PoolDesk() }.wishes, index) }
  }

  override func open(_ index: Int, _ connection: inout Connection) {
    while lives.count <= index { unsafe lives.append(Life()) }
    if lives[index].isOpen { record.fail(.sessionContract("opened twice")) }
    let end = course.end(behind: connection.descriptor)
    let client = end?.link?.number ?? 0
    checkAddress(connection.peerAddress, end)
    lives[index] = Life(isOpen: true, client: client, openedAt: network.now, end: end)
    lives[index].givenAt = connection.now.nanoseconds
    enter(index, &connection, "opened")
    course.opened(client)
    course.took(0, client, at: connection.now)
    opened += 1
    record.say("session \(index) of client \(client) opened")
    base.open(index, &connection)
    leave(index, &connection)
  }

  /// A peer that has not gone has an address, and a session is told of that one.
  private func checkAddress(_ told: SocketAddress?, _ end: SimulatedSocket?) {
    guard let end else { return }
    if let told {
      if told != course.address(of: end) {
        record.fail(.sessionContract("told of another's address"))
      }
    } else if !end.wasReset || record.ring != nil {
      record.fail(.sessionContract("told of no address"))
    }
  }

  override func received(_ index: Int, _ bytes: Span<UInt8>, _ connection: inout Connection) {
    enter(index, &connection, "given bytes")
    if bytes.isEmpty { record.fail(.sessionContract("given no bytes")) }
    if index < lives.count, lives[index].hasEnded {
      record.fail(.sessionContract("given bytes behind the end"))
    }
    if index < lives.count {
      // What it had left is not taken anew.
      let count = max(0, bytes.count - lives[index].left)
      if course.hasWires {
        let start = lives[index].taken - lives[index].left
        course.checkGiven(bytes, from: start, lives[index].client)
        lives[index].taken += count
      }
      course.took(count, lives[index].client, at: connection.now)
      given(bytes.count, index)
    }
    record.say("session \(index) is given \(bytes.count) bytes")
    base.received(index, bytes, &connection)
    if let time = course.world.callbackTime, index < lives.count {
      network.work(time(lives[index].client, bytes.count).clampedNanoseconds)
    }
    if index < lives.count {
      lives[index].left = connection.requests.contains(.leave) ? connection.leftovers.count : 0
    }
    network.spend(UInt64(bytes.count) &* kibibyteCost >> 10)
    leave(index, &connection)
    record.say("session \(index) returns")
  }

  override func drained(_ index: Int, _ connection: inout Connection) {
    enter(index, &connection, "told that all is sent")
    record.reach(.toldDrained)
    base.drained(index, &connection)
    leave(index, &connection)
  }

  override func ended(_ index: Int, _ connection: inout Connection) {
    enter(index, &connection, "told of the end")
    record.reach(.ended)
    if index < lives.count {
      if lives[index].hasEnded { record.fail(.sessionContract("told of the end twice")) }
      lives[index].hasEnded = true
      if !course.hasSaidEnd(lives[index].client) {
        record.fail(.sessionContract("told of an end that its peer had not said"))
      }
    }
    record.say("session \(index): the peer has finished")
    if index < lives.count { endsForClient(lives[index]) }
    base.ended(index, &connection)
    leave(index, &connection)
  }

  override func elapsed(_ index: Int, _ connection: inout Connection) {
    enter(index, &connection, "told of its timer")
    record.reach(.elapsed)
    if index < lives.count { checkTimer(lives[index].alarm) }
    if index < lives.count {
      lives[index].alarm = nil
      if lives[index].elapsedIn == record.turn {
        record.fail(.budget("a timer went off twice in one turn"))
      }
      lives[index].elapsedIn = record.turn
    }
    base.elapsed(index, &connection)
    leave(index, &connection)
  }

  private func checkTimer(_ alarm: UInt64?) {
    guard let alarm else {
      return record.fail(.sessionContract("told of a timer that was not set"))
    }
    if network.now < alarm { return record.fail(.earlyTimer(nanoseconds: alarm - network.now)) }
    let holdsUp = [.stall, .lateWake, .frozen].contains { network.faults.has($0) }
    // A tick, a millisecond of rounding, and a turn with a thousand calls in it; longer ones apart, the
    // present one among them: accepting comes before timers.
    let work = 2 * (record.workTime.last + record.workTime.before) + record.workSoFar
    let due = max(alarm, record.timersWaitUntil)
    if !holdsUp, network.now > due + 5_000_000 + work {
      record.fail(.lateTimer(nanoseconds: network.now - alarm))
    }
  }

  override func draining(_ index: Int, _ connection: inout Connection) {
    enter(index, &connection, "asked to finish")
    if index < lives.count {
      if lives[index].isAsked { record.fail(.sessionContract("asked to finish twice")) }
      lives[index].isAsked = true
    }
    record.reach(.askedToFinish)
    base.draining(index, &connection)
    leave(index, &connection)
  }

  override func close(_ index: Int, _ reason: CloseReason) {
    if endsMaking(index, reason) { return base.close(index, reason) }
    if index >= lives.count || !lives[index].isOpen {
      record.fail(.sessionContract("closed when it was not open"))
    }
    record.say("session \(index) closed: \(reason)")
    closed += 1
    if let branch = Branch(reason) { record.reach(branch) }
    if index < lives.count {
      let life = lives[index]
      if reason == .drainTimeout {
        course.told.forced += 1
        if !life.isAsked, !life.isClosing {
          record.fail(.sessionContract("cut off without having been asked to finish"))
        }
      }
      checkBreak(life)
      breaksForClient(life, reason)
      if reason == .truncated { mustNotPassEnd(life) }
      if reason == .finished, life.hasEnded {
        record.fail(.sessionContract("finished with, to wait for a peer that has finished too"))
      }
      checkClosing(life, reason)
      let isFull = reason == .outboxFull && isFull(life)
      course.sessionClosed(of: life.client, reason, isClosing: life.isClosing, isFull: isFull)
      lives[index] = Life()
    }
    base.close(index, reason)
  }

  override func collectMail() -> Int {
    let count = base.collectMail()
    if count > Care.lettersPerTurn { record.fail(.budget("\(count) letters in one turn")) }
    return count
  }
  override func addressee(_ place: Int) -> Key { base.addressee(place) }
  override func place(_ wish: ConnectWish, at index: Int) -> Bool {
    guard base.place(wish, at: index) else { return false }
    beginsMaking(index, partner: wish.partner)
    return true
  }
  override func connected(_ index: Int, _ connection: inout Connection) {
    connects(index, connection)
    enter(index, &connection, "opened")
    opened += 1
    base.connected(index, &connection)
    leave(index, &connection)
  }
  override func partnerOpened(_ index: Int, _ connection: inout Connection) {
    enter(index, &connection, "told of its partner")
    record.excuseIdleTurn()
    if let pairs = connection.pairs { isHanded(Int(pairs[UInt32(index)].index), to: index) }
    base.partnerOpened(index, &connection)
    leave(index, &connection)
  }
  override func partnerReceived(
    _ index: Int, _ bytes: Span<UInt8>, _ connection: inout Connection
  ) {
    enter(index, &connection, "given its partner's bytes")
    if bytes.isEmpty { record.fail(.sessionContract("given no bytes of its partner's")) }
    base.partnerReceived(index, bytes, &connection)
    leave(index, &connection)
  }
  override func partnerClosed(
    _ index: Int, _ reason: CloseReason?, _ connection: inout Connection
  ) {
    enter(index, &connection, "told of its partner's end")
    record.excuseIdleTurn()
    losesPartner(index, reason)
    base.partnerClosed(index, reason, &connection)
    leave(index, &connection)
  }
  override func undelivered(_ place: Int) { base.undelivered(place) }
  override func deliver(_ place: Int, _ index: Int, _ connection: inout Connection) {
    enter(index, &connection, "given a message")
    record.reach(.posted)
    // Work, also when nothing is sent for it.
    record.excuseIdleTurn()
    base.deliver(place, index, &connection)
    leave(index, &connection)
  }
  override func dropMail() { base.dropMail() }
  override func closeMail() { base.closeMail() }
}

#endif
