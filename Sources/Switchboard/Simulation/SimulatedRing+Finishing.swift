#if TestBench

internal import CKernel

// Half-closing: the one operation that another thread does.
extension SimulatedRing {
  /// A connection that is to be told that nothing more is sent, and when a worker gets to it.
  struct Finishing {
    var data: UInt64
    /// Its number in the ring's table. The worker looks there when it gets to it, and not before: whoever has
    /// the number by then is the one who is finished.
    var file: Int32
    var at: UInt64
    /// Success is not told.
    var isSilent: Bool
  }

  /// IOSQE_CQE_SKIP_SUCCESS
  private static let skipSuccess: UInt8 = 1 << 6

  /// A worker does it after everything else, some time later, and now and then much later, where the processors
  /// have other things to do; or, where none can be created, the kernel gives it up after a while.
  func issueShutdown(_ entry: io_uring_sqe, _ socket: SimulatedSocket) {
    let isBusy = hasWorkers && random.chance(0.1)
    let most = isBusy ? 100_000 : hasWorkers ? 3000 : 30_000
    let delay = random.chance(0.5) ? 0 : UInt64(random.below(most)) * 1000
    let time = network.now + delay
    let isSilent = entry.flags & SimulatedRing.skipSuccess != 0
    finishing.append(
      Finishing(data: entry.user_data, file: entry.fd, at: time, isSilent: isSilent))
    network.heap.push(.wake, socket.id, at: time)
  }

  /// What the workers have got to.
  func finishDue() {
    var place = 0
    while place < finishing.count {
      let due = finishing[place]
      guard due.at <= network.now else {
        place += 1
        continue
      }
      finishing.remove(at: place)
      finish(due)
    }
  }

  private func finish(_ due: Finishing) {
    if !hasWorkers { return post(due.data, -125) }  // ECANCELED
    guard let socket = file(due.file) else {
      return post(due.data, -Int(Errno.badDescriptor.rawValue))
    }
    if socket.state != .connected || socket.wasReset {
      return post(due.data, -Int(Errno.notConnected.rawValue))
    }
    socket.workerAt = network.now
    network.finish(socket)
    if !due.isSilent { post(due.data, 0) }
  }
}

#endif
