#if TestBench

internal import CKernel

// What becomes of an entry.
extension SimulatedRing {
  func issue(_ entry: io_uring_sqe) {
    let data = entry.user_data
    let code = UInt32(entry.opcode)
    kernel.record.say(
      "  entry \(SimulatedRing.name(data)): \(SimulatedRing.name(ofOperation: code)) "
        + "\(entry.fd), \(entry.len)")
    switch code {
    case IORING_OP_ACCEPT.rawValue: issueAccept(entry)
    // IOSQE_FIXED_FILE
    case IORING_OP_POLL_ADD.rawValue where entry.flags & 1 == 0: issuePoll(entry)
    case IORING_OP_CLOSE.rawValue: closeFile(Int32(bitPattern: entry.file_index) - 1, data)
    case IORING_OP_ASYNC_CANCEL.rawValue: cancel(entry)
    case IORING_OP_FILES_UPDATE.rawValue: issueAdoption(entry)
    default:
      guard let socket = file(entry.fd) else {
        return post(data, -Int(Errno.badDescriptor.rawValue))
      }
      issue(entry, code, on: socket)
    }
  }

  private func issue(_ entry: io_uring_sqe, _ code: UInt32, on socket: SimulatedSocket) {
    let data = entry.user_data
    switch code {
    case IORING_OP_RECV.rawValue:
      let isMany = entry.ioprio & UInt16(IORING_RECV_MULTISHOT) != 0
      checkAlone(.receive, socket, "two receives of a connection under way")
      checkReserve(entry.buf_group)
      let waitsFirst = entry.ioprio & UInt16(IORING_RECVSEND_POLL_FIRST) != 0
      var operation = Operation(
        kind: .receive, data: data, socket: socket, isMany: isMany, count: Int(entry.len),
        group: entry.buf_group,
        waitsFirst: waitsFirst)
      if !waitsFirst, receive(&operation) { return }
      operation.waitsFirst = true
      operations.append(operation)
    case IORING_OP_SEND.rawValue:
      let (start, count) = (entry.addr, Int(entry.len))
      // MSG_DONTWAIT
      if entry.msg_flags & 0x40 != 0 { return sendNow(data, start, count, socket) }
      checkAlone(.send, socket, "two sends of a connection under way")
      longSends[socket.id] = (data, 0)
      operations.append(
        Operation(kind: .send, data: data, socket: socket, start: start, count: count))
    case IORING_OP_POLL_ADD.rawValue:
      if entry.poll32_events == PollEvents.output.rawValue {
        return operations.append(Operation(kind: .room, data: data, socket: socket))
      }
      let isMany = entry.len & UInt32(IORING_POLL_ADD_MULTI) != 0
      operations.append(Operation(kind: .hangUp, data: data, socket: socket, isMany: isMany))
    case IORING_OP_SHUTDOWN.rawValue: issueShutdown(entry, socket)
    case UInt32(CK_OP_URING_CMD): issueCommand(entry, socket)
    case UInt32(CK_OP_FIXED_FD_INSTALL):
      let number = network.install(SimulatedAlias(socket))
      post(data, number.map { Int($0) } ?? -Int(Errno.descriptorLimit.rawValue))
    default: post(data, -Int(Errno.invalid.rawValue))
    }
  }

  /// In one turn no more receives are armed from the reserve than it has buffers: who found none would be
  /// behind all others again.
  private func checkReserve(_ group: UInt16) {
    // What was left behind by the last call counts for the turn that armed it.
    guard group == 1, !isBehind, Int(group) < groups.count, let buffers = groups[Int(group)] else {
      return
    }
    if armed.turn != kernel.record.turn { armed = (kernel.record.turn, 0) }
    armed.count += 1
    if armed.count > Int(buffers.mask) + 1 {
      kernel.record.fail(.budget("\(armed.count) receives were armed from the reserve in one turn"))
    }
  }

