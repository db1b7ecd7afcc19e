import Testing

@testable import Switchboard

/// What a ring owes whom, step by step, over the simulated kernel.
@Suite("A ring's care")
struct RingCareTests {
  private typealias Sizes = URing<SimulatedKernel>.Sizes

  /// A machine with a network and somebody who listens.
  private final class Machine {
    let network: SimulatedNetwork
    let record: CallRecord
    let kernel: SimulatedKernel
    let listener: SimulatedSocket

    init(_ faults: Faults = .none) {
      network = SimulatedNetwork(seed: 1, faults: FaultInjector(faults, seed: 1))
      record = CallRecord(network, seed: 1)
      kernel = SimulatedKernel(network, record)
      let descriptor = network.openSocket(.v4).descriptor
      _ = network.bind(descriptor, to: .loopback(port: 80))
      _ = network.listen(descriptor, backlog: 8)
      guard let listener = network.socket(descriptor) else { preconditionFailure("no listener") }
      self.listener = listener
    }

    /// A connection that stands: the client's end, and the number that the ring has for the other.
    func connect(on ring: borrowing URing<SimulatedKernel>) throws -> (SimulatedSocket, Int32) {
      let client = network.makeSocket(.v4)
      let link = network.makeLink(
        number: 1, random: SimulatedRandom(seed: 1), sizes: (1 << 20, 8 << 20))
      network.beginConnecting(client, to: .loopback(port: 80), over: link)
      let (network, listener) = (network, listener)
      _ = network.sleep(until: network.now + 1_000_000_000) {
        client.state == .connected && !listener.queue.isEmpty
      }
      let end = listener.queue.removeFirst()
      return (client, Int32(try #require(record.ring?.install(end))))
    }

    func send(_ count: Int, of byte: UInt8 = 7, from client: SimulatedSocket) {
      let bytes = [UInt8](repeating: byte, count: count)
      let sent = bytes.withUnsafeBytes { network.send(client, from: $0) }
      #expect(sent.value == count)
    }

    func ring(_ sizes: Sizes = Sizes()) throws -> URing<SimulatedKernel> {
      try URing(sizes: sizes, connections: 16, system: kernel)
    }

    func pass(_ duration: Duration) {
      _ = network.sleep(until: network.now + UInt64(duration / .nanoseconds(1))) { false }
    }

    var soon: Instant { kernel.now() + .seconds(1) }
  }

  /// Connections of which the ring knows nothing but their slots.
  private func strangers(_ count: Int, in slots: inout SlotTable) -> [Key] {
    (0..<Int32(count)).map { slots.take(descriptor: $0) }
  }

  // --------------------------------------------------------------------------- buffers

  @Test("A ring owes work, and does not sleep, while somebody waits for a buffer")
  func owes() throws {
    let machine = Machine()
    var ring = try machine.ring()
    var slots = try SlotTable(capacity: 16)
    let owesNothing = !ring.owesWork
    #expect(owesNothing)
    let keys = strangers(1, in: &slots)
    ring.starve(keys[0], &slots)
    let owes = ring.owesWork
    #expect(owes)
    let before = machine.kernel.now()
    try ring.wait(until: machine.soon, isHurried: false)
    #expect(machine.kernel.now().since(before) < .milliseconds(1))
  }

  @Test("While some found no buffer, whoever received waits behind them")
  func order() throws {
    let machine = Machine()
    var sizes = Sizes()
    sizes.reserve = (2, 1024)
    var ring = try machine.ring(sizes)
    var slots = try SlotTable(capacity: 16)
    let keys = strangers(4, in: &slots)
    for key in keys[..<3] { ring.starve(key, &slots) }
    ring.armReceiveIfDue(keys[3], &slots)
    ring.armWaiting(&slots)
    #expect(
      keys.map { slots[$0.index].pending.contains(.receive) } == [true, true, false, false])
    ring.armWaiting(&slots)
    #expect(keys.allSatisfy { slots[$0.index].pending.contains(.receive) })
  }

