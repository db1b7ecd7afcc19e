#if TestBench

// Ways to wait. Time passes here.
extension SimulatedKernel {
  func epollCreate() -> Outcome {
    network.enter()
    let file = SimulatedFile(epoll: network.makeEpoll())
    guard let number = network.install(file) else { return .failure(.descriptorLimit) }
    if record.sleepsWithEpoll, record.loopEpoll == nil { record.loopEpoll = file.epoll }
    return answer(.epollCreate, Descriptor(rawValue: number), .value(Int(number)))
  }

  func epollControl(
    _ epoll: Descriptor, _ operation: EpollOperation, _ descriptor: Descriptor, events: UInt32,
    key: UInt64
  ) -> Outcome {
    network.enter()
    let outcome = control(epoll, operation, descriptor, events, key)
    return answer(.epollControl, descriptor, outcome, UInt64(events) ^ key)
  }

  private func control(
    _ epoll: Descriptor, _ operation: EpollOperation, _ descriptor: Descriptor, _ events: UInt32,
    _ key: UInt64
  ) -> Outcome {
    guard let set = self.epoll(epoll), network.pollState(descriptor) != nil else {
      return .failure(.badDescriptor)
    }
    if let inner = self.epoll(descriptor), inner == set { return .failure(.invalid) }
    let watch = network.watch(descriptor)
    if let watch, watch.own.epoll != set { return controlOther(operation) }
    switch (operation, watch) {
    case (.add, .some): return .failure(.exists)
    case (.modify, nil), (.remove, nil): return .failure(.noEntry)
    case (.add, nil):
      if let errno = registrationFault(descriptor) { return .failure(errno) }
      network.watch(Int(descriptor.rawValue), with: set, events: events, key: key)
    case (.modify, .some(let watch)): set.modify(watch, events: events, key: key)
    case (.remove, .some(let watch)): set.remove(watch)
    }
    network.hasChanged = true
    return .value(0)
  }

  private func epoll(_ descriptor: Descriptor) -> SimulatedEpoll? {
    network.file(descriptor)?.epoll
  }

  /// What another epoll watches. A kernel lets two do so; but then each event of a connection costs twice,
  /// for as long as it lives.
  private func controlOther(_ operation: EpollOperation) -> Outcome {
    guard operation == .add else { return .failure(.noEntry) }
    record.fail(.backendContract("two epolls watch one descriptor"))
    return .failure(.exists)
  }

  private func registrationFault(_ descriptor: Descriptor) -> Errno? {
    let number = target(descriptor)
    guard record.isServing, let chance = fires(.registrationFailure, on: number) else { return nil }
    // The server cannot keep such a connection.
    record.excuse(number)
    return chance & 1 == 0 ? .outOfMemory : .noSpace
  }

  func epollWait(
    _ epoll: Descriptor, into events: UnsafeMutableBufferPointer<EpollEvent>, milliseconds: Int32
  ) -> Outcome {
    network.enter()
    guard let set = self.epoll(epoll), !record.hasFailed else {
      return .failure(.badDescriptor)
    }
    if fires(.interrupt, on: 0) != nil { return answer(.epollWait, epoll, .failure(.interrupted)) }
    if set != record.loopEpoll { return unsafe look(epoll, set, into: events, milliseconds) }
    let isPartial = fires(.partialBatch, on: 0) != nil
    if isPartial { record.excuseIdleTurn() }
    let room = isPartial ? 1 : events.count
    let part = unsafe UnsafeMutableBufferPointer(rebasing: events[..<room])
    var count = 0
    let start = network.now
    let end = sleep(milliseconds) {
      count = unsafe set.collect(into: part)
      return count > 0
    }
    if end == .never || end == .limit { return .failure(.badDescriptor) }
    count = unsafe disturb(set, events, count)
    record.waited(network, from: start, found: count, milliseconds)
    let outcome = unsafe answer(.epollWait, epoll, .value(count), mixed(events, count))
    tellFound(watched(by: set)) { number in
      guard let key = network.watch(Descriptor(rawValue: number))?.key else { return false }
      return unsafe events[..<count].contains { $0.key == key }
    }
    return outcome
  }

  /// The descriptors that an epoll watches.
  private func watched(by set: SimulatedEpoll) -> [Int32] {
    guard record.trace != nil else { return [] }
    return (0..<Int32(network.descriptors.count)).filter {
      network.watch(Descriptor(rawValue: $0))?.own.epoll == set
    }
  }

  /// Says, for a trace, which descriptors were watched, and which of them were found ready.
  func tellFound(_ watched: @autoclosure () -> [Int32], _ isReady: (Int32) -> Bool) {
    guard record.trace != nil else { return }
    let all = watched()
    let ready = all.filter(isReady).map(String.init).joined(separator: ", ")
    record.say("  ready of \(all.count) watched: \(ready.isEmpty ? "none" : ready)")
  }

  /// Looks at an epoll that is not the one which the loop sleeps with: no turn, and nothing spurious, since what
  /// it tells of is true of the descriptor when it tells.
  private func look(
    _ epoll: Descriptor, _ set: SimulatedEpoll,
    into events: UnsafeMutableBufferPointer<EpollEvent>, _ milliseconds: Int32
  ) -> Outcome {
    var count = 0
    let end = sleep(milliseconds) {
      count = unsafe set.collect(into: events)
      return count > 0
    }
    if end == .never || end == .limit { return .failure(.badDescriptor) }
    if count > 0 { record.excuseIdleTurn() }
    return unsafe answer(.epollWait, epoll, .value(count), mixed(events, count))
  }

