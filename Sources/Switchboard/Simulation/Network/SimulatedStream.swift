#if TestBench

/// One direction of a connection: bytes that `send` took, that are on their way, have arrived, and were
/// read, in that order.
///
/// The sender's kernel holds `buffer` bytes that have not arrived, and the receiver's `window` bytes that
/// were not read: what does not fit there stays with the sender, and leaves when the receiver reads.
///
/// One byte at a time may be urgent (`MSG_OOB`): a receive stops before it, and the next one passes over
/// it. One that was not reached when another comes is a byte as any other, as Linux has it.
///
/// The name of one, as ``SimulatedSocket`` is.
@safe
struct SimulatedStream {
  /// Bytes on their way, up to an offset of the whole stream.
  struct Segment: BitwiseCopyable {
    var end: Int
    var at: UInt64
    var isEnd: Bool
  }

  struct Body: ~Copyable {
    fileprivate var bytes = ByteQueue()
    fileprivate var segments: [Segment] = []
    fileprivate var firstSegment = 0
    let window: Int
    let buffer: Int
    fileprivate(set) var sent = 0
    fileprivate(set) var dispatched = 0
    fileprivate(set) var arrived = 0
    /// What has arrived once is acknowledged, also where a fault has it come again.
    fileprivate(set) var acknowledged = 0
    fileprivate(set) var read = 0
    fileprivate(set) var lastArrival: UInt64 = 0
    fileprivate(set) var hasEnded = false
    var isFinished = false
    var wantsRoom = false
    var tellsOfRoom = false
    /// When bytes last left the sender, and when the receiver last acknowledged some.
    var dispatchedAt: UInt64 = 0
    var acknowledgedAt: UInt64 = 0
    // Urgent bytes, by their place in the stream: sent and not arrived; arrived and not passed; passed.
    fileprivate var marks: [Int] = []
    fileprivate var mark = -1
    fileprivate var passed = 0

    init(window: Int, buffer: Int, now: UInt64) {
      self.window = window
      self.buffer = buffer
      (dispatchedAt, acknowledgedAt) = (now, now)
    }
  }

  private let place: UnsafeMutablePointer<Body>

  init(_ place: UnsafeMutablePointer<Body>) { unsafe self.place = place }

  private var own: Body {
    @inline(__always) unsafeAddress { unsafe UnsafePointer(place) }
    @inline(__always) nonmutating unsafeMutableAddress { unsafe place }
  }

  var sent: Int { own.sent }
  var arrived: Int { own.arrived }
  var read: Int { own.read }
  var lastArrival: UInt64 { own.lastArrival }
  /// The receiver knows that nothing more comes.
  var hasEnded: Bool { own.hasEnded }
  /// The sender was told that there is no room, and waits to hear of some.
  var wantsRoom: Bool {
    get { own.wantsRoom }
    nonmutating set { own.wantsRoom = newValue }
  }
  /// An event that tells the sender is on its way.
  var tellsOfRoom: Bool {
    get { own.tellsOfRoom }
    nonmutating set { own.tellsOfRoom = newValue }
  }

  /// How much may be sent.
  var room: Int { own.buffer - (own.sent - own.acknowledged) }
  /// Whether poll(2) calls the sender writable: a third is free, as Linux has it.
  var isWritable: Bool { room * 3 >= own.buffer }
  /// What has not left the sender.
  var waiting: Int { own.sent - own.dispatched }
  /// How much of it the receiver's window has room for.
  var leaving: Int { min(waiting, own.window - (own.dispatched - own.read)) }
  /// Whether the receiver tells of room in its window: half of it, or all that it was to hold.
  var isOpen: Bool {
    waiting > 0 && (own.window - (own.dispatched - own.read)) * 2 >= min(own.window, waiting)
  }
  /// Nothing more is sent, and the receiver is told so behind everything else.
  var isFinished: Bool {
    get { own.isFinished }
    nonmutating set { own.isFinished = newValue }
  }
  /// For how long the receiver has taken nothing, as `TCP_INFO` lets it be known.
  func silence(at now: UInt64) -> UInt64 {
    let (sent, acknowledged) = (now - own.dispatchedAt, now - own.acknowledgedAt)
    if waiting > 0 { return max(sent, acknowledged) }
    return own.acknowledged < own.dispatched ? acknowledged : sent
  }
  /// When bytes last left the sender.
  var dispatchedAt: UInt64 {
    get { own.dispatchedAt }
    nonmutating set { own.dispatchedAt = newValue }
  }
  /// When the receiver last acknowledged some.
  var acknowledgedAt: UInt64 {
    get { own.acknowledgedAt }
    nonmutating set { own.acknowledgedAt = newValue }
  }
  /// How many bytes have left the sender.
  var dispatched: Int { own.dispatched }
  /// What can be read, an urgent byte among it.
  var unread: Int { own.arrived - own.read }
  /// Whether the next byte is an urgent one.
  var isAtMark: Bool { isUrgent && own.mark == own.read }
  /// How many bytes have come, and whether the end has.
  var news: Int { own.arrived << 1 | (own.hasEnded ? 1 : 0) }
  /// Whether an urgent byte has arrived that was not passed.
  var isUrgent: Bool { own.mark >= own.read && own.mark < own.arrived }
  /// Whether poll(2) calls the receiver readable: an urgent byte alone is not read.
  var isReadable: Bool { unread > (isAtMark ? 1 : 0) }
  /// Whether an urgent byte is under way, or lies unread.
  var hasMark: Bool { !own.marks.isEmpty || isUrgent }
  /// How many of the bytes that arrived, and how many of those that were read, are no part of the stream
  /// that its reader sees.
  var passed: (arrived: Int, read: Int) { (own.passed + (isUrgent ? 1 : 0), own.passed) }
  /// Whether something is on its way.
  var isMoving: Bool { own.firstSegment < own.segments.count }
  /// The sender's end has been said, and everything before it has arrived.
  var isAtEnd: Bool { own.hasEnded && unread == 0 }

