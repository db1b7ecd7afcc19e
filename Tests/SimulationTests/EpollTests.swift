import Testing

@testable import Switchboard

/// An epoll of the simulated kernel, by itself and watched by others.
@Suite struct EpollTests {
  private let network: SimulatedNetwork
  private let kernel: SimulatedKernel

  init() {
    network = SimulatedNetwork(seed: 1, faults: FaultInjector(.none, seed: 1))
    kernel = SimulatedKernel(network, CallRecord(network, seed: 1))
    kernel.record.patience = .max
  }

  private func add(
    _ descriptor: Descriptor, to epoll: Descriptor, _ events: UInt32,
    _ operation: EpollOperation = .add
  ) -> Outcome {
    kernel.epollControl(
      epoll, operation, descriptor, events: events, key: UInt64(descriptor.rawValue))
  }

  /// What an epoll tells of at the moment.
  private func told(_ epoll: Descriptor) -> [Descriptor] {
    var events = [EpollEvent](repeating: EpollEvent(), count: 8)
    let count = events.withUnsafeMutableBufferPointer {
      kernel.epollWait(epoll, into: $0, milliseconds: 1)
    }
    return events[..<max(0, count.value)].map { Descriptor(rawValue: Int32($0.key)) }
  }

  private func wake(_ counter: Descriptor) {
    withUnsafeBytes(of: UInt64(1)) { _ = kernel.write(counter, from: $0) }
  }

  private func drain(_ counter: Descriptor) {
    var count: UInt64 = 0
    withUnsafeMutableBytes(of: &count) { _ = kernel.read(counter, into: $0) }
  }

  @Test func `what is asked for once is told once, until it is asked for again`() {
    let epoll = kernel.epollCreate().descriptor
    let counter = kernel.eventDescriptor().descriptor
    let once = PollBits.read | PollBits.oneShot
    #expect(add(counter, to: epoll, once).isSuccess)
    #expect(told(epoll) == [])
    wake(counter)
    #expect(told(epoll) == [counter])
    #expect(told(epoll) == [])
    wake(counter)
    #expect(told(epoll) == [])
    #expect(add(counter, to: epoll, once, .modify).isSuccess)
    #expect(told(epoll) == [counter])
    drain(counter)
    #expect(add(counter, to: epoll, once, .modify).isSuccess)
    #expect(told(epoll) == [])
    wake(counter)
    #expect(told(epoll) == [counter])
  }

  @Test func `it is readable as long as it has something to tell`() {
    let epoll = kernel.epollCreate().descriptor
    let counter = kernel.eventDescriptor().descriptor
    #expect(add(counter, to: epoll, PollBits.read).isSuccess)
    #expect(network.pollState(epoll) == 0)
    wake(counter)
    #expect(network.pollState(epoll) == PollBits.read)
    #expect(told(epoll) == [counter])
    #expect(network.pollState(epoll) == PollBits.read)
    drain(counter)
    #expect(network.pollState(epoll) == 0)
    #expect(add(counter, to: epoll, PollBits.read | PollBits.oneShot, .modify).isSuccess)
    wake(counter)
    #expect(network.pollState(epoll) == PollBits.read)
    #expect(told(epoll) == [counter])
    #expect(network.pollState(epoll) == 0)
    wake(counter)
    #expect(add(counter, to: epoll, PollBits.read, .modify).isSuccess)
    #expect(network.pollState(epoll) == PollBits.read)
    #expect(add(counter, to: epoll, 0, .remove).isSuccess)
    #expect(network.pollState(epoll) == 0)
  }

  @Test func `another one tells of it, as of anything that is readable`() {
    let outer = kernel.epollCreate().descriptor
    let inner = kernel.epollCreate().descriptor
    let counter = kernel.eventDescriptor().descriptor
    #expect(add(inner, to: outer, PollBits.read).isSuccess)
    #expect(add(counter, to: inner, PollBits.read | PollBits.oneShot).isSuccess)
    #expect(told(outer) == [])
    wake(counter)
    #expect(told(outer) == [inner])
    #expect(told(outer) == [inner])
    #expect(told(inner) == [counter])
    #expect(told(outer) == [])
    // What is there already is told of when it is added.
    #expect(add(counter, to: inner, PollBits.read | PollBits.oneShot, .modify).isSuccess)
    #expect(told(outer) == [inner])
    #expect(add(inner, to: outer, 0, .remove).isSuccess)
    #expect(told(outer) == [])
    #expect(add(inner, to: outer, PollBits.read).isSuccess)
    #expect(told(outer) == [inner])
    #expect(add(outer, to: outer, PollBits.read).errno == .invalid)
  }

  @Test func `poll and select tell of it`() {
    let epoll = kernel.epollCreate().descriptor
    let counter = kernel.eventDescriptor().descriptor
    #expect(add(counter, to: epoll, PollBits.read).isSuccess)
    for isReady in [false, true] {
      if isReady { wake(counter) }
      var entry = PollEntry(epoll, .input)
      let found = withUnsafeMutablePointer(to: &entry) {
        kernel.poll(UnsafeMutableBufferPointer(start: $0, count: 1), milliseconds: 1)
      }
      #expect(found.value == (isReady ? 1 : 0))
      var (reading, writing) = (DescriptorSet(), DescriptorSet())
      reading[epoll.rawValue] = true
      let selected = kernel.select(
        below: epoll.rawValue + 1, reading: &reading, writing: &writing, milliseconds: 1)
      #expect(selected.value == (isReady ? 1 : 0) && reading[epoll.rawValue] == isReady)
    }
  }

  @Test func `one descriptor is in one of them, and free again when that is closed`() {
    let pair = [kernel.epollCreate().descriptor, kernel.epollCreate().descriptor]
    let counter = kernel.eventDescriptor().descriptor
    #expect(add(counter, to: pair[0], PollBits.read).isSuccess)
    for operation in [EpollOperation.modify, .remove] {
      #expect(add(counter, to: pair[1], PollBits.read, operation).errno == .noEntry)
    }
    #expect(kernel.record.violation == nil)
    _ = kernel.close(pair[0])
    #expect(add(counter, to: pair[1], PollBits.read).isSuccess)
    wake(counter)
    #expect(told(pair[1]) == [counter])
    let third = kernel.epollCreate().descriptor
    #expect(add(counter, to: third, PollBits.read).errno == .exists)
    #expect(kernel.record.violation == .backendContract("two epolls watch one descriptor"))
  }

  @Test func `one beside the loop's own makes no turn of it`() {
    let own = kernel.epollCreate().descriptor
    let beside = kernel.epollCreate().descriptor
    let counter = kernel.eventDescriptor().descriptor
    #expect(add(counter, to: beside, PollBits.read).isSuccess)
    let before = kernel.record.turn
    for _ in 0..<20 { #expect(told(beside) == []) }
    #expect(kernel.record.turn == before)
    #expect(told(own) == [])
    #expect(kernel.record.turn == before + 1)
  }
}
