#if TestBench

internal import CKernel

// Receiving into provided buffers, and sending.
extension SimulatedRing {
  @safe private struct Buffer {
    var entry: UnsafeMutableRawPointer
    var address: UInt64
    var length: Int
    var id: UInt32
    var isIncremental: Bool
  }

  /// The buffer that is being filled; nil when all are used up.
  private func buffer(of number: UInt16) -> Buffer? {
    guard Int(number) < groups.count, let group = groups[Int(number)] else { return nil }
    let start = unsafe group.start
    // The tail lies over the first entry's unused bytes.
    let tail = unsafe start.load(fromByteOffset: 14, as: UInt16.self)
    guard group.head != tail else { return nil }
    let entry = unsafe start + Int(group.head & group.mask) * 16
    return unsafe Buffer(
      entry: entry, address: entry.load(as: UInt64.self),
      length: Int(entry.load(fromByteOffset: 8, as: UInt32.self)),
      id: UInt32(entry.load(fromByteOffset: 12, as: UInt16.self)),
      isIncremental: group.isIncremental)
  }

  /// Whether a receive has anything to do.
  static func isReceivable(_ socket: SimulatedSocket) -> Bool {
    socket.bits & (PollBits.read | PollBits.error | PollBits.hangUp) != 0
  }

  func receive(_ operation: inout Operation) -> Bool {
    guard let socket = operation.socket else { return true }
    let number = socket.link?.number ?? 0
    let isBroken = socket.bits & (PollBits.error | PollBits.hangUp) != 0
    if !isBroken, let stop = operation.stoppedAt, stop == socket.incoming?.news { return false }
    for _ in 0..<32 {
      guard SimulatedRing.isReceivable(socket) else {
        // Without data, too, a buffer is looked for first.
        if operation.waitsFirst || buffer(of: operation.group) != nil { return false }
        return foundNoBuffer(operation)
      }
      if let chance = kernel.fires(.receiveFailure, on: number) {
        let kinds: [Errno] = [
          .connectionReset, .timedOut, .hostUnreachable, .connectionAborted, .outOfMemory,
        ]
        let errno = kernel.fail(socket, kinds[Int(chance % 5)])
        post(operation.data, -Int(errno.rawValue))
        return true
      }
      if kernel.fires(.interrupt, on: number) != nil {
        post(operation.data, -Int(Errno.interrupted.rawValue))
        return true
      }
      guard let buffer = buffer(of: operation.group) else { return foundNoBuffer(operation) }
      guard let more = receive(operation, socket, into: buffer, number) else { return false }
      if !more { return true }
      operation.waitsFirst = true
      if let incoming = socket.incoming, incoming.isAtMark, random.chance(0.1) {
        // A signal is pending: it looks as if nothing were there, until something else comes.
        operation.stoppedAt = incoming.news
        return false
      }
    }
    return false
  }

  /// Once because others were quicker, once because it was armed before its bytes came; and some
  /// for those that were cancelled in between.
  private static var mostStarved: Int { 4 }

  private func foundNoBuffer(_ operation: Operation) -> Bool {
    shortages += 1
    kernel.record.say("  no buffer in group \(operation.group)")
    if let socket = operation.socket, SimulatedRing.isReceivable(socket) {
      starved[operation.data, default: 0] += 1
      if starved[operation.data, default: 0] > SimulatedRing.mostStarved {
        kernel.record.fail(.budget("a connection with bytes found no buffer again and again"))
      }
    }
    post(operation.data, -Int(Errno.noBuffers.rawValue))
    return true
  }

