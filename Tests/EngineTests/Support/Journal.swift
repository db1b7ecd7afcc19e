import Glibc
import Switchboard
import TestSupport

/// What sessions were told, and what they must not be.
final class Journal: Sendable {
  struct Entries {
    var opened = 0
    var reasons: [CloseReason] = []
    var drained = 0
    var elapsed = 0
    var ended = 0
    var posted: [Int] = []
    var received = 0
    var mistakes: [String] = []
    var notices: [LoopNotice] = []
    var handles: [ConnectionHandle<Int>] = []
    var addresses: [SocketAddress] = []

    var closed: Int { reasons.count }
    var alive: Int { opened - closed }
  }

  private let entries = Lock(Entries())

  @discardableResult
  func with<Result>(_ body: (inout sending Entries) -> sending Result) -> sending Result {
    entries.withLock(body)
  }

  var now: Entries { entries.withLock { $0 } }

  /// Waits until something holds, in vain after ``longestWait``.
  func wait(_ holds: (Entries) -> Bool) -> Bool { eventually { holds(now) } }
}

/// Whether a condition comes to hold before a test's patience ends.
func eventually(seconds: Int = longestWait, _ holds: () -> Bool) -> Bool {
  TestSupport.eventually(seconds: seconds, holds)
}

/// Any session, watched: each call is entered, and one that must not come is a mistake.
struct Watched<Inner: Session>: Session {
  typealias Message = Inner.Message
  private enum State { case new, open, closed }

  private var inner: Inner
  private let journal: Journal
  private var state = State.new
  private var isPaused = false
  private var hasEnded = false
  private var isClosing = false

  init(_ inner: Inner, _ journal: Journal) {
    self.inner = inner
    self.journal = journal
  }

  private func check(_ holds: Bool, _ call: String) {
    if !holds { journal.with { $0.mistakes.append(call) } }
  }

  private mutating func call(
    _ name: String, _ connection: inout Connection, _ body: (inout Inner, inout Connection) -> Void
  ) {
    check(state == .open, "\(name) when not open")
    check(!isClosing, "\(name) after close")
    body(&inner, &connection)
    note(connection)
  }

  private mutating func note(_ connection: borrowing Connection) {
    if connection.asksToPause { isPaused = true }
    if connection.asksToResume { isPaused = false }
    if connection.asksToClose { isClosing = true }
  }

  mutating func opened(_ connection: inout Connection) {
    check(state == .new, "opened twice")
    state = .open
    journal.with { $0.opened += 1 }
    call("opened", &connection) { $0.opened(&$1) }
  }
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    check(state == .open && !isClosing, "received when not open")
    check(!isPaused, "received while paused")
    check(!hasEnded, "received after the end")
    check(!bytes.isEmpty, "received nothing")
    let count = bytes.count
    journal.with { $0.received += count }
    inner.received(bytes, &connection)
    note(connection)
  }
  mutating func drained(_ connection: inout Connection) {
    journal.with { $0.drained += 1 }
    call("drained", &connection) { $0.drained(&$1) }
  }
  mutating func ended(_ connection: inout Connection) {
    check(!hasEnded, "ended twice")
    check(!isPaused, "ended while paused")
    hasEnded = true
    journal.with { $0.ended += 1 }
    call("ended", &connection) { $0.ended(&$1) }
  }
  mutating func elapsed(_ connection: inout Connection) {
    journal.with { $0.elapsed += 1 }
    call("elapsed", &connection) { $0.elapsed(&$1) }
  }
  mutating func posted(_ message: Message, _ connection: inout Connection) {
    if let number = message as? Int { journal.with { $0.posted.append(number) } }
    call("posted", &connection) { $0.posted(message, &$1) }
  }
  mutating func draining(_ connection: inout Connection) {
    call("draining", &connection) { $0.draining(&$1) }
  }
  mutating func partnerOpened(_ connection: inout Connection) {
    call("partnerOpened", &connection) { $0.partnerOpened(&$1) }
  }
  mutating func partnerClosed(_ reason: CloseReason?, _ connection: inout Connection) {
    call("partnerClosed", &connection) { $0.partnerClosed(reason, &$1) }
  }
  mutating func partnerReceived(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    check(state == .open && !isClosing, "partnerReceived when not open")
    check(!bytes.isEmpty, "partnerReceived nothing")
    inner.partnerReceived(bytes, &connection)
    note(connection)
  }
  mutating func closed(_ reason: CloseReason) {
    check(state == .open, "closed when not open")
    state = .closed
    inner.closed(reason)
    journal.with { $0.reasons.append(reason) }
  }
}
