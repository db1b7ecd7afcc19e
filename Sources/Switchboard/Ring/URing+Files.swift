internal import CKernel

/// Sending parts of files.
///
/// sendfile(2) is the cheapest way by far where a ring has none of its own: reading and sending costs three to five
/// times as much, and a splice through a pipe is done by a thread of the kernel. It takes ordinary descriptors
/// alone, so a connection has one for as long as a part of a file is being sent; where none is to be had, the
/// file is read.
extension URing {
  /// The ordinary descriptor of a connection.
  enum Lent {
    case asked
    case refused
    case descriptor(Descriptor)
  }

  @inline(never)
  mutating func send(
    _ part: FileRange, atMost limit: Int, _ key: Key, _ slots: inout SlotTable
  ) -> SendAnswer {
    switch lent[key.index] {
    case .descriptor(let descriptor): return send(part, atMost: limit, on: descriptor, key, &slots)
    case .refused:
      lent[key.index] = nil
      return .failed(.notSupported)
    case .asked: break
    case nil:
      lent[key.index] = .asked
      slots[key.index].pending.insert(.send)
      askForDescriptor(key, slots)
    }
    return .later
  }

  private mutating func send(
    _ part: FileRange, atMost limit: Int, on descriptor: Descriptor, _ key: Key,
    _ slots: inout SlotTable
  ) -> SendAnswer {
    let wanted = min(part.count, limit)
    let answer = part.send(to: descriptor, atMost: wanted, by: system)
    switch answer {
    case .took(let taken) where taken < wanted: awaitRoom(key, &slots)
    case .took where wanted < part.count: break
    case .took, .failed, .later: giveBackDescriptor(key)
    }
    return answer
  }

  private func askForDescriptor(_ key: Key, _ slots: borrowing SlotTable) {
    let entry = unsafe ring.entry()
    unsafe ck_prepare_install(entry, slots[key.index].descriptor)
    unsafe entry.pointee.user_data = userData(.forFile, key)
  }

  private func awaitRoom(_ key: Key, _ slots: inout SlotTable) {
    let entry = unsafe ring.entry()
    unsafe ck_prepare_room(entry, slots[key.index].descriptor, userData(.room, key))
    slots[key.index].pending.insert(.send)
  }

  /// There is an ordinary descriptor, or there can be none.
  mutating func lentForFile(_ data: UInt64, _ result: Int32, _ slots: inout SlotTable)
    -> Completion?
  {
    let answer = result >= 0 ? unblocked(Descriptor(rawValue: result)) : .refused
    guard let key = key(data, slots) else {
      close(answer)
      return nil
    }
    lent[key.index] = answer
    return hasRoom(data, &slots)
  }

  /// A ring's own descriptors wait where there is no room; nothing but this knows of it.
  private func unblocked(_ descriptor: Descriptor) -> Lent {
    guard system.setNonBlocking(descriptor).isSuccess else {
      close(.descriptor(descriptor))
      return .refused
    }
    return .descriptor(descriptor)
  }

  /// There is room for more of a file, or the connection is broken: how, the next call tells.
  mutating func hasRoom(_ data: UInt64, _ slots: inout SlotTable) -> Completion? {
    guard let key = key(data, slots) else { return nil }
    slots[key.index].pending.remove(.send)
    guard slots[key.index].flags.contains(.closed) else { return Completion(.sent, key) }
    giveBackDescriptor(key)
    return closedIfDone(key, &slots)
  }

  /// It would keep the connection open.
  mutating func giveBackDescriptor(_ key: Key) {
    close(lent.removeValue(forKey: key.index))
  }

  private func close(_ lent: Lent?) {
    if case .descriptor(let descriptor) = lent { _ = system.close(descriptor) }
  }
}
