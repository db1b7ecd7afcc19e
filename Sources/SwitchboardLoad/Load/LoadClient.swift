import Switchboard

/// One loop's part of the generator: tells ``LoadLoop`` what happens, and does what that answers.
///
/// Its loop's thread alone uses it.
final class LoadClient: LoopPacer, @unchecked Sendable {
  private var load: LoadLoop
  private let loop: LoopHandle
  private let times: ConnectTimes
  private let header: ProxyHeader.Version?
  private let filter: (any FilterSource)?

  init(_ load: consuming LoadLoop, on loop: LoopHandle, behind filter: (any FilterSource)?) {
    self.load = load
    (self.loop, self.filter) = (loop, filter)
    // The load looks itself who takes too long.
    var times = ConnectTimes()
    times.timeout = .nanoseconds(Int64(clamping: self.load.timeoutNanoseconds)) + .seconds(10)
    self.times = times
    header = self.load.options.sendsHeader
    self.load.start()
  }

  func next(_ moment: borrowing LoopMoment) -> LoopPace {
    let pace = load.next()
    makeConnections()
    return pace
  }

  @inline(__always)
  fileprivate func tell(
    _ session: LoadSession, _ connection: inout Connection, of bytes: Span<UInt8> = Span(),
    _ body: (inout LoadLoop, Span<UInt8>) -> Void
  ) {
    load.tell(session.slot, session.number, bytes, &connection, body)
    makeConnections()
  }

  /// What comes before all else on a connection, if anything does.
  fileprivate func introduce(_ connection: inout Connection) {
    guard let header else { return }
    let own = ProxyHeader(
      from: connection.localAddress, to: connection.peerAddress, version: header)
    if let bytes = try? own.encoded() { connection.write(bytes.span) }
  }

  /// Notes who a connection is to the server, where its requests are kept.
  fileprivate func mark(_ session: LoadSession, _ address: @autoclosure () -> SocketAddress?) {
    guard session.slot < load.marks.count else { return }
    load.marks[session.slot] = address().flatMap(PeerMark.init)?.rawValue ?? 0
  }

  fileprivate func lost(_ session: LoadSession, _ reason: CloseReason) {
    load.lost(session.slot, session.number, reason)
    makeConnections()
  }

  @inline(__always)
  private func makeConnections() {
    if !load.openings.isEmpty { connectAll() }
  }

  @inline(never)
  private func connectAll() {
    var openings: [LoadOpening] = []
    swap(&openings, &load.openings)
    for opening in openings {
      let attempt = loop.connect(
        to: .address(opening.target), from: opening.source, times: times, behind: filter
      ) { LoadSession(client: self, slot: opening.slot, number: opening.number) }
      load.begun(opening, attempt)
    }
  }
}

/// A connection of the generator: everything of it is told to the load.
struct LoadSession: Session {
  fileprivate let client: LoadClient
  fileprivate let slot: Int
  /// Which of the slot's connections it is.
  fileprivate let number: UInt32

  mutating func opened(_ connection: inout Connection) {
    let (slot, key) = (slot, connection.key)
    client.introduce(&connection)
    client.mark(self, connection.localAddress)
    client.tell(self, &connection) { load, _ in load.established(slot, key) }
  }
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    let slot = slot
    client.tell(self, &connection, of: bytes) { load, bytes in load.take(slot, bytes) }
  }
  mutating func ended(_ connection: inout Connection) {
    let slot = slot
    client.tell(self, &connection) { load, _ in load.ended(slot) }
  }
  /// Something is to be sent, or nobody wants the connection any more.
  mutating func elapsed(_ connection: inout Connection) {
    client.tell(self, &connection) { _, _ in }
  }
  mutating func closed(_ reason: CloseReason) { client.lost(self, reason) }
}

extension LoadLoop {
  /// Something has happened on a connection, perhaps that bytes have come, which then does what is to be done on it.
  @inline(__always)
  fileprivate mutating func tell(
    _ slot: Int, _ number: UInt32, _ bytes: Span<UInt8>, _ connection: inout Connection,
    _ body: (inout LoadLoop, Span<UInt8>) -> Void
  ) {
    if slots[slot].connection == number {
      current = slot
      body(&self, bytes)
      current = -1
    }
    act(slot, number, &connection)
  }

  /// Sends what there is to send on a connection, or ends it if nobody wants it any more.
  @inline(__always)
  private mutating func act(_ slot: Int, _ number: UInt32, _ connection: inout Connection) {
    guard slots[slot].connection == number else { return connection.abort() }
    let count = slots[slot].outLeft
    guard count > 0 else { return }
    tape.write(from: Int(slots[slot].nextToSend), count: count, &connection)
    slots[slot].nextToSend = slots[slot].nextRequest
    slots[slot].outLeft = 0
    if isMeasuring { share.bytesSent += count }
  }

  /// A connection has gone, or did not come about.
  fileprivate mutating func lost(_ slot: Int, _ number: UInt32, _ reason: CloseReason) {
    guard slots[slot].connection == number else { return }
    current = slot
    lost(slot, reason)
    current = -1
  }

  /// A connection is being made.
  fileprivate mutating func begun(_ opening: LoadOpening, _ attempt: ConnectAttempt?) {
    guard slots[opening.slot].connection == opening.number else {
      attempt?.cancel()
      return
    }
    attempts[opening.slot] = attempt
    if attempt == nil {
      fail(opening.slot, .noMemory, "connect \(opening.target): too many wait to be begun")
    }
  }
}