  /// `SO_PEERNAME` is known of a connection that broke, too.
  private func issueCommand(_ entry: io_uring_sqe, _ socket: SimulatedSocket) {
    let length = ck_address_length(socket.peer.raw)
    let isAsked =
      entry.off == UInt64(CK_SOCKET_GETSOCKOPT) && entry.addr >> 32 == UInt64(CK_SO_PEERNAME)
    guard isAsked, entry.file_index <= length else {
      return post(entry.user_data, -Int(Errno.invalid.rawValue))
    }
    unsafe ck_write_address(
      socket.peer.raw, UnsafeMutableRawPointer(bitPattern: UInt(entry.addr3)), entry.file_index)
    post(entry.user_data, Int(entry.file_index))
  }

  /// A kernel takes as many as it is given, and does them in any order.
  private func checkAlone(_ kind: Operation.Kind, _ socket: SimulatedSocket, _ what: String) {
    if operations.contains(where: { $0.socket === socket && $0.kind == kind }) {
      kernel.record.fail(.backendContract(what))
    }
  }

  private func issueAccept(_ entry: io_uring_sqe) {
    let (data, number) = (entry.user_data, entry.fd)
    guard let listener = network.socket(Descriptor(rawValue: number)) else {
      return post(data, -Int(Errno.badDescriptor.rawValue))
    }
    let isMany = entry.ioprio & UInt16(IORING_ACCEPT_MULTISHOT) != 0
    var operation = Operation(
      kind: .accept, data: data, socket: listener, descriptor: number, isMany: isMany)
    if entry.ioprio & UInt16(CK_ACCEPT_DONTWAIT) != 0 {
      if !accept(&operation) { post(data, -Int(Errno.wouldBlock.rawValue)) }
    } else {
      operations.append(operation)
    }
  }

  private func issuePoll(_ entry: io_uring_sqe) {
    let data = entry.user_data
    let listener = network.socket(Descriptor(rawValue: entry.fd))
    guard listener != nil || counter(entry.fd) != nil || epoll(entry.fd) != nil else {
      return post(data, -Int(Errno.badDescriptor.rawValue))
    }
    let isMany = entry.len & UInt32(IORING_POLL_ADD_MULTI) != 0
    operations.append(
      Operation(
        kind: .poll, data: data, socket: listener, descriptor: entry.fd, isMany: isMany))
  }

  private func counter(_ number: Int32) -> SimulatedCounter? {
    guard let file = network.file(Descriptor(rawValue: number)),
      type(of: file) == SimulatedCounter.self
    else { return nil }
    return unsafe unsafeDowncast(file, to: SimulatedCounter.self)
  }

  private func epoll(_ number: Int32) -> SimulatedEpoll? {
    network.file(Descriptor(rawValue: number))?.epoll
  }

  private func closeFile(_ number: Int32, _ data: UInt64) {
    guard let socket = file(number) else {
      kernel.record.fail(.closedTwice(Descriptor(rawValue: number)))
      return post(data, -Int(Errno.badDescriptor.rawValue))
    }
    removeFile(number)
    guard isUsed(socket) else { return letGo(socket) }
    // What is under way holds it for longer than its process does.
    network.serverCloses(socket)
    closing.append(socket)
  }

  // -------------------------------------------------------------------------- cancelling

  private func cancel(_ entry: io_uring_sqe) {
    let flags = entry.cancel_flags
    let (target, number) = (entry.addr, entry.fd)
    let socket = flags & IORING_ASYNC_CANCEL_FD_FIXED != 0 ? file(number) : nil
    let all = flags & IORING_ASYNC_CANCEL_ALL != 0
    var found = 0
    var place = 0
    while place < operations.count, all || found == 0 {
      let operation = operations[place]
      guard socket.map({ operation.socket === $0 }) ?? (operation.data == target) else {
        place += 1
        continue
      }
      found += 1
      // It may be quicker: then its completion is what it would have been.
      let isQuick = random.chance(0.25) && operation.kind != .poll
      if isQuick {
        if attempt(at: place) { end(at: place) } else { giveUp(place) }
      } else {
        giveUp(place)
      }
    }
    if found == 0 { post(entry.user_data, -Int(Errno.noEntry.rawValue)) }
  }

  private func giveUp(_ place: Int) {
    let operation = operations.remove(at: place)
    if operation.kind == .send, operation.done > 0 {
      post(operation.data, operation.done)
    } else {
      cancelled.append(operation.data)
    }
    release(operation.socket)
  }

