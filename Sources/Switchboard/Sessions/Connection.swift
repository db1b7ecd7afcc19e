/// A session's side of its connection during a callback: it writes, pauses, sets its timer and
/// closes through this.
///
/// Nothing happens at once: when the callback returns, the loop sends what was written and does
/// what was asked. Belongs to the loop's thread; it cannot be kept. For other threads there is
/// ``handle(for:)``.
@safe
public struct Connection: ~Copyable {
  struct Requests: OptionSet {
    let rawValue: UInt32
    static let pause = Requests(rawValue: 1)
    static let resume = Requests(rawValue: 2)
    static let close = Requests(rawValue: 4)
    static let abort = Requests(rawValue: 8)
    static let timer = Requests(rawValue: 16)
    static let overflow = Requests(rawValue: 32)
    static let drained = Requests(rawValue: 64)
    static let finish = Requests(rawValue: 128)
    static let connect = Requests(rawValue: 256)
    static let leave = Requests(rawValue: 512)
    static let pair = Requests(rawValue: 1024)
    static let forward = Requests(rawValue: 2048)
    static let forwardEnd = Requests(rawValue: 4096)
    static let reset = Requests(rawValue: 8192)
    static let share = Requests(rawValue: 16384)
    static let pool = Requests(rawValue: 32768)
    /// What is written goes through a filter.
    static let filtered = Requests(rawValue: 65536)
  }

  /// The connection's name on its loop, for as long as it lives.
  public internal(set) var key = Key(index: 0, generation: 0)
  /// When this turn of the loop began. Reading it costs no system call.
  public internal(set) var now: Instant

  // Where output goes: the backend's region, or a buffer of our own when that is too small.
  @usableFromInline var start: UnsafeMutablePointer<UInt8>
  @usableFromInline var capacity = 0
  @usableFromInline var count = 0
  private(set) var isSpilled = false
  private var spillCapacity = 0
  private let limit: Int

  private(set) var descriptor: Int32 = -1
  var requests: Requests = []
  var alarm: Instant?
  /// What it leaves of what it was given.
  var leftovers: [UInt8] = []
  private let watermark: Int
  /// What is sent from where it lies, and how much was written before it.
  struct Part {
    enum Content {
      case bytes(SharedBytes)
      case file(FilePart)

      var count: Int {
        switch self {
        case .bytes(let bytes): bytes.count
        case .file(let part): part.count
        }
      }
    }
    let content: Content
    let place: Int
  }
  var parts: [Part] = []
  /// How much that is, in a callback that has written some.
  private var apart = 0
  /// What the loop knows of where connections come from; nil where there is none.
  var peers: PeerAddresses?
  /// The filters of its loop's connections; nil before the first.
  var filters: FilterDesk?
  /// Nil where nothing is kept, but all output waited for.
  var outboxes: OutboxPool?
  /// The loop's slots, by whose numbers the outboxes are found; they never move.
  var slots: UnsafePointer<Slot>?
  /// What it wants to be connected to.
  var wishes: [ConnectWish] = []
  /// Whom it wants to belong to.
  var wanted: Link?
  /// Who belongs to whom on its loop; nil before the first two do.
  var pairs: Pairs?
  /// What its partner is to send.
  var forwarded = Forwarded()
  let loop: LoopContext
  /// The loop, for other threads.
  public let loopHandle: LoopHandle
  /// Of the listener through which the connection came that was accepted last, and is called back at once.
  var role = ListenerRole()
  /// What its proxy has said of that connection.
  var proxied: ProxyHeader?

  init(
    loop: LoopContext, handle: LoopHandle, now: Instant, limit: Int, watermark: Int = 65536
  ) {
    loopHandle = handle
    self.watermark = watermark
    unsafe start = UnsafeMutablePointer(bitPattern: 16).unsafelyUnwrapped
    self.loop = loop
    self.now = now
    self.limit = limit
  }

  deinit { if isSpilled { unsafe start.deallocate() } }

  // ---------------------------------------------------------------------------- writing

  /// Sends a byte.
  @inlinable
  public mutating func write(_ byte: UInt8) {
    guard count < capacity || makeRoom(1) else { return }
    unsafe start[count] = byte
    count &+= 1
  }

  /// Sends bytes.
  @inlinable
  public mutating func write(_ bytes: Span<UInt8>) {
    guard bytes.count <= capacity &- count || makeRoom(bytes.count) else { return }
    unsafe bytes.withUnsafeBufferPointer { bytes in
      if let first = bytes.baseAddress {
        unsafe (start + count).update(from: first, count: bytes.count)
      }
    }
    count &+= bytes.count
  }

  /// Sends a string's UTF-8.
  public mutating func write(_ text: String) {
    let utf8 = text.utf8
    write(utf8.span)
  }

  /// Sends bytes that others are sent too, and that are there once for all of them. They go in the order in
  /// which they were written; as many as there are, they do not count for ``ServerOptions/totalOutboxLimit``.
  public mutating func write(_ bytes: SharedBytes) { write(.bytes(bytes)) }

