#if TestBench

// What must not take longer than it may, nor end before its time.
extension Course {
  /// How much later than said something may happen: ticks, two turns' work, and what has the processor.
  var slack: UInt64 {
    let work = record.workTime.last + record.workTime.before
    let kinds: [Fault.Kind] = [.stall, .lateWake, .interrupt]
    let isHeldUp = kinds.contains { network.faults.has($0) }
    let isFrozen = network.faults.has(.frozen)
    return 20_000_000 + 4 * work + (isFrozen ? 60_000_000_000 : isHeldUp ? 2_000_000_000 : 0)
  }

  /// An option's time; one without end can be added to.
  func nanoseconds(of duration: Duration) -> UInt64 { min(duration.clampedNanoseconds, 1 << 62) }

  private func passed(since time: UInt64) -> UInt64 { network.now - min(network.now, time) }

  /// The server closes its end of a connection, of which its session is told already. If it had said
  /// that it was done, it has waited for its peer, and not for ever.
  func checkLingering(_ socket: SimulatedSocket, _ index: Int) {
    // A ring's kernel may say so later, or only with the close.
    let finished = clients[index].finishedIn
    guard finished > 0, socket.finishedAt > 0, !socket.wasReset, !record.hasFailed else { return }
    let read = socket.incoming?.read ?? 0
    if read > clients[index].readBefore { record.reach(.discarded) }
    let linger = max(1_000_000, nanoseconds(of: world.options.lingerTimeout))
    let waited = passed(since: finished)
    if socket.incoming?.hasEnded ?? true { return record.reach(.lingeredToEnd) }
    guard stopBegan == nil, !isPastDrain else { return }
    if waited + 2_000_000 < linger, read - clients[index].readBefore < 16 << 20 {
      record.fail(
        .limit("a connection was closed \(waited) ns after it had been finished, of \(linger)"))
    }
    record.reach(.lingeredTooLong)
    // Its number is kept until the kernel's thread has half-closed it.
    if waited > linger + slack, passed(since: socket.workerAt) > slack {
      record.fail(.limit("lingered for \(waited) ns, of \(linger)"))
    }
  }

  /// Whether draining has lasted as long as it may: from then on nobody is promised anything.
  var isPastDrain: Bool {
    let timeout = nanoseconds(of: world.options.drainTimeout)
    // The loop's present is where its turn began.
    let early = 5_000_000 + 2 * (record.workTime.last + record.workTime.before)
    return drainBegan.map { passed(since: $0) + early >= timeout } ?? false
  }

  /// Whether the server was stopped for so long that the half of the drain timeout, in which it takes in
  /// what had come, was over before it had.
  var isPastGathering: Bool {
    guard network.faults.has(.frozen), let drainBegan else { return false }
    return passed(since: drainBegan) + 5_000_000 >= nanoseconds(of: world.options.drainTimeout) / 2
  }

  /// The loop has ended: not long after it should have.
  func checkEnd() {
    // Where a backend closes later, the loop waits for it, a second at most.
    let most = 1_100_000_000 + slack
    guard !network.faults.has(.frozen) else { return }
    if let stopBegan, passed(since: stopBegan) > most {
      record.fail(.limit("the loop went on for \(passed(since: stopBegan)) ns"))
    }
    guard stopBegan == nil, let drainBegan else { return }
    let timeout = nanoseconds(of: world.options.drainTimeout)
    if passed(since: drainBegan) > timeout + most + 1_000_000_000 {
      record.fail(.limit("the loop drained for \(passed(since: drainBegan)) ns, of \(timeout)"))
    }
  }

  /// A session is called: if nothing came or went for longer than the idle timeout, it should have
  /// been closed.
  func checkIdle(_ active: UInt64, at now: UInt64) {
    guard let idle = world.options.idleTimeout.map({ nanoseconds(of: $0) }) else { return }
    if now > active, now - active > idle + slack + 300_000_000 {
      record.fail(.limit("idle for \(now - active) ns, of \(idle), and not closed"))
    }
  }
}

#endif
