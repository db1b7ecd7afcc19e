internal import CKernel

/// Telling a peer that nothing more is sent.
///
/// The kernel gives that to a thread of its own, which it may not be able to create: where the
/// number of threads is limited, for one. Then a connection is made an ordinary descriptor for as
/// long as it takes to do the same by a call.
///
/// That thread looks up the connection's number when it gets to it, which on a busy machine may be
/// much later. A number that has been given to somebody else by then would be his whose sending ends.
/// So a connection keeps its number until its half-close has ended.
extension URing {
  mutating func shutdownSending(_ key: Key, _ slots: inout SlotTable) {
    if lacksWorkers { return finishApart(key, slots) }
    let entry = unsafe ring.entry()
    unsafe ck_prepare_shutdown(entry, slots[key.index].descriptor)
    unsafe entry.pointee.user_data = userData(.shutdown, key)
    slots[key.index].pending.insert(.shutdown)
  }

  private func finishApart(_ key: Key, _ slots: borrowing SlotTable) {
    let entry = unsafe ring.entry()
    unsafe ck_prepare_install(entry, slots[key.index].descriptor)
    unsafe entry.pointee.user_data = userData(.install, key)
  }

  /// The half-close has ended, or could not be made.
  mutating func halfClosed(_ data: UInt64, _ result: Int32, _ slots: inout SlotTable)
    -> Completion?
  {
    guard let key = key(data, slots) else { return nil }
    slots[key.index].pending.remove(.shutdown)
    if slots[key.index].flags.contains(.closed) { return closedIfDone(key, &slots) }
    let errno = Outcome(raw: Int(result)).errno
    if errno == .cancelled { lacksWorkers = true }
    // Not connected: there is nobody to tell.
    if let errno, errno != .notConnected { finishApart(key, slots) }
    return nil
  }

  /// An ordinary descriptor for a connection that is to be finished.
  mutating func installed(_ data: UInt64, _ result: Int32, _ slots: borrowing SlotTable)
    -> Completion?
  {
    // Without a descriptor the peer learns of it when the connection is closed.
    guard result >= 0 else { return nil }
    let opened = Descriptor(rawValue: result)
    if key(data, slots) != nil { _ = system.shutdownSending(opened) }
    _ = system.close(opened)
    return nil
  }
}
