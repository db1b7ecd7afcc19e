/// One direction of a connection: bytes that were sent, have arrived, and were read, in that order.
///
/// The sender's buffer and the receiver's window are one number, `capacity`: so much may be sent and
/// not read.
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
    let capacity: Int
    fileprivate(set) var sent = 0
    fileprivate(set) var arrived = 0
    fileprivate(set) var read = 0
    fileprivate(set) var lastArrival: UInt64 = 0
    fileprivate(set) var hasEnded = false
    var wantsRoom = false
    var tellsOfRoom = false

    init(capacity: Int) { self.capacity = capacity }
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
  var room: Int { own.capacity - (own.sent - own.read) }
  /// Whether poll(2) calls the sender writable: a third is free, as Linux has it.
  var isWritable: Bool { room * 3 >= own.capacity }
  /// What can be read.
  var unread: Int { own.arrived - own.read }
  /// Whether something is on its way.
  var isMoving: Bool { own.firstSegment < own.segments.count }
  /// The sender's end has been said, and everything before it has arrived.
  var isAtEnd: Bool { own.hasEnded && unread == 0 }

  /// Takes bytes for sending; there must be room.
  func append(_ new: UnsafeRawBufferPointer) {
    unsafe own.bytes.append(new)
    own.sent += new.count
  }

  /// Sends the stream's next bytes on their way, up to `end`.
  func dispatch(to end: Int, at time: UInt64, isEnd: Bool = false) {
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
    if segment.isEnd { own.hasEnded = true }
    return segment
  }

  /// Reads as much as there is and fits.
  func take(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(unread, buffer.count)
    guard count > 0 else { return 0 }
    unsafe buffer.copyMemory(from: own.bytes.first(count))
    advance(count)
    return count
  }

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
    if forgets { advance(unread) }
  }
}
