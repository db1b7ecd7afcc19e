#if TestBench

internal import CKernel

// Taking over ordinary descriptors.
extension SimulatedRing {
  /// `IORING_OP_FILES_UPDATE` of one descriptor, with a number that the kernel chooses: one that is free, also
  /// where something of the connection that had it is still to come.
  func issueAdoption(_ entry: io_uring_sqe) {
    let data = entry.user_data
    let isAny = UInt32(truncatingIfNeeded: entry.off) == IORING_FILE_INDEX_ALLOC
    guard isAny, entry.len == 1,
      let place = unsafe UnsafeMutablePointer<Int32>(bitPattern: UInt(entry.addr))
    else { return post(data, -Int(Errno.invalid.rawValue)) }
    guard let socket = unsafe network.socket(Descriptor(rawValue: place.pointee)) else {
      return post(data, -Int(Errno.badDescriptor.rawValue))
    }
    if network.watch(Descriptor(rawValue: socket.descriptor)) != nil {
      kernel.record.fail(.backendContract("a ring takes over what an epoll still watches"))
    }
    if let errno = adoptionFault(socket) { return post(data, -Int(errno.rawValue)) }
    guard let number = install(socket) else {
      return post(data, -Int(Errno.systemDescriptorLimit.rawValue))
    }
    socket.isDirect = true
    unsafe place.pointee = Int32(truncatingIfNeeded: number)
    post(data, 1)
  }

  private func adoptionFault(_ socket: SimulatedSocket) -> Errno? {
    let number = socket.link?.number ?? 0
    guard kernel.record.isServing, let chance = kernel.fires(.registrationFailure, on: number)
    else {
      return nil
    }
    kernel.record.excuse(number)
    return chance & 1 == 0 ? .outOfMemory : .systemDescriptorLimit
  }
}

#endif