  @Test("Whoever found no buffer has one of the reserve to itself, for one receive")
  func reserve() throws {
    let machine = Machine()
    var ring = try machine.ring()
    var slots = try SlotTable(capacity: 16)
    let (_, file) = try machine.connect(on: ring)
    let key = slots.take(descriptor: file)
    slots[key.index].flags.insert(.receiving)
    ring.starve(key, &slots)
    ring.armWaiting(&slots)
    try ring.wait(until: machine.kernel.now(), isHurried: false)
    let receives = machine.record.ring?.operations.filter { $0.kind == .receive } ?? []
    #expect(receives.map(\.group) == [1])
    #expect(receives.map(\.isMany) == [false])
  }

  @Test("Buffers that are used up and read come back, however many bytes come one after the other")
  func back() throws {
    let machine = Machine()
    var sizes = Sizes()
    sizes.tiers = 0...0
    var ring = try machine.ring(sizes)
    var slots = try SlotTable(capacity: 16)
    let (client, file) = try machine.connect(on: ring)
    let key = slots.take(descriptor: file)
    try ring.open(key, &slots)
    var received = 0
    for _ in 0..<200 {
      machine.send(4096, from: client)
      let end = machine.soon
      let before = received
      while received - before < 4096, machine.kernel.now() < end {
        try ring.wait(until: end, isHurried: false)
        while let completion = ring.next(&slots) {
          if completion.kind == .received { received += completion.value }
        }
      }
    }
    #expect(received == 200 * 4096)
    // Once for each time round, where a receive lies across the last buffer's end.
    #expect(machine.record.ring?.shortages == 0)
  }

  // ------------------------------------------------------------------------------ held

  @Test("What was held is handed out in pieces, one in a turn")
  func held() throws {
    let machine = Machine()
    var ring = try machine.ring()
    var slots = try SlotTable(capacity: 16)
    let key = slots.take(descriptor: 0)
    let bytes = [UInt8](repeating: 7, count: 2 * HeldInput.piece + 1)
    let isHeld = bytes.withUnsafeBytes { ring.hold(key, $0) }
    #expect(isHeld)
    ring.setReceiving(true, key, &slots)
    var pieces: [[Int]] = []
    for _ in 0..<3 {
      try ring.wait(until: machine.kernel.now(), isHurried: false)
      var turn: [Int] = []
      while let completion = ring.next(&slots) {
        if completion.kind == .received { turn.append(completion.value) }
      }
      pieces.append(turn)
    }
    #expect(pieces == [[HeldInput.piece], [HeldInput.piece], [1]])
  }

  // ------------------------------------------------------------------------- accepting

  @Test("No more connections are handed out than there is room for, whatever was accepted")
  func room() throws {
    let machine = Machine()
    var ring = try machine.ring()
    ring.listen(Descriptor(rawValue: machine.listener.descriptor))
    for number in 0..<5 as Range<Int32> { ring.arrivals.append(.init(file: number, listener: 0)) }
    ring.setRoom(2, within: nil)
    let first = (0..<5).map { _ in ring.nextArrival()?.value }
    #expect(first == [0, 1, nil, nil, nil])
    ring.setRoom(0, within: nil)
    try ring.wait(until: machine.kernel.now(), isHurried: false)
    let none = ring.nextArrival()?.value
    #expect(none == nil)
    ring.setRoom(9, within: nil)
    let others = (0..<5).map { _ in ring.nextArrival()?.value }
    #expect(others == [2, 3, 4, nil, nil])
  }

  // ------------------------------------------------------------------------- questions

  /// A queue of completions that is full.
  private var crowded: Sizes {
    var sizes = Sizes()
    sizes.entries = 8
    sizes.completions = 4
    return sizes
  }

  /// Completions that nobody waits for.
  private func crowd(_ count: Int, into ring: SimulatedRing?) {
    for _ in 0..<count { ring?.post(URing<SimulatedKernel>.Tag.none.rawValue, 0) }
  }

