#if TestBench

/// One registration with a ``SimulatedEpoll``. The name of one, as ``SimulatedSocket`` is.
@safe
struct SimulatedWatch {
  struct Body {
    let epoll: SimulatedEpoll
    var events: UInt32
    var key: UInt64
    var isQueued = false
    var isDead = false
    /// The one behind it among those that are to be asked.
    var next: SimulatedWatch?
    // What is watched: one of the two.
    let socket: SimulatedSocket?
    let file: SimulatedFile?
  }

  private let place: UnsafeMutablePointer<Body>

  init(_ place: UnsafeMutablePointer<Body>) { unsafe self.place = place }

  var own: Body {
    @inline(__always) unsafeAddress { unsafe UnsafePointer(place) }
    @inline(__always) nonmutating unsafeMutableAddress { unsafe place }
  }

  var key: UInt64 { own.key }
  var events: UInt32 { own.events }

  /// What it would be told at the moment.
  var pending: UInt32 {
    (own.socket?.bits ?? own.file?.bits ?? 0) & (own.events | PollBits.always)
  }

  /// Something happened to what it watches.
  @inline(__always)
  func notice(_ bits: UInt32) { own.epoll.notice(self, bits) }
}

/// epoll(7): a list of registrations to which something happened, asked again when they are told.
@safe
struct SimulatedEpoll {
  struct Body {
    var count = 0
    var first: SimulatedWatch?
    var last: SimulatedWatch?
    /// How many are in the list.
    var queued = 0
  }

  private let place: UnsafeMutablePointer<Body>

  init(_ place: UnsafeMutablePointer<Body>) { unsafe self.place = place }

  private var own: Body {
    @inline(__always) unsafeAddress { unsafe UnsafePointer(place) }
    @inline(__always) nonmutating unsafeMutableAddress { unsafe place }
  }

  /// Something happened to what a registration watches.
  @inline(__always)
  func notice(_ watch: SimulatedWatch, _ bits: UInt32) {
    guard !watch.own.isDead, !watch.own.isQueued,
      bits & (watch.own.events | PollBits.always) != 0
    else { return }
    enqueue(watch)
  }

  private func enqueue(_ watch: SimulatedWatch) {
    watch.own.isQueued = true
    watch.own.next = nil
    if let last = own.last { last.own.next = watch } else { own.first = watch }
    own.last = watch
    own.queued += 1
  }

  private func dequeue() -> SimulatedWatch? {
    guard let watch = own.first else { return nil }
    own.first = watch.own.next
    if own.first == nil { own.last = nil }
    own.queued -= 1
    watch.own.isQueued = false
    return watch
  }

  func added(_ watch: SimulatedWatch) {
    own.count += 1
    notice(watch, watch.pending)
  }

  func modify(_ watch: SimulatedWatch, events: UInt32, key: UInt64) {
    watch.own.events = events
    watch.own.key = key
    notice(watch, watch.pending)
  }

  func remove(_ watch: SimulatedWatch) {
    watch.own.isDead = true
    watch.own.socket?.watch = nil
    watch.own.file?.watch = nil
    own.count -= 1
  }

  /// Writes what is ready. Level-triggered registrations go to the end of the list, to be asked
  /// again; edge-triggered ones are forgotten until something happens.
  func collect(into events: UnsafeMutableBufferPointer<EpollEvent>) -> Int {
    var found = 0
    var left = own.queued
    while left > 0, found < events.count, let watch = dequeue() {
      left -= 1
      let bits = watch.own.isDead ? 0 : watch.pending
      guard bits != 0 else { continue }
      var event = EpollEvent()
      event.key = watch.own.key
      event.events = bits
      unsafe events[found] = event
      found += 1
      if watch.own.events & PollBits.edge == 0 { enqueue(watch) }
    }
    return found
  }
}

#endif
