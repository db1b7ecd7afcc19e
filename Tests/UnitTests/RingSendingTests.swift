import Testing

@testable import Switchboard

/// What a ring sends for whom, from which memory, and what it tells of that.
@Suite("A ring sends")
struct RingSendingTests {
  private let kernel = PuppetKernel.make()

  private var small: URing<PuppetKernel>.Sizes {
    var sizes = URing<PuppetKernel>.Sizes()
    sizes.arena = 4096
    sizes.sendings = 3
    return sizes
  }

  private func keys(_ count: Int32, in slots: inout SlotTable) -> [Key] {
    (5..<5 + count).map { number in
      let key = slots.take(descriptor: number)
      slots[key.index].flags = .sending
      return key
    }
  }

  /// Where the region for the next output of a connection begins, and how large it is.
  private func region(_ key: Key, _ ring: inout URing<PuppetKernel>) -> [Int] {
    let region = ring.outputRegion(for: key)
    return [region.start - ring.arenas.start, region.capacity]
  }

  @Test("Each output begins on a line of its own, and one that is joined directly behind the first")
  func regions() throws {
    var ring = try kernel.ring(small)
    var slots = try SlotTable(capacity: 16)
    let keys = keys(4, in: &slots)
    #expect(region(keys[0], &ring) == [0, 4096])
    _ = ring.sendOutput(100, keys[0], &slots)
    #expect(region(keys[0], &ring) == [100, 3996])
    #expect(region(keys[1], &ring) == [128, 3968])
    _ = ring.sendOutput(28, keys[0], &slots)
    #expect(region(keys[0], &ring) == [128, 3968])
    #expect(region(keys[1], &ring) == [128, 3968])
    _ = ring.sendOutput(1, keys[1], &slots)
    #expect(region(keys[2], &ring) == [192, 3904])
    _ = ring.sendOutput(64, keys[2], &slots)
    // There are three at most; the last one may be joined.
    #expect(region(keys[3], &ring)[1] == 0)
    #expect(region(keys[2], &ring) == [256, 3840])
    #expect(kernel.words == ["send 128 now to 5", "send 1 now to 6", "send 64 now to 7"])
    // The kernel has seen it.
    #expect(region(keys[2], &ring)[1] == 0)
  }

  @Test("An arena may be filled to its end, and not beyond")
  func filled() throws {
    var ring = try kernel.ring(small)
    var slots = try SlotTable(capacity: 16)
    let keys = keys(2, in: &slots)
    _ = ring.sendOutput(100, keys[0], &slots)
    let beyond = ring.joinOutput(3997, keys[0], atMost: .max)
    #expect(!beyond)
    _ = ring.sendOutput(3996, keys[0], &slots)
    #expect(region(keys[1], &ring) == [4096, 0])
    #expect(kernel.words == ["send 4096 now to 5"])
  }

  @Test("An arena may be filled to its end by outputs of several")
  func filledTogether() throws {
    var ring = try kernel.ring(small)
    var slots = try SlotTable(capacity: 16)
    let keys = keys(2, in: &slots)
    _ = ring.sendOutput(64, keys[0], &slots)
    _ = ring.sendOutput(4020, keys[1], &slots)
    #expect(region(keys[0], &ring) == [4096, 0])
    #expect(region(keys[1], &ring) == [4084, 12])
  }

  @Test("Outputs of the one that wrote last are joined until the kernel has seen them")
  func joined() throws {
    var ring = try kernel.ring(small)
    var slots = try SlotTable(capacity: 16)
    let keys = keys(2, in: &slots)
    var answers = [ring.joinOutput(1, keys[0], atMost: .max)]
    _ = ring.sendOutput(100, keys[0], &slots)
    answers.append(ring.joinOutput(1, keys[1], atMost: .max))
    answers.append(ring.joinOutput(51, keys[0], atMost: 150))
    answers.append(ring.joinOutput(50, keys[0], atMost: 150))
    #expect(answers == [false, false, false, true])
    #expect(region(keys[1], &ring) == [192, 3904])
    #expect(kernel.words == ["send 150 now to 5"])
    let seen = ring.joinOutput(1, keys[0], atMost: .max)
    #expect(!seen)
  }

  @Test("Output behind a send under way joins it, or waits for its end without a sleep")
  func behind() throws {
    var ring = try kernel.ring(small)
    var slots = try SlotTable(capacity: 16)
    let keys = keys(2, in: &slots)
    for key in keys { slots[key.index].flags = [] }
    func send(_ count: Int, _ key: Key) -> String {
      let answer = ring.send(.written(count), atMost: 150, key, &slots)
      if case .later = answer { slots[key.index].flags.insert(.sending) }
      return "\(answer)"
    }
    #expect([send(100, keys[0]), send(50, keys[0])] == ["later", "later"])
    var awaits = ring.awaitsSends
    #expect(!awaits)
    #expect(send(1, keys[0]) == "took(0)")
    awaits = ring.awaitsSends
    #expect(awaits && kernel.words == ["send 150 now to 5"])
  }

