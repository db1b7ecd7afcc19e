import Testing

@testable import Switchboard

/// What is asked through the ring within a turn, and what it makes room for.
@Suite("A ring is asked")
struct RingQuestionTests {
  private let kernel = PuppetKernel.make()

  @Test("An ordinary descriptor is lent for a question; without one nothing is asked")
  func progress() throws {
    let ring = try kernel.rawRing(4)
    var answer = 0
    kernel.strings.taken = { [kernel] in kernel.tell($0.data, answer) }
    for lent in [9, 0] {
      answer = lent
      #expect(ring.lastProgress(of: 5, kernel.now()) == kernel.now())
    }
    answer = -24
    #expect(ring.lastProgress(of: 5, kernel.now()) == nil)
    #expect(kernel.strings.progressAsked == [9, 0])
    #expect(kernel.strings.closes == [9, 0])
    #expect(kernel.words == ["lend 5", "lend 5", "lend 5"])
    // A callback is no place to sleep.
    #expect(kernel.strings.waits.allSatisfy { $0.least == 0 })
    // Its answers are nobody's else.
    kernel.strings.taken = { _ in }
    #expect(ring.lastProgress(of: 5, kernel.now()) == nil)
  }

  @Test("A descriptor that is lent too late is given back")
  func late() throws {
    var ring = try kernel.ring()
    var slots = try SlotTable(capacity: 16)
    #expect(ring.ring.lastProgress(of: 5, kernel.now()) == nil)
    let asked = kernel.asked()
    kernel.tell(asked[0].data, 9)
    try ring.wait(until: kernel.now(), isHurried: false)
    let told = ring.next(&slots)
    #expect(told == nil && kernel.strings.closes == [9])
  }

  @Test("A connection is taken over under the number that the kernel writes")
  func adoption() throws {
    let ring = try kernel.ring()
    let context = ring.makeContext(box: kernel.strings)
    let raw = ring.ring
    let place = raw.adoption
    kernel.strings.taken = { [kernel] asked in
      place.number = 7
      kernel.tell(asked.data, 1)
    }
    let number = context.adopt(Descriptor(rawValue: 40))
    #expect(number == .value(7))
    // Its ordinary descriptor goes then.
    #expect(kernel.words == ["adopt 40"] && kernel.strings.closes == [40])
    for (answer, errno) in [(-23, Errno.systemDescriptorLimit), (0, .busy)] {
      kernel.strings.taken = { [kernel] asked in kernel.tell(asked.data, answer) }
      let refused = context.adopt(Descriptor(rawValue: 41))
      #expect(refused.errno == errno)
    }
    #expect(kernel.strings.closes == [40] && raw.lateAdoptions.isEmpty)
  }

  @Test("What is taken over when nobody waits for it any more is closed, each by its own number")
  func lateAdoption() throws {
    var ring = try kernel.ring()
    let context = ring.makeContext(box: kernel.strings)
    var slots = try SlotTable(capacity: 16)
    let raw = ring.ring
    for number in 40..<43 as Range<Int32> {
      let refused = context.adopt(Descriptor(rawValue: number))
      #expect(refused.errno == .busy)
    }
    let late = kernel.asked()
    #expect(late.map(\.description) == ["adopt 40", "adopt 41", "adopt 42"])
    for (place, number) in [(2, 9), (0, 5)] as [(Int, Int32)] {
      let at = try #require(raw.lateAdoptions[late[place].data])
      at.number = number
      kernel.tell(late[place].data, 1)
    }
    kernel.tell(late[1].data, -9)
    try ring.wait(until: kernel.now(), isHurried: false)
    let told = ring.next(&slots)
    #expect(told == nil && kernel.words == ["close 9", "close 5"])
    // They stay the caller's.
    #expect(kernel.strings.closes == [] && raw.lateAdoptions.isEmpty)
  }

