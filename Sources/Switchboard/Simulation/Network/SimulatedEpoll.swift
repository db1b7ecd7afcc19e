/// One registration with a ``SimulatedEpoll``.
final class SimulatedWatch {
  let file: SimulatedFile
  let epoll: SimulatedEpoll
  var events: UInt32
  var key: UInt64
  var isQueued = false
  var isDead = false

  init(_ file: SimulatedFile, _ epoll: SimulatedEpoll, events: UInt32, key: UInt64) {
    self.file = file
    self.epoll = epoll
    self.events = events
    self.key = key
  }

  /// What it would be told at the moment.
  var pending: UInt32 { file.bits & (events | PollBits.always) }
}

/// epoll(7): a list of registrations to which something happened, asked again when they are told.
final class SimulatedEpoll {
  private var ready: [SimulatedWatch] = []
  private(set) var count = 0

  /// Something happened to a registration's file.
  func notice(_ watch: SimulatedWatch, _ bits: UInt32) {
    guard !watch.isDead, !watch.isQueued, bits & (watch.events | PollBits.always) != 0 else {
      return
    }
    watch.isQueued = true
    ready.append(watch)
  }

  func add(_ file: SimulatedFile, events: UInt32, key: UInt64) {
    let watch = SimulatedWatch(file, self, events: events, key: key)
    file.watch = watch
    count += 1
    notice(watch, watch.pending)
  }

  func modify(_ watch: SimulatedWatch, events: UInt32, key: UInt64) {
    watch.events = events
    watch.key = key
    notice(watch, watch.pending)
  }

  func remove(_ watch: SimulatedWatch) {
    watch.isDead = true
    watch.file.watch = nil
    count -= 1
  }

  /// Writes what is ready. Level-triggered registrations go to the end of the list, to be asked
  /// again; edge-triggered ones are forgotten until something happens.
  func collect(into events: UnsafeMutableBufferPointer<EpollEvent>) -> Int {
    guard !ready.isEmpty else { return 0 }
    var found = 0
    var again: [SimulatedWatch] = []
    var place = 0
    while place < ready.count, found < events.count {
      let watch = ready[place]
      place += 1
      watch.isQueued = false
      let bits = watch.isDead ? 0 : watch.pending
      guard bits != 0 else { continue }
      var event = EpollEvent()
      event.key = watch.key
      event.events = bits
      unsafe events[found] = event
      found += 1
      if watch.events & PollBits.edge == 0 {
        watch.isQueued = true
        again.append(watch)
      }
    }
    ready.removeFirst(place)
    ready.append(contentsOf: again)
    return found
  }
}
