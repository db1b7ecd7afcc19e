/// Deadlines for numbered entries, one each: set, changed and cancelled in O(1).
///
/// A hierarchical wheel (Varghese and Lauck, 1987) with ticks of a millisecond. Level 0 has a slot
/// for each tick of the current 64, level 1 a slot for each 64 ticks of the current 4,096, and so
/// on; seven levels reach 139 years. An entry stands on the level of the highest six bits in which
/// its tick differs from the present one, so on every level the occupied slots lie ahead of the
/// present one and the lowest set bit is the next. An entry moves down a level at most six times.
///
/// A deadline is rounded up to a tick: never early, less than a tick late. One that is set when its
/// tick has been handed out already, or is being handed out, comes with the next tick: whoever sets it
/// anew each time with no delay holds up nobody.
struct TimerWheel: ~Copyable {
  // Not private: Swift 6.3.1 then emits a broken module where a reserved table holds it.
  /// Links are entries plus one, so that zero, what untouched memory reads as, means none.
  struct Node: BitwiseCopyable {
    var next: UInt32 = 0
    /// The node before; for the first of a slot, the slot's number with the top bit set; 0 for an
    /// entry without a deadline.
    var previous: UInt32 = 0
    var tick: UInt64 = 0
  }

  private static let none: UInt32 = 0
  private static let slotMark: UInt32 = 1 << 31
  private static let levels = 7
  /// Behind this one time stands still.
  private static let lastTick: UInt64 = 1 << UInt64(levels * 6) - 1
  /// In nanoseconds.
  static let tickLength: UInt64 = 1_000_000

  private var nodes: ReservedTable<Node>
  private var slots = [UInt32](repeating: TimerWheel.none, count: TimerWheel.levels * 64)
  private var occupied = [UInt64](repeating: 0, count: TimerWheel.levels)
  private let origin: Instant
  /// The tick up to which everything due has been handed out.
  private var elapsed: UInt64 = 0
  /// The first tick that has not been asked for yet: what is set comes then at the earliest.
  private var firstOpen: UInt64 = 0
  /// How many entries have a deadline.
  private(set) var count = 0

  /// An empty wheel for the entries below `capacity`, whose time begins now.
  init(now: Instant, capacity: Int) throws(SystemError) {
    origin = now
    nodes = try ReservedTable(capacity: capacity)
  }

  /// Sets or changes an entry's deadline. Entries are small numbers, such as slot indices.
  mutating func set(_ entry: UInt32, to deadline: Instant) {
    cancel(entry)
    nodes[Int(entry)].tick = max(tick(of: deadline), firstOpen)
    link(entry)
    count += 1
  }

  /// Forgets an entry's deadline, if it has one.
  mutating func cancel(_ entry: UInt32) {
    guard isSet(entry) else { return }
    unlink(entry)
    count -= 1
  }

  /// Whether an entry has a deadline.
  func isSet(_ entry: UInt32) -> Bool {
    nodes[Int(entry)].previous != TimerWheel.none
  }

  /// An entry's deadline, nil if it has none.
  func deadline(of entry: UInt32) -> Instant? {
    isSet(entry) ? instant(of: nodes[Int(entry)].tick) : nil
  }

  /// When to look next: the earliest deadline, or a moment before it at which entries move down.
  var nextDeadline: Instant? {
    guard let (_, tick) = nextSlot else { return nil }
    return instant(of: tick)
  }

  private func instant(of tick: UInt64) -> Instant {
    let (offset, overflow) = tick.multipliedReportingOverflow(by: TimerWheel.tickLength)
    return origin.advanced(byNanoseconds: overflow ? .max : offset)
  }

  /// Takes one entry whose deadline has come, nil when there is none (any more).
  mutating func popDue(at now: Instant) -> UInt32? {
    guard now >= origin else { return nil }
    let passed = (now.nanoseconds - origin.nanoseconds) / TimerWheel.tickLength
    let present = min(passed, TimerWheel.lastTick)
    firstOpen = min(max(firstOpen, present + 1), TimerWheel.lastTick)
    while let (slot, tick) = nextSlot, tick <= present {
      elapsed = max(elapsed, tick)
      let entry = slots[slot] - 1
      if slot < 64 {
        unlink(entry)
        count -= 1
        return entry
      }
      moveDown(slot)
    }
    elapsed = max(elapsed, present)
    return nil
  }

  private func tick(of deadline: Instant) -> UInt64 {
    guard deadline > origin else { return 0 }
    let rounded = (deadline.nanoseconds - origin.nanoseconds).inMillisecondsRoundedUp
    return min(rounded, TimerWheel.lastTick)
  }

  /// The first occupied slot and the tick at which it begins.
  private var nextSlot: (slot: Int, tick: UInt64)? {
    for level in 0..<TimerWheel.levels where occupied[level] != 0 {
      let place = occupied[level].trailingZeroBitCount
      let shift = UInt64(level) * 6
      let above = (elapsed >> (shift + 6)) << (shift + 6)
      return (level * 64 + place, above | UInt64(place) << shift)
    }
    return nil
  }

  private mutating func moveDown(_ slot: Int) {
    var following = slots[slot]
    slots[slot] = TimerWheel.none
    occupied[slot >> 6] &= ~(1 << UInt64(slot & 63))
    while following != TimerWheel.none {
      let entry = following - 1
      following = nodes[Int(entry)].next
      link(entry)
    }
  }

  private mutating func link(_ entry: UInt32) {
    let tick = nodes[Int(entry)].tick
    let highest = 63 - ((tick ^ elapsed) | 63).leadingZeroBitCount
    let level = min(highest / 6, TimerWheel.levels - 1)
    let slot = level * 64 + Int((tick >> UInt64(level * 6)) & 63)
    let first = slots[slot]
    nodes[Int(entry)].next = first
    nodes[Int(entry)].previous = TimerWheel.slotMark | UInt32(slot)
    if first != TimerWheel.none { nodes[Int(first - 1)].previous = entry + 1 }
    slots[slot] = entry + 1
    occupied[level] |= 1 << UInt64(slot & 63)
  }

  private mutating func unlink(_ entry: UInt32) {
    let node = nodes[Int(entry)]
    if node.next != TimerWheel.none { nodes[Int(node.next - 1)].previous = node.previous }
    if node.previous & TimerWheel.slotMark != 0 {
      let slot = Int(node.previous & ~TimerWheel.slotMark)
      slots[slot] = node.next
      if node.next == TimerWheel.none { occupied[slot >> 6] &= ~(1 << UInt64(slot & 63)) }
    } else {
      nodes[Int(node.previous - 1)].next = node.next
    }
    nodes[Int(entry)].next = TimerWheel.none
    nodes[Int(entry)].previous = TimerWheel.none
  }
}
