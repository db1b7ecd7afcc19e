/// Any sessions, with a ``LoopObserver`` looking on.
final class ObservedSessions<System: Kernel>: SessionTable {
  private let base: SessionTable
  private let observer: LoopObserver<System>

  init(_ base: SessionTable, _ observer: LoopObserver<System>) {
    self.base = base
    self.observer = observer
  }

  @inline(__always)
  private func observe(
    _ kind: CallbackKind, _ index: Int, _ connection: inout Connection, received: Int = 0,
    _ body: (inout Connection) -> Void
  ) {
    let start = observer.now
    body(&connection)
    if let duration = observer.called(kind, index, since: start, received: received) {
      observer.tooSlow(kind, index, duration, peer: connection.peerAddress)
    }
  }

  override func open(_ index: Int, _ connection: inout Connection) {
    observer.opens(connection.key, from: connection.realPeerAddress)
    observe(.connected, index, &connection) { base.open(index, &$0) }
  }
  override func place(_ wish: ConnectWish, at index: Int) -> Bool { base.place(wish, at: index) }
  override func connected(_ index: Int, _ connection: inout Connection) {
    observer.opens(connection.key, from: nil)
    observe(.connected, index, &connection) { base.connected(index, &$0) }
  }
  override func received(_ index: Int, _ bytes: Span<UInt8>, _ connection: inout Connection) {
    let start = observer.now
    let count = bytes.count
    base.received(index, bytes, &connection)
    if let duration = observer.called(.receive, index, since: start, received: count) {
      observer.tooSlow(.receive, index, duration, peer: connection.peerAddress)
    }
  }
  override func drained(_ index: Int, _ connection: inout Connection) {
    observe(.drained, index, &connection) { base.drained(index, &$0) }
  }
  override func ended(_ index: Int, _ connection: inout Connection) {
    observe(.ended, index, &connection) { base.ended(index, &$0) }
  }
  override func elapsed(_ index: Int, _ connection: inout Connection) {
    observer.comes(index, .alarm)
    observe(.alarm, index, &connection) { base.elapsed(index, &$0) }
  }
  override func draining(_ index: Int, _ connection: inout Connection) {
    observe(.drain, index, &connection) { base.draining(index, &$0) }
  }
  override func partnerOpened(_ index: Int, _ connection: inout Connection) {
    observer.comes(index, .posted)
    observe(.posted, index, &connection) { base.partnerOpened(index, &$0) }
  }
  override func partnerClosed(
    _ index: Int, _ reason: CloseReason?, _ connection: inout Connection
  ) {
    observer.comes(index, .posted)
    observe(.posted, index, &connection) { base.partnerClosed(index, reason, &$0) }
  }
  override func partnerReceived(
    _ index: Int, _ bytes: Span<UInt8>, _ connection: inout Connection
  ) {
    observer.comes(index, .posted)
    let start = observer.now
    base.partnerReceived(index, bytes, &connection)
    if let duration = observer.called(.posted, index, since: start) {
      observer.tooSlow(.posted, index, duration, peer: connection.peerAddress)
    }
  }
  override func deliver(_ place: Int, _ index: Int, _ connection: inout Connection) {
    observer.comes(index, .posted)
    observe(.posted, index, &connection) { base.deliver(place, index, &$0) }
  }
  override func close(_ index: Int, _ reason: CloseReason) {
    let start = observer.now
    base.close(index, reason)
    if let duration = observer.called(.closed, index, since: start, reason: reason) {
      observer.tooSlow(.closed, index, duration, peer: nil)
    }
  }

  override func collectMail() -> Int { base.collectMail() }
  override func addressee(_ place: Int) -> Key { base.addressee(place) }
  override func undelivered(_ place: Int) { base.undelivered(place) }
  override func dropMail() { base.dropMail() }
  override func closeMail() { base.closeMail() }
}
