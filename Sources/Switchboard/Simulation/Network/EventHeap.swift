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
    /// Nobody listens, and the connecting socket learns of it.
    case refused
    /// The socket is woken again, for what `detail` says.
    case wake
    /// A client's own clock.
    case client
    /// Anything else; `detail` tells what.
    case other
  }

  var time: UInt64
  /// Events of one moment happen in the order in which they were made.
  var order: UInt64
  var kind: Kind
  var subject: Int
  var detail: UInt64
}

/// What is still to happen, the earliest first.
struct EventHeap {
  private var events: [SimulatedEvent] = []
  private var made: UInt64 = 0

  var isEmpty: Bool { events.isEmpty }
  /// When the next event is due; the end of time when there is none.
  @inline(__always)
  var nextTime: UInt64 { events.isEmpty ? .max : events[0].time }

  private static func isBefore(_ a: SimulatedEvent, _ b: SimulatedEvent) -> Bool {
    a.time != b.time ? a.time < b.time : a.order < b.order
  }

  mutating func push(
    _ kind: SimulatedEvent.Kind, _ subject: Int, at time: UInt64, detail: UInt64 = 0
  ) {
    made &+= 1
    let event = SimulatedEvent(
      time: time, order: made, kind: kind, subject: subject, detail: detail)
    var place = events.count
    events.append(event)
    while place > 0 {
      let parent = (place - 1) / 2
      guard EventHeap.isBefore(event, events[parent]) else { break }
      events[place] = events[parent]
      place = parent
    }
    events[place] = event
  }

  /// Takes the earliest event; there must be one.
  mutating func pop() -> SimulatedEvent {
    let first = events[0]
    let last = events.removeLast()
    let count = events.count
    guard count > 0 else { return first }
    var place = 0
    while true {
      var child = 2 * place + 1
      guard child < count else { break }
      if child + 1 < count, EventHeap.isBefore(events[child + 1], events[child]) { child += 1 }
      guard EventHeap.isBefore(events[child], last) else { break }
      events[place] = events[child]
      place = child
    }
    events[place] = last
    return first
  }
}
