#if TestBench

// Options, addresses and the counter that wakes.
extension SimulatedKernel {
  func set(_ option: SocketOption, _ value: Int32, on descriptor: Descriptor) -> Outcome {
    begin()
    return answer(.setOption, descriptor, network.set(option, value, on: descriptor))
  }

  func get(_ option: SocketOption, on descriptor: Descriptor) -> Outcome {
    begin()
    // Also of a direct descriptor that was made an ordinary one.
    if option == .sendSilence, let alias = network.file(descriptor) as? SimulatedAlias {
      return answer(.getOption, descriptor, network.silence(of: alias.socket))
    }
    return answer(.getOption, descriptor, network.get(option, on: descriptor))
  }

  func localAddress(_ descriptor: Descriptor, into address: inout SocketAddress) -> Outcome {
    guard let socket = network.socket(descriptor) else { return .failure(.badDescriptor) }
    address = socket.address
    return .value(0)
  }

  func peerAddress(_ descriptor: Descriptor, into address: inout SocketAddress) -> Outcome {
    let alias = network.file(descriptor) as? SimulatedAlias
    guard let socket = alias?.socket ?? network.socket(descriptor) else {
      return .failure(.badDescriptor)
    }
    guard socket.state == .connected, !socket.wasReset else { return .failure(.notConnected) }
    address = socket.peer
    return .value(0)
  }

  func descriptorLimit() -> Outcome { .value(network.descriptorLimit) }

  func eventDescriptor() -> Outcome {
    begin()
    guard let number = network.install(SimulatedCounter()) else {
      return .failure(.descriptorLimit)
    }
    return answer(.eventDescriptor, Descriptor(rawValue: number), .value(Int(number)))
  }

  func read(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    begin()
    guard let counter = network.file(descriptor) as? SimulatedCounter else {
      return answer(.read, descriptor, .failure(.badDescriptor))
    }
    if fires(.interrupt, on: 0) != nil {
      return answer(.read, descriptor, .failure(.interrupted))
    }
    guard counter.count > 0 else { return answer(.read, descriptor, .failure(.wouldBlock)) }
    unsafe buffer.storeBytes(of: counter.count, as: UInt64.self)
    counter.count = 0
    return answer(.read, descriptor, .value(8))
  }

  func write(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome {
    begin()
    guard let counter = network.file(descriptor) as? SimulatedCounter else {
      return answer(.write, descriptor, .failure(.badDescriptor))
    }
    if fires(.interrupt, on: 0) != nil {
      return answer(.write, descriptor, .failure(.interrupted))
    }
    counter.count += unsafe buffer.loadUnaligned(as: UInt64.self)
    counter.writes += 1
    network.wake(counter, PollBits.read)
    return answer(.write, descriptor, .value(8))
  }
}

#endif