  /// Sends a file, or a part of it, without holding any of it: from where it is, by `sendfile(2)`, and in pieces,
  /// so that others are served in between. It goes in the order in which it was written.
  ///
  /// It counts as ``unsent``, so a session is given no more input while much of it is, and not for
  /// ``ServerOptions/totalOutboxLimit``.
  ///
  /// - Parameters:
  ///   - file: Kept open until it is sent.
  ///   - offset: Where the part begins.
  ///   - count: How long it is; nil for all that follows.
  /// - Returns: How many bytes are sent: what lies outside of the file is left out.
  @discardableResult
  public mutating func write(_ file: SharedFile, from offset: Int = 0, count: Int? = nil) -> Int {
    let part = file.part(from: offset, count: count ?? .max)
    write(.file(part))
    return part.count
  }

  private mutating func write(_ content: Part.Content) {
    guard content.count > 0 else { return }
    apart = (requests.contains(.share) ? apart : 0).plus(clamped: content.count)
    parts.append(Part(content: content, place: count))
    requests.insert(.share)
  }

  /// Bytes that were written before this callback, and that the kernel has not taken yet: what a peer that
  /// reads slowly makes the server keep. ``ServerOptions/outboxLimit`` bounds them. On io_uring, what is on its
  /// way to the kernel does not count.
  public var unsent: Int {
    guard let outboxes, let slots = unsafe slots else { return 0 }
    let sealed = unsafe outboxes.count(slots[Int(key.index)].outbox)
    return sealed.plus(clamped: outboxes.count(filters?[key.index]?.plain ?? 0))
  }

  /// What stands between the wire and its session; nil where nothing does.
  package var filter: (any StreamFilter)? { filters?[key.index]?.filter }

  /// Sends at most `count` bytes that `body` produces, without a copy in between.
  ///
  /// `body` gets an empty output of exactly that capacity, and is not called when the connection is
  /// about to be closed for having written too much.
  @inlinable
  public mutating func write(
    atMost count: Int, _ body: (inout OutputSpan<UInt8>) -> Void
  ) {
    let room = max(0, count)
    guard room <= capacity &- self.count || makeRoom(room) else { return }
    let buffer = unsafe UnsafeMutableBufferPointer(start: start + self.count, count: room)
    var output = unsafe OutputSpan(buffer: buffer, initializedCount: 0)
    body(&output)
    self.count &+= unsafe output.finalize(for: buffer)
  }

  /// The same for those who write by index: `body` gets exactly `count` bytes of any content and
  /// answers how many of them, from the start, are to be sent.
  @inlinable
  public mutating func write(
    atMost count: Int, filling body: (inout MutableSpan<UInt8>) -> Int
  ) {
    let room = max(0, count)
    guard room <= capacity &- self.count || makeRoom(room) else { return }
    let buffer = unsafe UnsafeMutableBufferPointer(start: start + self.count, count: room)
    var span = unsafe buffer.mutableSpan
    let written = body(&span)
    self.count &+= max(0, min(written, room))
  }

  /// Makes room for `more` bytes, in a buffer of our own. False when the connection has written
  /// more than it may; it will be closed.
  @usableFromInline
  mutating func makeRoom(_ more: Int) -> Bool {
    guard more <= limit &- count else {
      requests.insert(.overflow)
      return false
    }
    let wanted = min(max(count + more, 2 * capacity), limit)
    let bigger = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
    unsafe bigger.initialize(repeating: 0, count: wanted)
    unsafe bigger.update(from: start, count: count)
    if isSpilled { unsafe start.deallocate() }
    unsafe start = bigger
    capacity = wanted
    isSpilled = true
    return true
  }

  // --------------------------------------------------------------------------- receiving

  /// Leaves bytes: they are given again, in front of what comes next. So a protocol keeps no message of its
  /// own that has not come whole.
  ///
  /// ```swift
  /// mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
  ///   var place = 0
  ///   while !connection.hasWrittenMuch, let end = endOfMessage(in: bytes, from: place) {
  ///     answer(bytes.extracting(place..<end), &connection)
  ///     place = end
  ///   }
  ///   connection.leave(bytes.extracting(place...))
  /// }
  /// ```
  ///
  /// They are given when more has come, and without that when unsent output has fallen to
  /// ``ServerOptions/lowWatermark`` and when ``resumeReading()`` is called. That the peer has finished is told
  /// behind them. They are copied: at most ``ServerOptions/inputLimit`` are kept.
  ///
  /// - Parameter bytes: The end of what ``Session/received(_:_:)`` was given; only in that callback.
  public mutating func leave(_ bytes: Span<UInt8>) {
    leftovers.removeAll(keepingCapacity: false)
    guard !bytes.isEmpty else { return }
    leftovers.reserveCapacity(bytes.count)
    for index in bytes.indices { leftovers.append(bytes[index]) }
    requests.insert(.leave)
  }

