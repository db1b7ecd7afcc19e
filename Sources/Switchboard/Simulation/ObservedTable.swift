/// The sessions of a simulated loop, and a look at every call that they get.
final class ObservedTable: SessionTable {
  private struct Life {
    var isOpen = false
    var hasEnded = false
    var isClosing = false
    var client = 0
    var alarm: UInt64?
  }

  private let base: SessionTable
  private let record: CallRecord
  private let network: SimulatedNetwork
  private unowned let course: Course
  private let lives = StableTable<Life>()
  private(set) var opened = 0
  private(set) var closed = 0

  init(_ base: SessionTable, _ record: CallRecord, _ network: SimulatedNetwork, _ course: Course) {
    self.base = base
    self.record = record
    self.network = network
    self.course = course
  }

  /// A call begins: the session must be there.
  private func enter(_ index: Int, _ what: String) {
    if index >= lives.count || !lives[index].isOpen {
      record.fail(.sessionContract("\(what) when it was not open"))
    }
  }

  /// A call has ended: what it asked for is remembered.
  private func leave(_ index: Int, _ connection: inout Connection) {
    guard index < lives.count else { return }
    if connection.requests.contains(.timer) { lives[index].alarm = connection.alarm?.nanoseconds }
    if connection.requests.contains(.close) { lives[index].isClosing = true }
    if connection.requests.contains(.abort) { record.excuse(lives[index].client) }
  }

  override func open(_ index: Int, _ connection: inout Connection) {
    while lives.count <= index { unsafe lives.append(Life()) }
    if lives[index].isOpen { record.fail(.sessionContract("opened twice")) }
    let told = connection.peerAddress.map { course.client(atPort: $0.port) }
    let client = course.client(behind: connection.descriptor) ?? told ?? 0
    if let told, told != client { record.fail(.sessionContract("told of another's address")) }
    lives[index] = Life(isOpen: true, client: client)
    course.took(0, client, at: connection.now)
    opened += 1
    record.say("session \(index) of client \(client) opened")
    base.open(index, &connection)
    leave(index, &connection)
  }

  override func received(_ index: Int, _ bytes: Span<UInt8>, _ connection: inout Connection) {
    enter(index, "given bytes")
    if bytes.isEmpty { record.fail(.sessionContract("given no bytes")) }
    if index < lives.count, lives[index].hasEnded {
      record.fail(.sessionContract("given bytes behind the end"))
    }
    if index < lives.count {
      course.took(bytes.count, lives[index].client, at: connection.now)
    }
    base.received(index, bytes, &connection)
    leave(index, &connection)
  }

  override func drained(_ index: Int, _ connection: inout Connection) {
    enter(index, "told that all is sent")
    base.drained(index, &connection)
    leave(index, &connection)
  }

  override func ended(_ index: Int, _ connection: inout Connection) {
    enter(index, "told of the end")
    if index < lives.count {
      if lives[index].hasEnded { record.fail(.sessionContract("told of the end twice")) }
      lives[index].hasEnded = true
    }
    record.say("session \(index): the peer has finished")
    base.ended(index, &connection)
    leave(index, &connection)
  }

  override func elapsed(_ index: Int, _ connection: inout Connection) {
    enter(index, "told of its timer")
    if index < lives.count { checkTimer(lives[index].alarm) }
    if index < lives.count { lives[index].alarm = nil }
    base.elapsed(index, &connection)
    leave(index, &connection)
  }

  private func checkTimer(_ alarm: UInt64?) {
    guard let alarm else {
      return record.fail(.sessionContract("told of a timer that was not set"))
    }
    if network.now < alarm { return record.fail(.earlyTimer(nanoseconds: alarm - network.now)) }
    let holdsUp = network.faults.has(.stall) || network.faults.has(.lateWake)
    // A tick, a millisecond of rounding, and a turn with a thousand calls in it.
    if !holdsUp, network.now - alarm > 5_000_000 {
      record.fail(.lateTimer(nanoseconds: network.now - alarm))
    }
  }

  override func draining(_ index: Int, _ connection: inout Connection) {
    enter(index, "asked to finish")
    base.draining(index, &connection)
    leave(index, &connection)
  }

  override func close(_ index: Int, _ reason: CloseReason) {
    enter(index, "closed")
    record.say("session \(index) closed: \(reason)")
    closed += 1
    if index < lives.count {
      course.sessionClosed(of: lives[index].client, reason, isClosing: lives[index].isClosing)
      lives[index] = Life()
    }
    base.close(index, reason)
  }

  override func collectMail() -> Int { base.collectMail() }
  override func addressee(_ place: Int) -> Key { base.addressee(place) }
  override func deliver(_ place: Int, _ index: Int, _ connection: inout Connection) {
    enter(index, "given a message")
    // Work, also when nothing is sent for it.
    record.excuseIdleTurn()
    base.deliver(place, index, &connection)
    leave(index, &connection)
  }
  override func dropMail() { base.dropMail() }
  override func closeMail() { base.closeMail() }
}
