/// One direction of a connection: bytes that were sent, have arrived, and were read, in that order.
///
/// The sender's buffer and the receiver's window are one number, `capacity`: so much may be sent and
/// not read.
final class SimulatedStream {
  /// Bytes on their way, up to an offset of the whole stream.
  struct Segment: BitwiseCopyable {
    var end: Int
    var at: UInt64
    var isEnd: Bool
  }

  private var bytes: [UInt8] = []
  private var head = 0
  private var segments: [Segment] = []
  private var firstSegment = 0

  let capacity: Int
  private(set) var sent = 0
  private(set) var arrived = 0
  private(set) var read = 0
  private(set) var lastArrival: UInt64 = 0
  /// The sender has said that nothing more comes.
  private(set) var isEnding = false
  /// The receiver knows that.
  private(set) var hasEnded = false
  /// The sender was told that there is no room, and waits to hear of some.
  var wantsRoom = false
  /// An event that tells the sender is on its way.
  var tellsOfRoom = false

  init(capacity: Int) { self.capacity = capacity }

  /// How much may be sent.
  var room: Int { capacity - (sent - read) }
  /// Whether poll(2) calls the sender writable: a third is free, as Linux has it.
  var isWritable: Bool { room * 3 >= capacity }
  /// What can be read.
  var unread: Int { arrived - read }
  /// Whether something is on its way.
  var isMoving: Bool { firstSegment < segments.count }
  /// The sender's end has been said, and everything before it has arrived.
  var isAtEnd: Bool { hasEnded && unread == 0 }

  /// Takes bytes for sending; there must be room.
  func append(_ new: UnsafeRawBufferPointer) {
    unsafe bytes.append(contentsOf: new)
    sent += new.count
  }

  /// Sends the stream's next bytes on their way, up to `end`.
  func dispatch(to end: Int, at time: UInt64, isEnd: Bool = false) {
    lastArrival = max(lastArrival, time)
    segments.append(Segment(end: end, at: lastArrival, isEnd: isEnd))
    if isEnd { isEnding = true }
  }

  /// The earliest segment on its way arrives. Nil when none is on its way.
  func arrive() -> Segment? {
    guard isMoving else { return nil }
    let segment = segments[firstSegment]
    firstSegment += 1
    if firstSegment == segments.count {
      segments.removeAll(keepingCapacity: true)
      firstSegment = 0
    }
    arrived = max(arrived, segment.end)
    if segment.isEnd { hasEnded = true }
    return segment
  }

  /// Reads as much as there is and fits.
  func take(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(unread, buffer.count)
    guard count > 0 else { return 0 }
    unsafe bytes.withUnsafeBytes { bytes in
      unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[head..<head + count]))
    }
    advance(count)
    return count
  }

  /// Reads without looking.
  func skip(_ count: Int) { advance(min(count, unread)) }

  /// Where the next `count` unread bytes first differ from `expected[offset...]`; nil where they do
  /// not.
  func difference(from expected: [UInt8], at offset: Int, count: Int) -> (at: Int, got: UInt8)? {
    for place in 0..<count {
      let got = bytes[head + place]
      if offset + place >= expected.count || expected[offset + place] != got {
        return (offset + place, got)
      }
    }
    return nil
  }

  private func advance(_ count: Int) {
    head += count
    read += count
    if head == bytes.count {
      bytes.removeAll(keepingCapacity: true)
      head = 0
    } else if head > 1 << 16, head * 2 > bytes.count {
      bytes.removeFirst(head)
      head = 0
    }
  }

  /// The last `count` bytes that arrived had not: they come at `time`.
  func delay(_ count: Int, until time: UInt64) {
    guard count > 0, count <= unread, !hasEnded else { return }
    let end = arrived
    arrived -= count
    segments.removeFirst(firstSegment)
    segments.insert(Segment(end: end, at: time, isEnd: false), at: 0)
    firstSegment = 0
    lastArrival = max(lastArrival, time)
  }

  /// The connection is gone: nothing arrives any more and, if `forgets`, nothing unread is left.
  func cut(forgets: Bool) {
    segments.removeAll()
    firstSegment = 0
    if forgets { advance(unread) }
  }
}
