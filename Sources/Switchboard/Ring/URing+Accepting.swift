internal import CKernel

/// Accepting, exactly as many as there is room for.
///
/// A multishot accept is the cheapest, but takes whatever waits in the listener's queue before it
/// can be told to end. It is used while there is room for that many; from then on each accept is for
/// one connection and has its place reserved.
extension URing {
  /// A listening descriptor, and the accepts that are under way on it.
  struct Listening {
    var descriptor: Descriptor
    /// Accepts of one connection each.
    var singles = 0
    /// A multishot accept.
    var isMany = false
  }

  /// More than the queues of this many listeners can hold: `net.core.somaxconn` is 4,096.
  private static var queue: Int { 8192 }
  /// Accepts of one connection each, for one listener.
  private static var mostSingles: Int { 16 }
  private static var many: UInt64 { 1 << 8 }

  mutating func listen(_ descriptor: Descriptor) throws(SystemError) {
    listeners.append(Listening(descriptor: descriptor))
  }

  mutating func setRoom(_ count: Int) {
    let takesMany = acceptsMany && count > Self.queue * listeners.count
    var free = takesMany ? 0 : max(0, count) - listeners.reduce(0) { $0 + $1.singles }
    for index in listeners.indices {
      if takesMany, !listeners[index].isMany { armAccept(index, many: true) }
      if !takesMany, listeners[index].isMany { cancelAccepts(index, Self.many) }
      while free > 0, listeners[index].singles < Self.mostSingles {
        armAccept(index, many: false)
        free -= 1
      }
      if count <= 0, listeners[index].singles > 0 { cancelAccepts(index, 0) }
    }
  }

  private mutating func armAccept(_ index: Int, many: Bool) {
    if many { listeners[index].isMany = true } else { listeners[index].singles += 1 }
    let entry = unsafe ring.entry()
    unsafe ck_prepare_accept(entry, listeners[index].descriptor.rawValue, many)
    unsafe entry.pointee.user_data = acceptData(index, many ? Self.many : 0)
  }

  private func acceptData(_ index: Int, _ kind: UInt64) -> UInt64 {
    Tag.accept.rawValue | kind | UInt64(index) << 32
  }

  private func cancelAccepts(_ index: Int, _ kind: UInt64) {
    let entry = unsafe ring.entry()
    unsafe ck_prepare_cancel(entry, acceptData(index, kind))
    unsafe entry.pointee.cancel_flags = IORING_ASYNC_CANCEL_ALL
  }

  mutating func accepted(_ data: UInt64, _ result: Int, _ flags: UInt32) -> Completion? {
    let index = Int(data >> 32)
    guard index < listeners.count else { return nil }
    let isMany = data & Self.many != 0
    if !isMany { listeners[index].singles -= 1 }
    if isMany, flags & IORING_CQE_F_MORE == 0 { listeners[index].isMany = false }
    if result >= 0 { return Completion(.accepted, Key(rawValue: 0), result) }
    if result == -125 { return nil }  // ECANCELED
    if isMany, result == -22 { acceptsMany = false }  // EINVAL
    return Completion(.acceptFailed, Key(rawValue: 0), -result)
  }

  mutating func refuse(_ descriptor: Int32) {
    let entry = unsafe ring.entry()
    unsafe ck_prepare_close(entry, UInt32(descriptor))
  }
}
