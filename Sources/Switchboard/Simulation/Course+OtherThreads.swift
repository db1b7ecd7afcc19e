#if TestBench

// What other threads of the server's process do, between any two calls of its loop.
extension Course {
  /// Jobs that were given to the loop and are not done.
  final class JobBook: @unchecked Sendable {
    // One thread, as all of a simulation.
    var waiting: [UInt64] = []
  }

  /// One of them does something, and will again.
  func actElsewhere() {
    guard stop != nil, !record.hasFailed else { return }
    switch chances.below(8) {
    case 0, 1, 2: openOrClose()
    case 3: wake?()
    default: giveJob()
    }
    let pause = chances.chance(0.3) ? chances.below(3000) : chances.below(20_000_000)
    guard left > 0 else { return }
    network.heap.push(
      .other, 0, at: network.now + UInt64(pause), detail: Moment.act.rawValue)
  }

  /// Takes a number that the loop may have had a moment ago, or gives one back.
  private func openOrClose() {
    if others.count < 4, chances.chance(0.6), network.openDescriptors + 8 < network.descriptorLimit
    {
      let made = network.openSocket(.v4)
      if made.isSuccess { others.append(made.descriptor) }
    } else if let last = others.popLast() {
      _ = network.close(last)
    }
  }

  /// A job is done in the turn after the one that it was given in, at the latest.
  private func giveJob() {
    let (book, time) = (jobs, network.now)
    guard let post, jobs.waiting.count < 100 else { return }
    jobs.waiting.append(time)
    if !post({ book.waiting.removeFirst() }) { jobs.waiting.removeLast() }
  }

  /// A turn begins: no job waits for longer than the work of two turns.
  func checkJobs() {
    guard let first = jobs.waiting.first, stopBegan == nil else { return }
    let waited = network.now - min(network.now, first)
    if waited > slack, !network.faults.has(.frozen) {
      record.fail(.limit("a job has waited for \(waited) ns"))
    }
  }

  /// The process ends.
  func endOtherThreads() {
    for descriptor in others { _ = network.close(descriptor) }
    others = []
  }
}

#endif