  /// Whether this callback has written more than ``ServerOptions/highWatermark``: the time to ``leave(_:)`` the
  /// rest of what has come, which is given again when that has gone to the peer. A session that looks keeps
  /// a peer that asks for much, in a few bytes, from filling the memory. Files and shared bytes count.
  public var hasWrittenMuch: Bool {
    count > watermark || requests.contains(.share) && count.plus(clamped: apart) > watermark
  }

  // --------------------------------------------------------------------------- controls

  /// Stop delivering bytes to this session; the peer is slowed down by TCP's own window.
  public mutating func pauseReading() {
    requests.insert(.pause)
    requests.remove(.resume)
  }

  /// Deliver bytes again.
  public mutating func resumeReading() {
    requests.insert(.resume)
    requests.remove(.pause)
  }

  /// Calls ``Session/elapsed(_:)`` once, that long after ``now``; in place of an earlier timer. Not
  /// early, and a millisecond or two late on an idle machine. At most 24 days.
  public mutating func setTimer(after duration: Duration) {
    requests.insert(.timer)
    alarm = now + min(duration, .seconds(24 * 86400))
  }

  /// Forgets the timer.
  public mutating func cancelTimer() {
    requests.insert(.timer)
    alarm = nil
  }

  /// Calls ``Session/drained(_:)`` once when everything written so far has been handed to the
  /// kernel, also when that is done at once. The call comes after other connections have had their
  /// turn, so a session that sends without end, a portion at each call, holds up nobody and keeps
  /// one portion in memory.
  public mutating func notifyWhenDrained() { requests.insert(.drained) }

  /// Tells the peer, when everything written so far has been sent, that nothing more comes
  /// (`shutdown(2)`); what it still sends is delivered as before. What is written after this callback
  /// goes nowhere. When both have finished, and ``Session/ended(_:)`` has been called, the connection closes.
  public mutating func finishSending() { requests.insert(.finish) }

  /// Closes when everything written has been sent. No more bytes are delivered.
  public mutating func close() { requests.insert(.close) }

  /// Closes at once; what is not sent yet is lost.
  public mutating func abort() { requests.insert(.abort) }

  /// The peer's address; nil when the connection was no longer there to ask when it was asked first. It takes a system
  /// call at most once for a connection. On backends other than io_uring, where accepting tells it, it takes one only for
  /// those that were there before any session of the loop asked; a Unix-domain socket is asked each time.
  public var peerAddress: SocketAddress? {
    if let known = peers?.address(of: key) { return known }
    let found = loop.peerAddress(descriptor)
    if let found { peers?.remember(key, found) }
    return found
  }

  /// Where the connection really comes from, also where a proxy says that it is another's (``ProxyProtocol``), and
  /// ``peerAddress`` is that one's; nil when it is no longer there to ask. A system call.
  public var realPeerAddress: SocketAddress? { loop.peerAddress(descriptor) }

  /// Closes at once, as ``abort()`` does, and tells the peer that what it was promised is lost: by a reset
  /// instead of an end.
  public mutating func reset() { requests.insert(.reset) }

  /// This connection, for other threads and other connections.
  ///
  /// - Parameter session: The session's own type: `Self.self`.
  public func handle<S: Session & ~Copyable>(for session: S.Type)
    -> ConnectionHandle<S.Message>
  {
    let own = (loop.box as? ServiceOfConnection)?.box(of: Int(key.index)) ?? loop.box
    guard let box = own as? MessageBox<S.Message> else {
      preconditionFailure("ask for the handle with the session's own type: Self.self")
    }
    return ConnectionHandle(key: key, box: box)
  }

  /// The one object of its class that this connection's loop has, made when it is first asked for: what
  /// the sessions of a loop share, reached without a lock, since one thread calls them all. It lives as
  /// long as the loop.
  public func loopLocal<Local: AnyObject>(_ make: () -> Local) -> Local { loop.local(make) }

  // ------------------------------------------------------------------------- by the loop

  /// Makes ready for the next callback.
  @inline(__always)
  mutating func begin(_ key: Key, _ descriptor: Int32, _ region: OutputRegion) {
    self.key = key
    self.descriptor = descriptor
    if isSpilled { dropSpill() }
    unsafe start = region.start
    capacity = region.capacity
    count = 0
    requests = []
  }

  mutating func dropSpill() {
    unsafe start.deallocate()
    isSpilled = false
    capacity = 0
    count = 0
  }

  /// Writes bytes for the backend's own region, if that has room for all of them: whether it has.
  mutating func takes(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count <= capacity else { return false }
    unsafe UnsafeMutableRawBufferPointer(start: start, count: capacity).copyMemory(from: bytes)
    count = bytes.count
    return true
  }

  /// A part of what was written, or all from somewhere on.
  func written(from start: Int, to end: Int? = nil) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: written[start..<(end ?? count)])
  }

  /// What was written.
  var written: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: start, count: count)
  }
}
