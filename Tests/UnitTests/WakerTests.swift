import Testing

@testable import Switchboard

@Suite("Waker and threads")
struct WakerTests {
  @Test("A waker ends a wait in another thread, until it is acknowledged")
  func wake() throws {
    let system = Linux()
    let waker = try Waker(system: system)
    var poller = try Epoll(system: system)
    var events = EventBuffer(capacity: 4)
    try poller.set(waker.descriptor, .read, was: nil, key: Key(rawValue: 1))
    let thread = try LoopThread { waker.wake() }
    try poller.wait(until: system.now() + .seconds(60), into: &events)
    thread.join()
    #expect(events.count == 1)
    // Many wake-ups are one, and one acknowledgement takes them all.
    for _ in 0..<1000 { waker.wake() }
    waker.acknowledge()
    try poller.wait(until: system.now(), into: &events)
    #expect(events.count == 0)
    // With nothing to take it does not block.
    waker.acknowledge()
  }

  @Test("A later request is never weaker than an earlier one")
  func requests() throws {
    let waker = try Waker(system: Linux())
    #expect(waker.request == .none)
    waker.drain()
    #expect(waker.request == .drain)
    waker.stop()
    waker.drain()
    #expect(waker.request == .stop)
  }

  @Test("A thread runs its body once, and is joined after it")
  func thread() throws {
    let waker = try Waker(system: Linux())
    let thread = try LoopThread { waker.drain() }
    thread.join()
    #expect(waker.request == .drain)
  }

  @Test("A waker held after its loop is gone reaches nothing else")
  func late() throws {
    let counting = CountingKernel()
    var loops: Waker<CountingKernel>? = try Waker(system: counting)
    var kept = loops
    loops = nil
    kept?.wake()
    #expect(counting.closes.isEmpty)
    kept = nil
    #expect(counting.closes.count == 1)
  }
}