  @Test("A turn writes to the other arena while sends of the last one are not settled")
  func arenas() throws {
    var ring = try kernel.ring(small)
    var slots = try SlotTable(capacity: 16)
    let keys = keys(2, in: &slots)
    _ = ring.sendOutput(100, keys[0], &slots)
    ring.hurrySends()
    try ring.wait(until: kernel.now(), isHurried: false)
    #expect(region(keys[0], &ring) == [4096, 4096])
    let nothing = ring.next(&slots)
    #expect(nothing == nil && slots[keys[0].index].flags == [])
    #expect(region(keys[0], &ring) == [0, 4096])
    // Written before that is known.
    _ = ring.sendOutput(100, keys[0], &slots)
    try ring.wait(until: kernel.now(), isHurried: false)
    _ = ring.sendOutput(10, keys[1], &slots)
    #expect(region(keys[0], &ring) == [4160, 4032])
    let other = ring.next(&slots)
    #expect(other == nil)
    #expect(region(keys[0], &ring) == [4160, 4032])
  }

  @Test("Nobody hurries for sends where none is under way; for one under way there is no sleep")
  func hurried() throws {
    var ring = try kernel.ring(small)
    var slots = try SlotTable(capacity: 16)
    let keys = keys(1, in: &slots)
    ring.hurrySends()
    try ring.wait(until: kernel.now(), isHurried: false)
    var isUnderWay = ring.settleAt >= 0
    #expect(!isUnderWay)
    ring.hurrySends()
    var isHurried = ring.awaitsSends
    #expect(!isHurried)
    _ = ring.sendOutput(100, keys[0], &slots)
    try ring.wait(until: kernel.now(), isHurried: false)
    isUnderWay = ring.settleAt >= 0
    #expect(isUnderWay)
    ring.hurrySends()
    isHurried = ring.awaitsSends
    #expect(isHurried)
    try ring.wait(until: kernel.now(), isHurried: false)
    #expect(kernel.strings.waits.map(\.least) == [1, 1, 0])
  }

  @Test("A send that nothing was heard of is done, and told to whom it matters")
  func settled() throws {
    var sizes = small
    sizes.sendings = 16
    var ring = try kernel.ring(sizes)
    var slots = try SlotTable(capacity: 16)
    let keys = keys(6, in: &slots)
    for key in keys { _ = ring.sendOutput(10, key, &slots) }
    let added: [Slot.Flags] = [[], .closing, .closed, .wantsDrained, [], []]
    for (key, flags) in zip(keys, added) { slots[key.index].flags.formUnion(flags) }
    slots[keys[4].index].outbox = 1
    slots.giveBack(keys[5])
    let new = slots.take(descriptor: 20)
    slots[new.index].flags = .sending
    try ring.wait(until: kernel.now(), isHurried: false)
    var told: [Key] = []
    while let completion = ring.next(&slots) {
      #expect(completion.kind == .sentInPlace && completion.value == 0)
      told.append(completion.key)
    }
    #expect(told == [keys[4], keys[3], keys[2], keys[1]])
    #expect(slots[keys[0].index].flags == [])
    #expect(slots[new.index].flags == .sending)
  }

  /// What became of a send of ten bytes: what is told, how many bytes were not taken or what went wrong,
  /// and which bytes these are.
  private struct Result {
    var result: Int
    var told: Completion.Kind
    var value: Int
    var at = 0
  }

  @Test("What did not go of an output is given back, and what went wrong told")
  func inPlace() throws {
    let table = [
      Result(result: 3, told: .sentInPlace, value: 7, at: 3),
      Result(result: 0, told: .sentInPlace, value: 10),
      Result(result: -11, told: .sentInPlace, value: 10),
      Result(result: -4, told: .sentInPlace, value: 10),
      Result(result: -32, told: .sendFailed, value: 32),
      Result(result: -5, told: .sendFailed, value: 5),
      Result(result: -12, told: .sendFailed, value: 12),
    ]
    for each in table {
      var ring = try kernel.ring(small)
      var slots = try SlotTable(capacity: 16)
      let keys = keys(2, in: &slots)
      for key in keys { _ = ring.sendOutput(10, key, &slots) }
      let data = kernel.asked().map(\.data)
      try ring.wait(until: kernel.now(), isHurried: false)
      kernel.tell(data[1], each.result)
      try ring.wait(until: kernel.now(), isHurried: false)
      let told = ring.next(&slots)
      #expect(told?.kind == each.told && told?.value == each.value && told?.key == keys[1])
      if let bytes = told?.bytes {
        #expect(bytes - ring.arenas.start == 64 + each.at)
      } else {
        #expect(each.told == .sendFailed)
      }
      let nothing = ring.next(&slots)
      #expect(nothing == nil)
      #expect(slots[keys[0].index].flags == [])
      #expect(slots[keys[1].index].flags == .sending)
    }
  }

  @Test("What became of a send from an outbox is told")
  func outbox() throws {
    let table = [
      Result(result: 3, told: .sent, value: 3), Result(result: 0, told: .sent, value: 0),
      Result(result: -11, told: .sent, value: 0), Result(result: -4, told: .sent, value: 0),
      Result(result: -32, told: .sendFailed, value: 32),
      Result(result: -5, told: .sendFailed, value: 5),
      Result(result: -12, told: .sendFailed, value: 12),
    ]
    for each in table {
      var ring = try kernel.ring(small)
      var slots = try SlotTable(capacity: 16)
      let key = keys(1, in: &slots)[0]
      [UInt8](repeating: 7, count: 10).withUnsafeBytes { _ = ring.send($0, key, &slots) }
      let asked = kernel.asked()
      #expect(asked.map(\.description) == ["send 10 to 5"])
      let told = ring.sendEnded(asked[0].data, each.result, &slots)
      #expect(told?.kind == each.told && told?.value == each.value)
      #expect(slots[key.index].flags == .sending)
    }
  }
}
