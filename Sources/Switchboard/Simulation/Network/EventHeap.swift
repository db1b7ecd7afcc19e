#if TestBench

/// Something that will happen in a simulated network.
struct SimulatedEvent: BitwiseCopyable {
  enum Kind: UInt8, BitwiseCopyable {
    /// The next segment reaches the socket.
    case arrival
    /// The socket's peer has read, and the socket learns of it.
    case room
    /// A reset reaches the socket.
    case reset
    /// A connecting socket's first segment reaches the listener.
    case connect
    /// The answer to that reaches the connecting socket.
    case connected
    /// The connecting socket's answer to that reaches the server's end of it.
    case established
    /// The connecting socket learns that there will be no connection: nobody listens, or why `detail` says.
    case refused
    /// The socket is woken again, for what `detail` says.
    case wake
    /// A client's own clock.
    case client
    /// Anything else; `detail` tells what.
    case other
    /// The first segment of an attempt reaches somebody outside.
    case attempt
    /// The clock of one of those outside.
    case remote
  }

  var time: UInt64
  var detail: UInt64
  /// Events of one moment happen in the order in which they were made.
  var order: UInt32
  var place: Int32
  var kind: Kind
  var subject: Int { Int(place) }
}

/// What is still to happen, the earliest first.
@safe
struct EventHeap: ~Copyable {
  private var events: UnsafeMutablePointer<SimulatedEvent>
  private var capacity = 64
  private var count = 0
  private var made: UInt32 = 0
  /// When the next event is due; the end of time when there is none.
  private(set) var nextTime = UInt64.max

  init() { unsafe events = .allocate(capacity: capacity) }

  deinit { unsafe events.deallocate() }

  var isEmpty: Bool { count == 0 }

  @inline(__always)
  private static func isBefore(_ a: SimulatedEvent, _ b: SimulatedEvent) -> Bool {
    a.time != b.time ? a.time < b.time : a.order < b.order
  }

  mutating func push(
    _ kind: SimulatedEvent.Kind, _ subject: Int, at time: UInt64, detail: UInt64 = 0
  ) {
    made += 1
    let event = SimulatedEvent(
      time: time, detail: detail, order: made, place: Int32(subject), kind: kind)
    if count == capacity { grow() }
    var place = count
    count += 1
    while place > 0 {
      let parent = (place - 1) / 2
      guard unsafe EventHeap.isBefore(event, events[parent]) else { break }
      unsafe events[place] = events[parent]
      place = parent
    }
    unsafe events[place] = event
    nextTime = unsafe events[0].time
  }

  /// Takes the earliest event; there must be one.
  mutating func pop() -> SimulatedEvent {
    precondition(count > 0, "nothing is to happen")
    let first = unsafe events[0]
    count -= 1
    guard count > 0 else {
      nextTime = .max
      return first
    }
    let last = unsafe events[count]
    var place = 0
    while true {
      var child = 2 * place + 1
      guard child < count else { break }
      if child + 1 < count, unsafe EventHeap.isBefore(events[child + 1], events[child]) {
        child += 1
      }
      guard unsafe EventHeap.isBefore(events[child], last) else { break }
      unsafe events[place] = events[child]
      place = child
    }
    unsafe events[place] = last
    nextTime = unsafe events[0].time
    return first
  }

  private mutating func grow() {
    let bigger = UnsafeMutablePointer<SimulatedEvent>.allocate(capacity: 2 * capacity)
    unsafe bigger.moveInitialize(from: events, count: count)
    unsafe events.deallocate()
    unsafe events = bigger
    capacity *= 2
  }
}

#endif