  @Test("An answer that comes too late is not taken for the next question's")
  func answers() throws {
    let machine = Machine()
    let ring = try machine.ring(crowded)
    let (_, file) = try machine.connect(on: ring)
    let first = ring.ring.lastProgress(of: file, machine.kernel.now())
    #expect(first != nil)
    // As if that had been waited for in vain, and there had been no descriptor for it.
    let raw = ring.raw
    let asked = raw.pointee.sqes[Int(ring.ring.lastEntry & raw.pointee.sq_mask)].user_data
    machine.record.ring?.post(asked, -24)
    crowd(3, into: machine.record.ring)
    machine.record.ring?.flush()
    let progress = ring.ring.lastProgress(of: file, machine.kernel.now())
    #expect(progress != nil)
  }

  @Test("What became of a send is told once, also where it makes room for an answer")
  func parked() throws {
    let machine = Machine(.none.with(.shortSend, at: 1))
    var ring = try machine.ring(crowded)
    var slots = try SlotTable(capacity: 16)
    var keys: [Key] = []
    for _ in 0..<2 {
      let (_, file) = try machine.connect(on: ring)
      keys.append(slots.take(descriptor: file))
    }
    for key in keys {
      let region = ring.outputRegion(for: key)
      region.start.update(repeating: 7, count: 100)
      _ = ring.sendOutput(100, key, &slots)
      slots[key.index].flags.insert(.sending)
    }
    // Three of four places: the first send's completion has the last one, the other's has none.
    crowd(3, into: machine.record.ring)
    try ring.wait(until: machine.kernel.now(), isHurried: false)
    var told: [Key] = []
    for _ in 0..<4 {
      while let completion = ring.next(&slots) {
        #expect(completion.kind == .sentInPlace && completion.value > 0)
        told.append(completion.key)
        // As its session may.
        let address = ring.ring.peerAddress(of: slots[completion.key.index].descriptor)
        #expect(address != nil)
      }
      try ring.wait(until: machine.kernel.now(), isHurried: false)
    }
    #expect(told == keys)
  }

  @Test("Where the question came after a turn, what became of a send is told before it is settled")
  func parkedAfterTurn() throws {
    let machine = Machine(.none.with(.shortSend, at: 1))
    var ring = try machine.ring(crowded)
    var slots = try SlotTable(capacity: 16)
    let (_, file) = try machine.connect(on: ring)
    let key = slots.take(descriptor: file)
    // As at a deadline: the session writes, and somebody's progress is asked for.
    let region = ring.outputRegion(for: key)
    region.start.update(repeating: 7, count: 100)
    _ = ring.sendOutput(100, key, &slots)
    slots[key.index].flags.insert(.sending)
    crowd(3, into: machine.record.ring)
    let progress = ring.ring.lastProgress(of: file, machine.kernel.now())
    #expect(progress != nil)
    ring.hurrySends()
    try ring.wait(until: machine.kernel.now(), isHurried: false)
    let told = ring.next(&slots)
    #expect(told?.kind == .sentInPlace && told?.key == key && (told?.value ?? 0) > 0)
    #expect(slots[key.index].flags.contains(.sending))
  }

  @Test("Where the question came after a turn, bytes keep their order")
  func parkedBytes() throws {
    let machine = Machine()
    var ring = try machine.ring(crowded)
    var slots = try SlotTable(capacity: 16)
    let (client, file) = try machine.connect(on: ring)
    let key = slots.take(descriptor: file)
    try ring.open(key, &slots)
    var received: [[UInt8]] = []
    func turn() throws {
      try ring.wait(until: machine.soon, isHurried: false)
      while let completion = ring.next(&slots) {
        guard completion.kind == .received, let start = completion.bytes else { continue }
        received.append(Array(UnsafeRawBufferPointer(start: start, count: completion.value)))
      }
    }
    machine.send(1, of: 1, from: client)
    try turn()
    #expect(received == [[1]])
    machine.send(1, of: 2, from: client)
    machine.pass(.milliseconds(100))
    _ = ring.ring.enter(least: 0, until: nil)
    crowd(3, into: machine.record.ring)
    let progress = ring.ring.lastProgress(of: file, machine.kernel.now())
    #expect(progress != nil && ring.raw.pointee.parked > 0)
    machine.send(2, of: 3, from: client)
    machine.pass(.milliseconds(100))
    for _ in 0..<4 { try turn() }
    #expect(received == [[1], [2], [3, 3]])
  }
}
