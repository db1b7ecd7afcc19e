#if TestBench

internal import CKernel

// Half-closing: the one operation that another thread does.
extension SimulatedRing {
  /// A connection that is to be told that nothing more is sent, and when a worker gets to it.
  struct Finishing {
    var data: UInt64
    var socket: SimulatedSocket
    var at: UInt64
  }

  /// A worker does it after everything else, some time later; or, where none can be created, the
  /// kernel gives it up after a while.
  func issueShutdown(_ data: UInt64, _ socket: SimulatedSocket) {
    let delay = random.chance(0.5) ? 0 : UInt64(random.below(3000)) * 1000
    let time = network.now + (hasWorkers ? delay : delay * 10)
    finishing.append(Finishing(data: data, socket: socket, at: time))
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
      release(due.socket)
    }
  }

  private func finish(_ due: Finishing) {
    if !hasWorkers { return post(due.data, -125) }  // ECANCELED
    if due.socket.state != .connected || due.socket.wasReset {
      return post(due.data, -Int(Errno.notConnected.rawValue))
    }
    network.finish(due.socket)
  }
}

#endif
