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
    /// It was told once, and is not again before it is modified.
    var isSpent = false
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
    own.isSpent ? 0 : (own.socket?.bits ?? own.file?.bits ?? 0) & (own.events | PollBits.always)
  }

  /// Something happened to what it watches.
  @inline(__always)
  func notice(_ bits: UInt32) { own.epoll.notice(self, bits) }
}

/// epoll(7): a list of registrations to which something happened, asked again when they are told.
@safe
struct SimulatedEpoll: Equatable {
  struct Body {
    var count = 0
    var first: SimulatedWatch?
    var last: SimulatedWatch?
    /// How many are in the list.
    var queued = 0
    /// How often something happened that it would tell of.
    var news = 0
    /// Its own registration, with another one.
    var watch: SimulatedWatch?
    /// Its descriptor is closed, and so are all registrations with it.
    var isClosed = false
  }

  private let place: UnsafeMutablePointer<Body>

  init(_ place: UnsafeMutablePointer<Body>) { unsafe self.place = place }

  private var own: Body {
    @inline(__always) unsafeAddress { unsafe UnsafePointer(place) }
    @inline(__always) nonmutating unsafeMutableAddress { unsafe place }
  }

  /// Whether both name the same one.
  static func == (a: SimulatedEpoll, b: SimulatedEpoll) -> Bool { unsafe a.place == b.place }

  /// Whether a wait would tell of something: what makes its own descriptor readable.
  var isReady: Bool {
    var watch = own.first
    while let each = watch {
      if !each.own.isDead, each.pending != 0 { return true }
      watch = each.own.next
    }
    return false
  }

  var news: Int { own.news }
  var isClosed: Bool { own.isClosed }
  func close() { own.isClosed = true }

  /// Another one begins to watch it, or ends.
  func watched(by watch: SimulatedWatch?) { own.watch = watch }

  /// Something happened to what a registration watches.
  @inline(__always)
  func notice(_ watch: SimulatedWatch, _ bits: UInt32) {
    guard !watch.own.isDead, !watch.own.isSpent,
      bits & (watch.own.events | PollBits.always) != 0
    else { return }
    own.news &+= 1
    if !watch.own.isQueued { enqueue(watch) }
    if let outer = own.watch { outer.notice(PollBits.read) }
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
    watch.own.isSpent = false
    notice(watch, watch.pending)
  }

  func remove(_ watch: SimulatedWatch) {
    watch.own.isDead = true
    watch.own.socket?.watch = nil
    watch.own.file?.watch = nil
    watch.own.file?.epoll?.watched(by: nil)
    own.count -= 1
  }

  /// Writes what is ready. Level-triggered registrations go to the end of the list, to be asked
  /// again; edge-triggered ones are forgotten until something happens, and those for one time until they
  /// are modified.
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
      if watch.own.events & PollBits.oneShot != 0 {
        watch.own.isSpent = true
      } else if watch.own.events & PollBits.edge == 0 {
        enqueue(watch)
      }
    }
    return found
  }
}

#endif
