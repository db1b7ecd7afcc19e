#if TestBench

internal import CKernel

// The real URing runs on it unchanged.
extension SimulatedKernel: RingKernel {
  private func ring(_ pointer: OpaquePointer) -> SimulatedRing? {
    let raw = unsafe UnsafeMutablePointer<ck_ring>(pointer)
    guard let file = network.file(Descriptor(rawValue: unsafe raw.pointee.fd)),
      type(of: file) == SimulatedRing.self
    else { return nil }
    return unsafe unsafeDowncast(file, to: SimulatedRing.self)
  }

  func ringOpen(_ ring: OpaquePointer, entries: UInt32, completions: UInt32) -> Outcome {
    network.enter()
    let raw = unsafe UnsafeMutablePointer<ck_ring>(ring)
    let made = unsafe SimulatedRing(self, raw, entries: entries, completions: completions)
    guard let number = network.install(made) else {
      made.end()
      return .failure(.descriptorLimit)
    }
    record.ring = made
    unsafe raw.pointee.fd = number
    unsafe raw.pointee.enter_fd = number
    return answer(.ringSetup, Descriptor(rawValue: number), .value(0))
  }

  func ringClose(_ ring: OpaquePointer) {
    network.enter()
    guard let made = unsafe self.ring(ring) else { return }
    let number = made.descriptor
    _ = network.release(Descriptor(rawValue: number))
    made.end()
  }

  func ringRegisterFiles(_ ring: OpaquePointer, count: UInt32) -> Outcome {
    guard let made = unsafe self.ring(ring) else { return .failure(.badDescriptor) }
    guard count > 0 else { return .failure(.invalid) }
    made.files = Array(repeating: nil, count: Int(count))
    return .value(0)
  }

  func ringRegisterBuffers(
    _ ring: OpaquePointer, _ buffers: UnsafeMutableRawPointer, entries: UInt32, group: UInt16,
    isIncremental: Bool
  ) -> Outcome {
    guard let made = unsafe self.ring(ring) else { return .failure(.badDescriptor) }
    guard Int(group) < made.groups.count else { return .failure(.invalid) }
    made.groups[Int(group)] = unsafe SimulatedRing.Group(
      start: buffers, mask: UInt16(truncatingIfNeeded: entries - 1),
      isIncremental: isIncremental)
    return .value(0)
  }

  func ringRegisterItself(_ ring: OpaquePointer) -> Outcome { .failure(.invalid) }
  func ringSupports(_ ring: OpaquePointer, operation: UInt32) -> Outcome { .value(1) }

  func ringEnter(_ ring: OpaquePointer, least: UInt32, nanoseconds: Int64) -> Outcome {
    network.enter()
    guard let made = unsafe self.ring(ring) else { return .failure(.badDescriptor) }
    guard !record.hasFailed else {
      // Nothing is done any more, but whoever fills the queue finds room in it.
      _ = made.submit(isDropping: true)
      return .failure(.badDescriptor)
    }
    let hazard = fires(.interrupt, on: 0)
    if let hazard, hazard & 1 == 1, made.submittable > 0 {
      return takePart(made, Int((hazard >> 1) % UInt64(made.submittable)))
    }
    let count = made.submit()
    record.operations += count
    // Taking an entry is work, also of one whose completion is silent.
    if count > 0 { record.excuseIdleTurn() }
    _ = made.progress()
    let start = network.now
    var isLate = false
    // A signal ends the wait, not what comes before it: the entries are taken and what can be done
    // is done, and where that brought something, or something was taken, nothing is told of it.
    let isInterrupted = hazard != nil && made.available < Int(least)
    if isInterrupted, count == 0 {
      return answer(.ringEnter, Descriptor(rawValue: made.descriptor), .failure(.interrupted))
    }
    if least > 0, !isInterrupted {
      let deadline = nanoseconds < 0 ? nil : network.now + UInt64(nanoseconds)
      let end = network.sleep(until: deadline) {
        // What is left of the work is done before it sleeps.
        while made.progress(), made.available < Int(least) {}
        return made.available >= Int(least)
      }
      if end == .never || end == .limit {
        record.fail(end == .never ? .sleepsForEver : .notFinished(clients: record.unfinished()))
        return .failure(.badDescriptor)
      }
      isLate = end == .deadline
      if nanoseconds != 0, let chance = fires(.lateWake, on: 0) {
        network.lose(chance % 20_000_000)
      }
    }
    made.comesBack()
    record.waited(
      network, from: start, found: made.available, least > 0 && nanoseconds != 0 ? -1 : 0)
    let outcome = isLate && count == 0 ? Outcome.failure(Errno(rawValue: 62)) : .value(count)
    return answer(.ringEnter, Descriptor(rawValue: made.descriptor), outcome)
  }

  /// There is no memory for another request: the kernel takes so many entries, and comes back at
  /// once, without waiting and without what it does otherwise before it waits.
  private func takePart(_ made: SimulatedRing, _ count: Int) -> Outcome {
    _ = made.submit(atMost: count)
    made.flush()
    made.comesBack()
    record.excuseIdleTurn()
    record.waited(network, from: network.now, found: made.available, 0)
    return answer(
      .ringEnter, Descriptor(rawValue: made.descriptor),
      count > 0 ? .value(count) : .failure(.wouldBlock))
  }
}

#endif