  /// Whether it stays armed; nil when there was nothing.
  private func receive(
    _ operation: Operation, _ socket: SimulatedSocket, into buffer: Buffer, _ number: Int
  ) -> Bool? {
    var room = operation.count > 0 ? min(buffer.length, operation.count) : buffer.length
    let unread = socket.incoming?.unread ?? 0
    if room > 1, unread > 1, let chance = kernel.fires(.shortReceive, on: number) {
      room = 1 + Int(chance % UInt64(min(room, unread)))
    }
    let start = unsafe UnsafeMutableRawPointer(bitPattern: UInt(buffer.address))
    let outcome = unsafe network.receive(
      socket, into: UnsafeMutableRawBufferPointer(start: start, count: room))
    if outcome.errno == .wouldBlock { return nil }
    guard outcome.value > 0 else {
      post(operation.data, outcome.errno.map { -Int($0.rawValue) } ?? 0)
      return false
    }
    let count = outcome.value
    receives += 1
    starved[operation.data] = nil
    let isUsedUp = count == buffer.length || !buffer.isIncremental
    if isUsedUp {
      groups[Int(operation.group)]?.head &+= 1
    } else {
      unsafe buffer.entry.storeBytes(of: buffer.address + UInt64(count), as: UInt64.self)
      unsafe buffer.entry.storeBytes(
        of: UInt32(buffer.length - count), toByteOffset: 8, as: UInt32.self)
    }
    let more =
      operation.isMany && canPromise && kernel.fires(.multishotEnd, on: number) == nil
    var flags = IORING_CQE_F_BUFFER | buffer.id << 16 | (isUsedUp ? 0 : CK_CQE_F_BUF_MORE)
    if socket.incoming?.unread ?? 0 > 0 { flags |= CK_CQE_F_SOCK_NONEMPTY }
    post(operation.data, count, more: more, flags: flags, isAtOnce: operation.isMany)
    return more
  }

  // ----------------------------------------------------------------------------- sending

  private func bytes(_ start: UInt64, _ count: Int) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: UInt(start)), count: count)
  }

  private func sendFault(_ socket: SimulatedSocket) -> Errno? {
    guard let chance = kernel.fires(.sendFailure, on: socket.link?.number ?? 0) else { return nil }
    let kinds: [Errno] = [.brokenPipe, .connectionReset, .timedOut, .noBuffers, .outOfMemory]
    return kernel.fail(socket, kinds[Int(chance % 5)])
  }

  /// It goes at once, and says nothing when all of it has gone.
  func sendNow(_ data: UInt64, _ start: UInt64, _ count: Int, _ socket: SimulatedSocket) {
    if count == 0 {
      // It sends nothing, and tells what is wrong.
      let outcome = unsafe network.send(socket, from: bytes(start, 0))
      return post(data, outcome.errno.map { -Int($0.rawValue) } ?? 0)
    }
    let number = socket.link?.number ?? 0
    if let errno = sendFault(socket) { return post(data, -Int(errno.rawValue)) }
    var limit = count
    if kernel.fires(.sendWouldBlock, on: number) != nil {
      limit = 0
    } else if count > 1, let chance = kernel.fires(.shortSend, on: number) {
      limit = 1 + Int(chance % UInt64(count - 1))
    }
    guard limit > 0 else { return post(data, -Int(Errno.wouldBlock.rawValue)) }
    let outcome = unsafe network.send(socket, from: bytes(start, limit))
    if let errno = outcome.errno { return post(data, -Int(errno.rawValue)) }
    kernel.record.mix(unsafe kernel.record.digest(bytes(start, limit), outcome))
    if outcome.value < count { post(data, outcome.value) }
  }

  /// It ends when everything has gone, or with an error.
  func send(_ operation: inout Operation) -> Bool {
    guard let socket = operation.socket else { return true }
    if let errno = sendFault(socket) {
      post(operation.data, operation.done > 0 ? operation.done : -Int(errno.rawValue))
      return true
    }
    let rest = unsafe bytes(
      operation.start + UInt64(operation.done), operation.count - operation.done)
    let outcome = unsafe network.send(socket, from: rest)
    switch outcome.errno {
    case nil:
      operation.done += outcome.value
      longSends[socket.id] = (operation.data, operation.done)
    case Errno.wouldBlock: return false
    case .some(let errno):
      post(operation.data, operation.done > 0 ? operation.done : -Int(errno.rawValue))
      return true
    }
    guard operation.done == operation.count else { return false }
    post(operation.data, operation.count)
    return true
  }
}

#endif