  private func end(at place: Int) {
    let operation = operations.remove(at: place)
    release(operation.socket)
  }

  // ---------------------------------------------------------------------------- progress

  /// Does what can be done, as much as a call does: whether something may be left.
  func progress() -> Bool {
    flush()
    if !cancelled.isEmpty {
      for data in cancelled { post(data, -125) }  // ECANCELED
      cancelled = []
    }
    finishDue()
    var work = 0
    var left = operations.count
    while left > 0, work < mostWork {
      if nextWork >= operations.count { nextWork = 0 }
      let before = posted
      if attempt(at: nextWork) { end(at: nextWork) } else { nextWork += 1 }
      if posted != before { work += 1 }
      left -= 1
    }
    // Whatever can be done will be done again: where it begins makes no difference then.
    if left == 0 { nextWork = 0 }
    flush()
    return left > 0
  }

  /// Whether it has ended. It is worked on apart: the list is nobody's meanwhile.
  private func attempt(at place: Int) -> Bool {
    // Most of them, most of the time: nothing has come.
    if operations[place].kind == .receive, let socket = operations[place].socket,
      !SimulatedRing.isReceivable(socket)
    {
      return false
    }
    var operation = operations[place]
    let hasEnded =
      switch operation.kind {
      case .accept: accept(&operation)
      case .receive: receive(&operation)
      case .send: send(&operation)
      case .poll: poll(&operation)
      case .hangUp: hangUp(&operation)
      case .room: room(operation)
      }
    operations[place] = operation
    return hasEnded
  }

  /// What stays armed ends by itself now and then.
  private func goesOn(_ operation: Operation) -> Bool {
    operation.isMany && canPromise
      && kernel.fires(.multishotEnd, on: operation.socket?.link?.number ?? 0) == nil
  }

  private func accept(_ operation: inout Operation) -> Bool {
    guard let listener = operation.socket else { return true }
    while let first = listener.queue.first {
      if let errno = kernel.acceptFault(Descriptor(rawValue: operation.descriptor)) {
        post(operation.data, -Int(errno.rawValue))
        return true
      }
      listener.queue.removeFirst()
      guard let number = install(first) else {
        // The kernel has accepted it by then, and closes it.
        network.close(first)
        post(operation.data, -Int(Errno.systemDescriptorLimit.rawValue))
        return true
      }
      first.acceptedAt = kernel.network.now
      let more = goesOn(operation)
      post(operation.data, number, more: more)
      if !more { return true }
    }
    return false
  }

  private func poll(_ operation: inout Operation) -> Bool {
    if let listener = operation.socket {
      if listener.queue.isEmpty { return false }
      let more = goesOn(operation)
      post(operation.data, 1, more: more)
      return !more
    }
    if let epoll = epoll(operation.descriptor) { return poll(&operation, epoll) }
    // Told once for each write, and not again because nobody has taken it.
    guard let counter = counter(operation.descriptor), counter.count > 0,
      counter.writes != operation.done
    else { return false }
    operation.done = counter.writes
    let more = goesOn(operation)
    post(operation.data, 1, more: more)
    return !more
  }

  /// Told once of each thing that happened, and not again because nobody has taken it.
  private func poll(_ operation: inout Operation, _ epoll: SimulatedEpoll) -> Bool {
    guard epoll.news != operation.done, epoll.isReady else { return false }
    operation.done = epoll.news
    let more = goesOn(operation)
    post(operation.data, 1, more: more)
    return !more
  }

  /// Told once, of room or of a break.
  private func room(_ operation: Operation) -> Bool {
    guard let socket = operation.socket else { return true }
    let bits = Int(socket.bits & (PollBits.write | PollBits.error | PollBits.hangUp))
    guard bits != 0 else { return false }
    post(operation.data, bits)
    return true
  }

  /// Told once of each thing. That the peer has finished is told unasked.
  private func hangUp(_ operation: inout Operation) -> Bool {
    guard let socket = operation.socket else { return true }
    let bits = Int(socket.bits & (PollBits.error | PollBits.hangUp | PollBits.ended))
    guard bits & ~operation.done != 0 else { return false }
    operation.done |= bits
    let more = goesOn(operation)
    post(operation.data, bits, more: more)
    return !more
  }
}

#endif
