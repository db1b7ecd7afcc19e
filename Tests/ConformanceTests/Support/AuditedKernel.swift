import Switchboard

/// The real kernel, with every call entered in a ``Ledger``.
///
/// Other tests of this process open descriptors at the same time, so a count of `/proc/self/fd`
/// would tell nothing; the ledger holds those of one test. It also sees what a count cannot: a
/// second close, a call on a descriptor that is closed already, a close of one still watched.
struct AuditedKernel: ReadinessKernel {
  let ledger = Ledger()
  private let linux = Linux()

  func now() -> Instant { linux.now() }
  func entropy() -> UInt64 { linux.entropy() }

  func socket(_ family: SocketAddress.Family) -> Outcome {
    ledger.opened(linux.socket(family))
  }
  func bind(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome {
    linux.bind(descriptor, to: address)
  }
  func listen(_ descriptor: Descriptor, backlog: Int32) -> Outcome {
    linux.listen(descriptor, backlog: backlog)
  }
  func accept(_ descriptor: Descriptor, peer: inout SocketAddress) -> Outcome {
    ledger.used(descriptor, in: .accept)
    return ledger.opened(linux.accept(descriptor, peer: &peer))
  }
  func connect(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome {
    linux.connect(descriptor, to: address)
  }
  func receive(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    ledger.used(descriptor, in: .receive)
    let outcome = linux.receive(descriptor, into: buffer)
    ledger.received(outcome, by: descriptor)
    return outcome
  }
  func send(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome {
    ledger.used(descriptor, in: .send)
    let room = ledger.roomToSend(buffer.count)
    let outcome =
      room == 0
      ? .failure(Errno(rawValue: 11))
      : linux.send(descriptor, from: UnsafeRawBufferPointer(rebasing: buffer.prefix(room)))
    ledger.sent(outcome, by: descriptor)
    return outcome
  }
  func shutdownSending(_ descriptor: Descriptor) -> Outcome {
    ledger.used(descriptor, in: .shutdown)
    return linux.shutdownSending(descriptor)
  }
  func close(_ descriptor: Descriptor) -> Outcome {
    // First, since another thread may be given the number as soon as it is free.
    ledger.closing(descriptor)
    return linux.close(descriptor)
  }
  func set(_ option: SocketOption, _ value: Int32, on descriptor: Descriptor) -> Outcome {
    linux.set(option, value, on: descriptor)
  }
  func get(_ option: SocketOption, on descriptor: Descriptor) -> Outcome {
    linux.get(option, on: descriptor)
  }
  func localAddress(_ descriptor: Descriptor, into address: inout SocketAddress) -> Outcome {
    linux.localAddress(descriptor, into: &address)
  }
  func peerAddress(_ descriptor: Descriptor, into address: inout SocketAddress) -> Outcome {
    linux.peerAddress(descriptor, into: &address)
  }
  func eventDescriptor() -> Outcome { ledger.opened(linux.eventDescriptor()) }
  func read(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    linux.read(descriptor, into: buffer)
  }
  func write(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome {
    linux.write(descriptor, from: buffer)
  }
  func descriptorLimit() -> Outcome { linux.descriptorLimit() }

  func epollCreate() -> Outcome { ledger.opened(linux.epollCreate()) }
  func epollControl(
    _ epoll: Descriptor, _ operation: EpollOperation, _ descriptor: Descriptor, events: UInt32,
    key: UInt64
  ) -> Outcome {
    ledger.watched(descriptor, operation)
    return linux.epollControl(epoll, operation, descriptor, events: events, key: key)
  }
  func epollWait(
    _ epoll: Descriptor, into events: UnsafeMutableBufferPointer<EpollEvent>, milliseconds: Int32
  ) -> Outcome {
    ledger.waiting()
    return linux.epollWait(epoll, into: events, milliseconds: milliseconds)
  }
  func poll(_ entries: UnsafeMutableBufferPointer<PollEntry>, milliseconds: Int32) -> Outcome {
    for entry in entries { ledger.used(Descriptor(rawValue: entry.descriptor), in: .poll) }
    ledger.waiting()
    return linux.poll(entries, milliseconds: milliseconds)
  }
  func select(
    below count: Int32, reading: inout DescriptorSet, writing: inout DescriptorSet,
    milliseconds: Int32
  ) -> Outcome {
    for number in 0..<count where reading[number] || writing[number] {
      ledger.used(Descriptor(rawValue: number), in: .select)
    }
    ledger.waiting()
    return linux.select(
      below: count, reading: &reading, writing: &writing, milliseconds: milliseconds)
  }
}
