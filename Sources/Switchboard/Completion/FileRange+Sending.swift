extension FileRange {
  /// Sends of it to a connection what that has room for, and `limit` bytes at most. Less means that there is no
  /// more room: sendfile(2) takes less for other reasons, too, a signal or the end of the file among them, and who
  /// waits for room then that there has been all the time may wait for ever.
  func send(to descriptor: Descriptor, atMost limit: Int, by system: some Kernel) -> SendAnswer {
    let wanted = min(count, limit)
    var taken = 0
    while taken < wanted {
      let outcome = system.sendFile(
        descriptor, from: file, at: offset + taken, count: wanted - taken)
      switch outcome.errno {
      case nil where outcome.value == 0: return .failed(.noData)
      case nil: taken += min(outcome.value, wanted - taken)
      case Errno.interrupted: continue
      case Errno.wouldBlock: return .took(taken)
      // Not from this file system, or not in this process.
      case Errno.invalid, Errno.noSuchCall, Errno.notSupported, Errno.notPermitted:
        return .failed(taken == 0 ? .notSupported : .invalid)
      case .some(let errno): return .failed(errno)
      }
    }
    return .took(taken)
  }
}
