#if TestBench

// The descriptors of the simulated process.
extension SimulatedNetwork {
  /// Gives a socket the lowest free number; nil when the process holds as many as it may.
  func install(_ socket: SimulatedSocket) -> Int32? {
    guard let number = install(SimulatedDescriptor(socket: socket)) else { return nil }
    socket.descriptor = number
    return number
  }

  /// The same for something else.
  func install(_ file: SimulatedFile) -> Int32? {
    guard let number = install(SimulatedDescriptor(file: file)) else { return nil }
    file.descriptor = number
    return number
  }

  private func install(_ made: SimulatedDescriptor) -> Int32? {
    guard openDescriptors + 3 < descriptorLimit else { return nil }
    while lowestFree < descriptors.count, !descriptors[lowestFree].isFree { lowestFree += 1 }
    if lowestFree == descriptors.count { unsafe descriptors.append(SimulatedDescriptor()) }
    descriptors[lowestFree] = made
    defer { lowestFree += 1 }
    openDescriptors += 1
    return Int32(lowestFree)
  }

  /// The place of a descriptor's number; nil where there cannot be one.
  @inline(__always)
  private func place(_ descriptor: Descriptor) -> Int? {
    let number = Int(descriptor.rawValue)
    return number >= 0 && number < descriptors.count ? number : nil
  }

  /// What a descriptor stands for, if it is no socket.
  func file(_ descriptor: Descriptor) -> SimulatedFile? {
    place(descriptor).flatMap { descriptors[$0].file }
  }

  /// The socket of a descriptor.
  @inline(__always)
  func socket(_ descriptor: Descriptor) -> SimulatedSocket? {
    guard let place = place(descriptor) else { return nil }
    return descriptors[place].socket
  }

  /// What a descriptor is ready for, as `PollBits`; nil when there is none.
  @inline(__always)
  func pollState(_ descriptor: Descriptor) -> UInt32? {
    guard let place = place(descriptor) else { return nil }
    return descriptors[place].bits
  }

  /// A descriptor's registration with epoll.
  func watch(_ descriptor: Descriptor) -> SimulatedWatch? {
    guard let watch = place(descriptor).flatMap({ descriptors[$0].watch }) else { return nil }
    return watch.own.epoll.isClosed ? nil : watch
  }

  /// Frees a number: what it stood for; nil when it was free.
  func release(_ descriptor: Descriptor) -> SimulatedDescriptor? {
    guard let number = place(descriptor), !descriptors[number].isFree else { return nil }
    let released = descriptors[number]
    descriptors[number] = SimulatedDescriptor()
    released.socket?.descriptor = -1
    released.file?.descriptor = -1
    if let watch = released.watch { watch.own.epoll.remove(watch) }
    released.file?.epoll?.close()
    lowestFree = min(lowestFree, number)
    openDescriptors -= 1
    return released
  }
}

#endif
