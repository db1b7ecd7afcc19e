import Testing

@testable import Switchboard

/// Which receives a ring arms, and when.
@Suite("A ring receives")
struct RingArmingTests {
  private let kernel = PuppetKernel.make()
  private typealias Sizes = URing<PuppetKernel>.Sizes

  /// `IORING_CQE_F_BUFFER`, `IORING_CQE_F_MORE`, `IORING_CQE_F_SOCK_NONEMPTY`, and that more comes into
  /// the same buffer.
  private let named: UInt32 = 1
  private let more: UInt32 = 2
  private let nonempty: UInt32 = 4
  private let partly: UInt32 = 16

  private func key(_ number: Int32, in slots: inout SlotTable) -> Key {
    slots.take(descriptor: number)
  }

  // ------------------------------------------------------------------------------ arming

  @Test("Who found no buffer waits once, and not while it is paused; there are more from then on")
  func starve() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let (first, paused) = (key(5, in: &slots), key(6, in: &slots))
    slots[paused.index].flags.remove(.receiving)
    for _ in 0..<2 { ring.starve(first, &slots) }
    ring.starve(paused, &slots)
    var (count, tier) = (ring.starved.count, ring.buffers.tier)
    #expect(count == 1 && tier == 1)
    ring.armWaiting(&slots)
    #expect(kernel.words == ["receive once 5, 1"])
    #expect(slots[first.index].pending.contains(.receive))
    (count, tier) = (ring.starved.count, ring.buffers.tier)
    #expect(count == 0 && tier == 1)
  }

  @Test("Who received is armed when the turn ends, and after that at once")
  func served() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let keys = [key(5, in: &slots), key(6, in: &slots), key(7, in: &slots)]
    for _ in 0..<2 { ring.armReceiveIfDue(keys[0], &slots) }
    #expect(ring.served.map(\.key) == [keys[0]] && kernel.words == [])
    ring.armWaiting(&slots)
    #expect(kernel.words == ["receive 5"])
    ring.armReceiveIfDue(keys[1], &slots)
    #expect(kernel.words == ["receive 6"])
    // A new turn.
    try ring.wait(until: kernel.now(), isHurried: false)
    ring.armReceiveIfDue(keys[2], &slots)
    #expect(kernel.words == [])
    ring.armWaiting(&slots)
    #expect(kernel.words == ["receive 7"])
  }

  @Test("Who may have more is armed behind others; who has nothing more waits for it")
  func again() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let keys = [key(5, in: &slots), key(6, in: &slots)]
    ring.armAgain(keys[0], hasMore: false, &slots)
    #expect(kernel.words == ["wait for 5"])
    ring.armAgain(keys[1], hasMore: true, &slots)
    #expect(kernel.words == [])
    ring.armWaiting(&slots)
    #expect(kernel.words == ["receive 6"])
  }

  @Test(
    "Who has a partner is armed for one receive, at the turn's end, unless he is paused by then")
  func partners() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let keys = [key(5, in: &slots), key(6, in: &slots), key(7, in: &slots)]
    for key in keys { slots[key.index].partnership.insert(.paired) }
    for (key, hasMore) in zip(keys, [false, true, true]) {
      ring.armAgain(key, hasMore: hasMore, &slots)
    }
    #expect(kernel.words == [])
    slots[keys[2].index].flags.remove(.receiving)
    ring.armWaiting(&slots)
    #expect(kernel.words == ["receive once 5, 2", "receive once 6, 2"])
    // Each group of buffers has its own sizes.
    #expect(kernel.given(2).count == 4)
    let data = ring.userData(.receive, keys[0])
    #expect(ring.received(data, 65536, named | 2064 << 16, &slots)?.received.count == 65536)
  }

  @Test("What was armed before there was a partner ends when more is there")
  func late() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let key = key(5, in: &slots)
    try ring.open(key, &slots)
    #expect(kernel.words == ["wait for 5"])
    slots[key.index].partnership.insert(.paired)
    let data = ring.userData(.receive, key)
    #expect(ring.received(data, 10, named | more | nonempty | partly, &slots)?.kind == .received)
    #expect(slots[key.index].pending.contains(.cancel))
  }

  @Test("As many as the reserve has buffers are served in a turn, and the others behind them")
  func reserve() throws {
    var sizes = Sizes()
    sizes.reserve = (2, 1024)
    var ring = try kernel.ring(sizes)
    var slots = try SlotTable(capacity: 16)
    let keys = (5..<10 as Range<Int32>).map { key($0, in: &slots) }
    for key in keys[..<3] { ring.starve(key, &slots) }
    ring.armReceiveIfDue(keys[3], &slots)
    ring.armWaiting(&slots)
    #expect(kernel.words == ["receive once 5, 1", "receive once 6, 1"])
    // The turn is over, and somebody still waits.
    ring.armReceiveIfDue(keys[4], &slots)
    #expect(kernel.words == [])
    ring.armWaiting(&slots)
    #expect(kernel.words == ["receive once 7, 1", "receive once 8, 1"])
    ring.armWaiting(&slots)
    #expect(kernel.words == ["receive once 9, 1"])
  }

  @Test("Behind those who found no buffer, others take one only if they have something")
  func behind() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let keys = [key(5, in: &slots), key(6, in: &slots)]
    ring.starve(keys[0], &slots)
    ring.armReceiveIfDue(keys[1], &slots)
    ring.armWaiting(&slots)
    #expect(kernel.words == ["receive once 5, 1", "wait for 6"])
  }

  @Test("Who is gone is not armed, nor who has come in its place")
  func gone() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let old = key(5, in: &slots)
    ring.starve(old, &slots)
    slots.giveBack(old)
    let new = slots.take(descriptor: 6)
    slots[new.index].pending = [.arming, .more, .receive]
    ring.expectant.append(old)
    ring.askForMore(&slots)
    ring.armWaiting(&slots)
    #expect(kernel.words == [])
    #expect(slots[new.index].pending == [.arming, .more, .receive])
  }

  // --------------------------------------------------------------------------- receiving

  @Test("A receive is ended when a connection stops, once, and armed anew only when it has ended")
  func pausing() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let key = slots.take(descriptor: 5)
    try ring.open(key, &slots)
    let armed = kernel.asked()
    #expect(armed.map(\.description) == ["wait for 5"])
    ring.setReceiving(false, key, &slots)
    #expect(kernel.words == ["end wait for 5"])
    ring.setReceiving(true, key, &slots)
    ring.setReceiving(false, key, &slots)
    ring.watchPaused(&slots)
    #expect(kernel.words == ["hang-up 5"])
    let told = ring.received(armed[0].data, -125, 0, &slots)
    #expect(told == nil)
    ring.armWaiting(&slots)
    #expect(kernel.words == [])
    // There is none to be ended.
    ring.setReceiving(false, key, &slots)
    #expect(kernel.words == [])
    ring.setReceiving(true, key, &slots)
    #expect(kernel.words == ["receive 5"])
  }

  @Test("A receive that a signal ended or that found nothing, is armed anew", arguments: [-4, -11])
  func anew(_ result: Int) throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let key = slots.take(descriptor: 5)
    try ring.open(key, &slots)
    let data = kernel.asked()[0].data
    let told = ring.received(data, result, 0, &slots)
    #expect(told == nil)
    ring.armWaiting(&slots)
    #expect(kernel.words == ["receive 5"])
  }

  @Test("Bytes are told where they lie, behind those that came before, and an end takes none")
  func bytes() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let key = slots.take(descriptor: 5)
    try ring.open(key, &slots)
    let data = kernel.asked()[0].data
    let first = ring.received(data, 10, named | more | partly, &slots)
    #expect(first?.kind == .received && first?.value == 10)
    let end = ring.received(data, 0, named | more | partly, &slots)
    #expect(end?.kind == .ended)
    let failed = ring.received(data, -104, named | more | partly, &slots)
    #expect(failed?.kind == .receiveFailed && failed?.value == 104)
    let second = ring.received(data, 5, named | partly, &slots)
    #expect(second?.kind == .received && second?.value == 5)
    #expect(second?.bytes == first?.bytes.map { $0 + 10 })
    // It has ended, with nothing more to come: armed at once.
    #expect(kernel.words == ["wait for 5"])
  }

  @Test("More than a buffer holds is not handed out")
  func tooMany() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let key = slots.take(descriptor: 5)
    try ring.open(key, &slots)
    let data = kernel.asked()[0].data
    let (open, reserved) = (named | more | partly, named | more | 64 << 16)
    let results = [
      ring.received(data, 16385, open, &slots)?.kind,
      ring.received(data, 16384, open, &slots)?.kind,
      ring.received(data, 65537, reserved, &slots)?.kind,
      ring.received(data, 65536, reserved, &slots)?.kind,
    ]
    #expect(results == [.receiveFailed, .received, .receiveFailed, .received])
  }

  @Test("A buffer that is used up goes back when it has been read, whichever it is")
  func usedUp() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let key = slots.take(descriptor: 5)
    try ring.open(key, &slots)
    let data = kernel.asked()[0].data
    #expect(kernel.given() == [[0, 16384], [1, 16384], [2, 16384], [3, 16384]])
    #expect(kernel.given(1) == (64..<80).map { [$0, 65536] })
    for id in [0, 3, 64] as [UInt32] {
      kernel.tell(data, 100, more: true, flags: named | id << 16)
      try ring.wait(until: kernel.now(), isHurried: false)
      let told = ring.next(&slots)
      #expect(told?.kind == .received)
      #expect(kernel.given() == [] && kernel.given(1) == [])
      let nothing = ring.next(&slots)
      #expect(nothing == nil)
      #expect(kernel.given() == (id < 64 ? [[Int(id), 16384]] : []))
      #expect(kernel.given(1) == (id < 64 ? [] : [[Int(id), 65536]]))
    }
  }

  @Test("A buffer goes back at once where nobody is to read it")
  func unread() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let key = slots.take(descriptor: 5)
    try ring.open(key, &slots)
    let data = kernel.asked()[0].data
    _ = kernel.given()
    // Nobody's any more.
    let stray = ring.received(data ^ 1 << 9, 100, named, &slots)
    #expect(stray == nil && kernel.given() == [[0, 16384]])
    #expect(slots[key.index].pending.contains(.receive))
    // Held.
    slots[key.index].flags.remove(.receiving)
    let held = ring.received(data, 100, named | more, &slots)
    #expect(held == nil && kernel.given() == [[0, 16384]])
    // An end.
    let ended = ring.received(data, 0, named | more, &slots)
    #expect(ended == nil && kernel.given() == [[0, 16384]])
    // Closed.
    slots[key.index].flags.insert(.closed)
    let closed = ring.received(data, 100, named, &slots)
    #expect(closed?.kind == .closed && kernel.given() == [[0, 16384]])
    #expect(kernel.words == ["close 5"])
  }

  @Test("A closed connection's number goes when neither a receive nor a send is under way")
  func closing() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let key = slots.take(descriptor: 5)
    try ring.open(key, &slots)
    let data = kernel.asked()[0].data
    slots[key.index].pending.insert(.send)
    slots[key.index].flags.insert(.closed)
    let receive = ring.received(data, -125, 0, &slots)
    #expect(receive == nil && kernel.words == [])
    let send = ring.sendEnded(ring.userData(.send, key), -125, &slots)
    #expect(send?.kind == .closed && kernel.words == ["close 5"])
  }

  @Test("Who was told that more is there and got nothing of it is asked anew when the turn ends")
  func expecting() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let key = slots.take(descriptor: 5)
    try ring.open(key, &slots)
    let data = kernel.asked()[0].data
    let open = named | more | partly
    // It got it.
    var told = ring.received(data, 1, open | nonempty, &slots)
    #expect(told?.kind == .received)
    told = ring.received(data, 1, open, &slots)
    #expect(told?.kind == .received)
    ring.askForMore(&slots)
    #expect(kernel.words == [])
    // Not yet; and it is asked once.
    told = ring.received(data, 1, open | nonempty, &slots)
    #expect(told?.kind == .received)
    ring.expectant.append(key)
    ring.askForMore(&slots)
    #expect(kernel.words == ["end wait for 5"])
    #expect(!slots[key.index].pending.contains(.more))
    // Ended with more behind it: armed at the end of the turn.
    told = ring.received(data, 1, named | partly | nonempty, &slots)
    #expect(told?.kind == .received && kernel.words == [])
    ring.armWaiting(&slots)
    #expect(kernel.words == ["receive 5"])
  }

  // -------------------------------------------------------------------------------- held

  private func hold(_ count: Int, for key: Key, in ring: inout URing<PuppetKernel>) -> Bool {
    [UInt8](repeating: 7, count: count).withUnsafeBytes { ring.hold(key, $0) }
  }

  @Test("What comes while something is held is held behind it, the end too")
  func heldBehind() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let key = slots.take(descriptor: 5)
    try ring.open(key, &slots)
    let data = kernel.asked()[0].data
    #expect(hold(3, for: key, in: &ring))
    var told = ring.received(data, 4, named | more | partly, &slots)
    #expect(told == nil)
    told = ring.received(data, 0, 0, &slots)
    #expect(told == nil)
    var sizes = [ring.heldBytes, ring.mostHeld]
    #expect(sizes == [7, 7])
    ring.armReceiveIfDue(key, &slots)
    ring.armWaiting(&slots)
    #expect(kernel.words == [])
    told = ring.deliverHeld(key, &slots)
    #expect(told?.kind == .received && told?.value == 7)
    told = ring.deliverHeld(key, &slots)
    #expect(told?.kind == .ended)
    sizes = [ring.heldBytes, ring.mostHeld, ring.held.count]
    #expect(sizes == [0, 7, 0])
    told = ring.deliverHeld(key, &slots)
    #expect(told == nil)
  }

  @Test("What is held is no more than may be, of all connections together")
  func mostHeld() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let key = key(5, in: &slots)
    ring.heldBytes = HeldInput.most - 3
    let answers = [hold(4, for: key, in: &ring), hold(3, for: key, in: &ring)]
    #expect(answers == [false, true])
    // 256 MiB.
    #expect(ring.mostHeld == HeldInput.most && HeldInput.most == 268_435_456)
    ring.dropHeld(key)
    #expect(ring.heldBytes == HeldInput.most - 3)
    #expect(ring.mostHeld == HeldInput.most)
  }

  @Test("What is held is handed out only to whom it came, and while it receives")
  func heldFor() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let key = key(5, in: &slots)
    #expect(hold(3, for: key, in: &ring))
    slots[key.index].flags.remove(.receiving)
    var told = ring.deliverHeld(key, &slots)
    #expect(told == nil)
    slots.giveBack(key)
    let other = slots.take(descriptor: 5)
    slots[other.index].flags.insert(.receiving)
    told = ring.deliverHeld(key, &slots)
    #expect(told == nil)
  }

  @Test("What is held waits while it is not known what became of the connection's last output")
  func heldBack() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    let keys = [key(5, in: &slots), key(6, in: &slots)]
    for key in keys { #expect(hold(3, for: key, in: &ring)) }
    slots[keys[0].index].flags.insert(.sending)
    ring.raw.pointee.holds_sends = true
    var told = ring.deliverHeld(keys[0], &slots)
    #expect(told == nil && ring.heldReady == [keys[0]])
    told = ring.deliverHeld(keys[1], &slots)
    #expect(told?.kind == .received)
    ring.raw.pointee.holds_sends = false
    told = ring.deliverHeld(keys[0], &slots)
    #expect(told?.kind == .received)
    #expect(kernel.words == [])
  }
}