  /// Takes bytes for sending; there must be room.
  func append(_ new: UnsafeRawBufferPointer) {
    unsafe own.bytes.append(new)
    own.sent += new.count
  }

  /// The same for one urgent byte.
  func append(urgent byte: UInt8) {
    own.marks.append(own.sent)
    unsafe withUnsafeBytes(of: byte) { unsafe append($0) }
  }

  /// Sends the stream's next bytes on their way, up to `end`.
  func dispatch(to end: Int, at time: UInt64, isEnd: Bool = false) {
    own.dispatched = max(own.dispatched, end)
    own.lastArrival = max(own.lastArrival, time)
    own.segments.append(Segment(end: end, at: own.lastArrival, isEnd: isEnd))
  }

  /// The earliest segment on its way arrives. Nil when none is on its way.
  func arrive() -> Segment? {
    guard isMoving else { return nil }
    let segment = own.segments[own.firstSegment]
    own.firstSegment += 1
    if own.firstSegment == own.segments.count {
      own.segments.removeAll(keepingCapacity: true)
      own.firstSegment = 0
    }
    own.arrived = max(own.arrived, segment.end)
    own.acknowledged = max(own.acknowledged, own.arrived)
    while let mark = own.marks.first, mark < own.arrived { markArrives(mark) }
    if segment.isEnd { own.hasEnded = true }
    return segment
  }

  private func markArrives(_ mark: Int) {
    own.marks.removeFirst()
    if isAtMark { passMark() }
    own.mark = mark
  }

  private func passMark() {
    advance(1)
    own.mark = -1
    own.passed += 1
  }

  /// Reads as much as there is and fits, up to an urgent byte; one that comes first is passed over.
  func take(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    if isAtMark, buffer.count > 0 { passMark() }
    let count = min(isUrgent ? own.mark - own.read : unread, buffer.count)
    guard count > 0 else { return 0 }
    unsafe buffer.copyMemory(from: own.bytes.first(count))
    advance(count)
    return count
  }

  /// The next unread bytes, which stay unread.
  func next(_ count: Int) -> [UInt8] { unsafe Array(own.bytes.first(count)) }

  /// Reads without looking.
  func skip(_ count: Int) { advance(min(count, unread)) }

  /// Where the next `count` unread bytes first differ from `expected[offset...]`; nil where they do
  /// not.
  func difference(
    from expected: [UInt8], at offset: Int, count: Int
  ) -> (at: Int, got: UInt8)? {
    let bytes = unsafe own.bytes.first(count)
    for place in unsafe sameWords(bytes, expected, offset)..<count {
      let got = unsafe bytes[place]
      if offset + place >= expected.count || expected[offset + place] != got {
        return (offset + place, got)
      }
    }
    return nil
  }

  /// How many bytes are the same, looking at eight at a time.
  private func sameWords(
    _ bytes: UnsafeRawBufferPointer, _ expected: [UInt8], _ offset: Int
  ) -> Int {
    let end = min(bytes.count, expected.count - offset)
    return unsafe expected.withUnsafeBytes { expected in
      var place = 0
      while place + 8 <= end {
        let a = unsafe bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
        let b = unsafe expected.loadUnaligned(fromByteOffset: offset + place, as: UInt64.self)
        guard a == b else { break }
        place += 8
      }
      return place
    }
  }

  private func advance(_ count: Int) {
    own.bytes.removeFirst(count)
    own.read += count
  }

  /// The last `count` bytes that arrived had not: they come at `time`.
  func delay(_ count: Int, until time: UInt64) {
    guard count > 0, count <= unread, !hasEnded else { return }
    let end = arrived
    own.arrived -= count
    own.segments.removeFirst(own.firstSegment)
    own.segments.insert(Segment(end: end, at: time, isEnd: false), at: 0)
    own.firstSegment = 0
    own.lastArrival = max(lastArrival, time)
  }

  /// The connection is gone: nothing arrives any more and, if `forgets`, nothing unread is left.
  func cut(forgets: Bool) {
    own.segments.removeAll()
    own.firstSegment = 0
    own.marks = []
    if forgets { advance(unread) }
  }
}

#endif
