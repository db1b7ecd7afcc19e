import Testing

@testable import Switchboard

/// Entries that the kernel does not take wait beside its queue.
@Suite("Queues of a ring and its kernel")
struct RingQueueTests {
  private let kernel = PuppetKernel.make()

  @Test("Entries that find the queue full wait beside it, in order, and each is taken once")
  func spill() throws {
    let ring = try kernel.rawRing(4)
    kernel.strings.refusal = .wouldBlock
    func add(_ numbers: Range<Int32>) {
      for number in numbers {
        let entry = ring.entry()
        entry.pointee.opcode = 34
        entry.pointee.fd = number
      }
    }
    func names(_ numbers: Range<Int32>) -> [String] { numbers.map { "finish \($0)" } }
    #expect(!ring.hasSpilled && !ring.hasLeftOver)
    add(0..<4)
    #expect(!ring.hasSpilled && kernel.strings.waits.isEmpty)
    add(4..<5)
    #expect(ring.hasSpilled && ring.hasLeftOver)
    #expect(kernel.strings.waits.map(\.least) == [0])
    // It is asked once.
    add(5..<150)
    #expect(kernel.strings.waits.count == 1)
    kernel.strings.refusal = nil
    var taken: [String] = []
    kernel.strings.taken = { taken.append($0.description) }
    for _ in 0..<10 { #expect(ring.enter(least: 0, until: nil) == nil) }
    #expect(taken == names(0..<40) && ring.hasSpilled)
    // More come behind them meanwhile.
    add(150..<300)
    for _ in 0..<63 { #expect(ring.enter(least: 0, until: nil) == nil) }
    #expect(taken == names(0..<292) && ring.hasSpilled)
    for _ in 0..<10 { #expect(ring.enter(least: 0, until: nil) == nil) }
    #expect(taken == names(0..<300))
    #expect(!ring.hasSpilled && !ring.hasLeftOver)
    kernel.strings.refusal = .wouldBlock
    add(300..<310)
    kernel.strings.refusal = nil
    for _ in 0..<3 { #expect(ring.enter(least: 0, until: nil) == nil) }
    #expect(taken == names(0..<310))
    #expect(!ring.hasSpilled && !ring.hasLeftOver)
  }

  @Test("Entries beside the queue are clear, and their memory is given back")
  func spillMemory() throws {
    var places: Set<UnsafeMutableRawPointer> = []
    for count in [1, 100] {
      for _ in 0..<64 {
        var spill = EntrySpill()
        for number in 0..<count {
          let entry = spill.add()
          #expect(entry.pointee.user_data == 0 && entry.pointee.opcode == 0)
          (entry.pointee.user_data, entry.pointee.opcode) = (7, 7)
          if number == 0 { places.insert(UnsafeMutableRawPointer(entry)) }
          if number == 50 { spill.removeFirst() }
        }
      }
      // The same memory serves again.
      #expect(places.count < 64)
      places = []
    }
  }

  @Test("A ring gives its memory back")
  func memory() throws {
    var (queues, addresses): (Set<OpaquePointer>, Set<UnsafeMutableRawPointer>) = ([], [])
    for _ in 0..<64 {
      let ring = try kernel.rawRing(4)
      queues.insert(OpaquePointer(ring.raw))
      addresses.insert(ring.address)
    }
    #expect(kernel.strings.ringsClosed == 64)
    #expect(queues.count < 64 && addresses.count < 64)
  }

  @Test("A full queue is submitted first; while the kernel takes it, nothing waits beside it")
  func full() throws {
    let ring = try kernel.rawRing(4)
    for number in 0..<9 as Range<Int32> {
      let entry = ring.entry()
      entry.pointee.opcode = 34
      entry.pointee.fd = number
      #expect(!ring.hasSpilled)
    }
    #expect(kernel.words == (0..<9).map { "finish \($0)" })
    #expect(kernel.strings.waits.map(\.least) == [0, 0])
  }

  @Test("Nothing is joined to an output whose entry may lie beside the queue")
  func spilledOutput() throws {
    var ring = try kernel.ring(.crowded)
    var slots = try SlotTable(capacity: 16)
    let key = slots.take(descriptor: 5)
    kernel.strings.refusal = .wouldBlock
    for _ in 0..<4 { ring.cancel(1) }
    _ = ring.sendOutput(10, key, &slots)
    let isJoined = ring.joinOutput(10, key, atMost: .max)
    #expect(!isJoined)
    kernel.strings.refusal = nil
    try ring.wait(until: kernel.now(), isHurried: false)
    #expect(kernel.words.last == "send 10 now to 5")
  }
}
