import Switchboard

/// The real kernel, with every call entered in a ``Ledger``.
///
/// Other tests of this process open descriptors at the same time, so a count of `/proc/self/fd`
/// would tell nothing; the ledger holds those of one test. It also sees what a count cannot: a
/// second close, a call on a descriptor that is closed already, a close of one still watched.
struct AuditedKernel: KernelDecorator, ReadinessKernel {
  let ledger = Ledger()
  let base = Linux()

  func socket(_ family: SocketAddress.Family) -> Outcome {
    ledger.opened(base.socket(family))
  }
  func accept(_ descriptor: Descriptor, peer: inout SocketAddress) -> Outcome {
    ledger.used(descriptor, in: .accept)
    return ledger.accepted(base.accept(descriptor, peer: &peer))
  }
  func receive(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    ledger.used(descriptor, in: .receive)
    let outcome = base.receive(descriptor, into: buffer)
    ledger.received(outcome, by: descriptor)
    return outcome
  }
  func send(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome {
    ledger.used(descriptor, in: .send)
    let room = ledger.roomToSend(buffer.count)
    let outcome =
      room == 0
      ? .failure(Errno(rawValue: 11))
      : base.send(descriptor, from: UnsafeRawBufferPointer(rebasing: buffer.prefix(room)))
    ledger.sent(outcome, by: descriptor)
    return outcome
  }
  func shutdownSending(_ descriptor: Descriptor) -> Outcome {
    ledger.used(descriptor, in: .shutdown)
    return base.shutdownSending(descriptor)
  }
  func close(_ descriptor: Descriptor) -> Outcome {
    // First, since another thread may be given the number as soon as it is free.
    ledger.closing(descriptor)
    return base.close(descriptor)
  }
  func eventDescriptor() -> Outcome { ledger.opened(base.eventDescriptor()) }
  func epollCreate() -> Outcome { ledger.opened(base.epollCreate()) }
  func epollControl(
    _ epoll: Descriptor, _ operation: EpollOperation, _ descriptor: Descriptor, events: UInt32,
    key: UInt64
  ) -> Outcome {
    ledger.watched(descriptor, operation)
    return base.epollControl(epoll, operation, descriptor, events: events, key: key)
  }
  func epollWait(
    _ epoll: Descriptor, into events: UnsafeMutableBufferPointer<EpollEvent>, milliseconds: Int32
  ) -> Outcome {
    ledger.waiting()
    return base.epollWait(epoll, into: events, milliseconds: milliseconds)
  }
  func poll(_ entries: UnsafeMutableBufferPointer<PollEntry>, milliseconds: Int32) -> Outcome {
    for entry in entries { ledger.used(Descriptor(rawValue: entry.descriptor), in: .poll) }
    ledger.waiting()
    return base.poll(entries, milliseconds: milliseconds)
  }
  func select(
    below count: Int32, reading: inout DescriptorSet, writing: inout DescriptorSet,
    milliseconds: Int32
  ) -> Outcome {
    for number in 0..<count where reading[number] || writing[number] {
      ledger.used(Descriptor(rawValue: number), in: .select)
    }
    ledger.waiting()
    return base.select(
      below: count, reading: &reading, writing: &writing, milliseconds: milliseconds)
  }
}