  private func mixed(_ events: UnsafeMutableBufferPointer<EpollEvent>, _ count: Int) -> UInt64 {
    var mixed: UInt64 = 0
    for index in 0..<count {
      let event = unsafe events[index]
      mixed = scramble(mixed ^ event.key ^ UInt64(event.events) << 40)
    }
    return mixed
  }

  /// Spurious and stale events come into a batch, and it is shuffled.
  private func disturb(
    _ set: SimulatedEpoll, _ events: UnsafeMutableBufferPointer<EpollEvent>, _ found: Int
  ) -> Int {
    var count = found
    if count < events.count, let chance = fires(.spuriousReadiness, on: 0),
      let watch = pick(chance), watch.own.epoll == set
    {
      var event = EpollEvent()
      event.key = watch.key
      // What is so is told beside it, as a kernel does that looks at a descriptor once more.
      let spurious = watch.events & (chance & 1 == 0 ? PollBits.read : PollBits.write)
      event.events = watch.pending | spurious
      if event.events != 0, unsafe !events[..<count].contains(where: { $0.key == event.key }) {
        unsafe events[count] = event
        count += 1
        record.excuseIdleTurn()
      }
    }
    if network.faults.has(.staleEvent) { count = unsafe addStale(events, count) }
    if count > 1, var chance = fires(.shuffledBatch, on: 0) {
      for index in (1..<count).reversed() {
        chance = scramble(chance)
        unsafe events.swapAt(index, Int(chance % UInt64(index + 1)))
      }
    }
    return count
  }

  /// Something about a connection that was closed already.
  private func addStale(_ events: UnsafeMutableBufferPointer<EpollEvent>, _ found: Int) -> Int {
    var count = found
    if count < events.count, !record.closed.isEmpty, let chance = fires(.staleEvent, on: 0) {
      var event = EpollEvent()
      event.key = record.closed[Int(chance % UInt64(record.closed.count))].key
      event.events = PollBits.read | PollBits.write | PollBits.hangUp | PollBits.error
      unsafe events[count] = event
      count += 1
      record.excuseIdleTurn()
    }
    // A stale event belongs to the wait in which it was fetched, or to the next one.
    if record.closed.count > 8 { record.closed.removeFirst(record.closed.count - 8) }
    return count
  }

  /// A registration, by chance.
  private func pick(_ chance: UInt64) -> SimulatedWatch? {
    let descriptors = network.descriptors.count
    return network.descriptors[Int((chance >> 8) % UInt64(descriptors))].watch
  }

  /// Waits in virtual time, and perhaps a little longer.
  func sleep(_ milliseconds: Int32, _ isReady: () -> Bool) -> SimulatedNetwork.WaitEnd {
    let deadline =
      milliseconds < 0 ? nil : network.now + UInt64(milliseconds) * 1_000_000
    let end = network.sleep(until: deadline, isReady)
    if end == .never { record.fail(.sleepsForEver) }
    if end == .limit { record.fail(.notFinished(clients: record.unfinished())) }
    if milliseconds != 0, let chance = fires(.lateWake, on: 0) {
      network.lose(chance % 20_000_000)
    }
    return end
  }

  func poll(_ entries: UnsafeMutableBufferPointer<PollEntry>, milliseconds: Int32) -> Outcome {
    network.enter()
    guard !record.hasFailed else { return .failure(.badDescriptor) }
    let none = Descriptor(rawValue: -1)
    if milliseconds != 0, fires(.interrupt, on: 0) != nil {
      return answer(.poll, none, .failure(.interrupted))
    }
    var count = 0
    let start = network.now
    let end = sleep(milliseconds) {
      count = unsafe look(entries)
      return count > 0
    }
    if end == .never || end == .limit { return .failure(.badDescriptor) }
    if unsafe addSpurious(entries, found: count) { count += 1 }
    record.waited(network, from: start, found: count, milliseconds)
    let outcome = answer(.poll, none, .value(count), UInt64(entries.count))
    let watched = unsafe entries.filter { $0.descriptor >= 0 }
    tellFound(watched.map(\.descriptor)) { number in
      watched.contains { $0.descriptor == number && $0.happened != 0 }
    }
    return outcome
  }

  private func look(_ entries: UnsafeMutableBufferPointer<PollEntry>) -> Int {
    var count = 0
    for index in entries.indices {
      let entry = unsafe entries[index]
      let asked = UInt32(UInt16(bitPattern: entry.events)) | PollBits.always
      let state = network.pollState(Descriptor(rawValue: entry.descriptor))
      let bits = entry.descriptor < 0 ? 0 : state.map { $0 & asked } ?? 0x20
      unsafe entries[index].happened = Int16(truncatingIfNeeded: bits)
      if bits != 0 { count += 1 }
    }
    return count
  }

  private func addSpurious(_ entries: UnsafeMutableBufferPointer<PollEntry>, found: Int) -> Bool {
    guard !entries.isEmpty, let chance = fires(.spuriousReadiness, on: 0) else { return false }
    let index = Int(chance % UInt64(entries.count))
    let entry = unsafe entries[index]
    guard entry.descriptor >= 0, entry.happened == 0, entry.events != 0 else { return false }
    unsafe entries[index].happened = entry.events
    record.excuseIdleTurn()
    return true
  }
}

#endif