  /// Answers for a peer of this kind.
  private func name(_ family: SocketAddress.Family, _ ring: Ring<PuppetKernel>) {
    let length = family == .v4 ? 16 : 28
    kernel.strings.taken = { [kernel] asked in
      let most = Int(asked.description.split(separator: " ").last ?? "") ?? 0
      guard most <= length else { return kernel.tell(asked.data, -22) }
      // AF_INET, AF_INET6; port 80.
      ring.address.storeBytes(of: family == .v4 ? 2 : 10, as: UInt16.self)
      ring.address.storeBytes(of: 80 << 8, toByteOffset: 2, as: UInt16.self)
      kernel.tell(asked.data, most)
    }
  }

  @Test("A peer's address is asked for with the length that the last one had")
  func names() throws {
    let ring = try kernel.rawRing(4)
    var asked: [Int] = []
    for family in [.v4, .v4, .v6, .v6, .v4] as [SocketAddress.Family] {
      name(family, ring)
      let found = ring.peerAddress(of: 5)
      #expect(found?.port == 80)
      asked.append(kernel.asked().count)
    }
    #expect(asked == [1, 1, 2, 1, 2])
    kernel.strings.taken = { [kernel] in kernel.tell($0.data, -9) }
    #expect(ring.peerAddress(of: 5) == nil)
  }

  @Test("What makes room for an answer is handed out in its turn, again and again")
  func parked() throws {
    var ring = try kernel.ring(.crowded)
    var slots = try SlotTable(capacity: 16)
    let key = slots.take(descriptor: 5)
    let data = ring.userData(.send, key)
    kernel.strings.taken = { [kernel] asked in
      if asked.description.hasPrefix("lend") { kernel.tell(asked.data, 9) }
    }
    for round in 0..<3 {
      slots[key.index].pending.insert(.send)
      for number in 1...4 { kernel.tell(data, 10 * round + number) }
      let progress = ring.ring.lastProgress(of: 5, kernel.now())
      #expect(progress != nil)
      var holds = ring.holdsSends
      #expect(holds && ring.raw.pointee.parked == 4)
      kernel.tell(data, 10 * round + 5)
      try ring.wait(until: kernel.now(), isHurried: false)
      var told: [Int] = []
      while let completion = ring.next(&slots) { told.append(completion.value) }
      #expect(told == (1...5).map { 10 * round + $0 })
      try ring.wait(until: kernel.now(), isHurried: false)
      holds = ring.holdsSends
      #expect(!holds)
    }
  }

  @Test("What became of a send is told once, whether it was looked for before it made room or not")
  func parkedSends() throws {
    for isBetweenTurns in [false, true] {
      var ring = try kernel.ring(.crowded)
      var slots = try SlotTable(capacity: 16)
      let keys = (5..<8 as Range<Int32>).map { number in
        let key = slots.take(descriptor: number)
        slots[key.index].flags = .sending
        return key
      }
      for key in keys { _ = ring.sendOutput(10, key, &slots) }
      let data = kernel.asked().map(\.data)
      kernel.strings.taken = { [kernel] in kernel.tell($0.data, 9) }
      if !isBetweenTurns { try ring.wait(until: kernel.now(), isHurried: false) }
      for each in data { kernel.tell(each, 4) }
      kernel.tell(0, 0)
      try ring.wait(until: kernel.now(), isHurried: false)
      var told: [Key] = []
      if !isBetweenTurns, let first = ring.next(&slots) { told.append(first.key) }
      let progress = ring.ring.lastProgress(of: 5, kernel.now())
      #expect(progress != nil && ring.raw.pointee.parked > 0)
      for _ in 0..<3 {
        while let completion = ring.next(&slots) {
          #expect(completion.kind == .sentInPlace && completion.value == 6)
          told.append(completion.key)
        }
        try ring.wait(until: kernel.now(), isHurried: false)
      }
      #expect(told == keys)
      kernel.strings.taken = { _ in }
      _ = kernel.asked()
    }
  }
}
