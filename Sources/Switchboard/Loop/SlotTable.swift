/// What a loop knows of one connection: 24 bytes, and all that an idle connection costs beside its
/// session and its place in the timer wheel.
struct Slot: BitwiseCopyable {
  /// What the loop knows. Backends read it, and never write.
  struct Flags: OptionSet, BitwiseCopyable {
    let rawValue: UInt32
    /// It is received from.
    static let receiving = Flags(rawValue: 1 << 0)
    /// A send is under way: further output goes to the outbox, in order.
    static let sending = Flags(rawValue: 1 << 1)
    /// The session asked not to be given bytes.
    static let pausedBySession = Flags(rawValue: 1 << 2)
    /// The outbox is above its high watermark.
    static let pausedByOutbox = Flags(rawValue: 1 << 3)
    /// The peer has finished sending.
    static let peerEnded = Flags(rawValue: 1 << 4)
    /// Close when everything is sent.
    static let closing = Flags(rawValue: 1 << 5)
    /// The session is gone; what the peer still sends is discarded.
    static let lingering = Flags(rawValue: 1 << 6)
    /// The backend has been told to close; the slot is freed when it has.
    static let closed = Flags(rawValue: 1 << 7)
    /// The session was told that the loop drains.
    static let draining = Flags(rawValue: 1 << 8)
    /// The session asked to be told when everything is sent.
    static let wantsDrained = Flags(rawValue: 1 << 9)
    /// The session has nothing more to send: the peer is told so when everything is sent.
    static let finishing = Flags(rawValue: 1 << 10)
    /// The peer was told so, and the session may go on receiving.
    static let finished = Flags(rawValue: 1 << 11)
    /// It is being made, and has no descriptor yet.
    static let connecting = Flags(rawValue: 1 << 12)
    /// Its session has left bytes, which it is given again.
    static let hasLeftovers = Flags(rawValue: 1 << 13)
    /// Its peer's end is told when its session has had the bytes before it.
    static let owesEnd = Flags(rawValue: 1 << 14)
    /// Its session is given what it left at the end of this turn.
    static let givenSoon = Flags(rawValue: 1 << 15)
  }

  /// What it is to a partner.
  struct Partnership: OptionSet, BitwiseCopyable {
    let rawValue: UInt32
    /// It belongs together with another one: see ``Pairs``.
    static let paired = Partnership(rawValue: 1 << 16)
    /// Its partner is being made, or has not sent what was forwarded to it: it is not received from.
    static let waits = Partnership(rawValue: 1 << 17)
    /// It waits for one of a pool's connections.
    static let asks = Partnership(rawValue: 1 << 18)
  }

  /// The descriptor, or the ring's own number for it.
  var descriptor: Int32
  /// Odd while the slot is in use.
  var generation: UInt32
  /// When something was last received or sent, in the loop's milliseconds; free slots keep the next
  /// free slot here.
  var lastActive: UInt32
  /// When the session wants to be woken, in the loop's milliseconds; 0 for never. While lingering:
  /// when that ends.
  var alarm: UInt32
  /// The flags, above them what it is to a partner, and then the backend's bits: to change a part of a word takes
  /// two instructions more.
  private var bits: UInt32
  /// Bytes not sent yet, as an index into the outbox pool; 0 for none.
  var outbox: UInt32
}

extension Slot {
  private static var lower: UInt32 { 0xFFFF }
  /// Of the loop: its flags, and the partnership.
  private static var own: UInt32 { 0xF_FFFF }
  /// A filter stands before its session.
  private static var filtered: UInt32 { 1 << 19 }

  var flags: Flags {
    @inline(__always) get { Flags(rawValue: bits & Slot.lower) }
    @inline(__always) set { bits = bits & ~Slot.lower | newValue.rawValue & Slot.lower }
  }

  /// What the backend knows, in the upper twelve: each gives these bits a meaning of its own, and the loop
  /// none. They lie here and in no table of the backend's, since there they would cost each request a
  /// cache line more.
  var backendBits: UInt32 {
    @inline(__always) get { bits & ~Slot.own }
    @inline(__always) set { bits = bits & Slot.own | newValue & ~Slot.own }
  }

  /// Apart from the flags, since these are sixteen bits, which a processor takes in one instruction.
  var partnership: Partnership {
    get { Partnership(rawValue: bits & Slot.partners) }
    set { bits = bits & ~Slot.partners | newValue.rawValue & Slot.partners }
  }

  private static var partners: UInt32 { own & ~lower & ~filtered }

  /// Whether a filter stands before its session: what comes is the filter's.
  var isFiltered: Bool {
    get { bits & Slot.filtered != 0 }
    set { bits = newValue ? bits | Slot.filtered : bits & ~Slot.filtered }
  }

  /// Whether what comes is not simply its session's: one test for all that may stand in between.
  var isApart: Bool {
    @inline(__always) get {
      let apart: Flags = [.closing, .lingering, .closed, .hasLeftovers]
      return bits & (apart.rawValue | Slot.filtered) != 0
    }
  }

  /// Whether it is not to be received from, for any of the reasons that there are. They are counted apart: none
  /// ends another.
  var isPaused: Bool {
    !flags.isDisjoint(with: [.pausedBySession, .pausedByOutbox]) || partnership.contains(.waits)
  }

  /// How it ends. While lingering, ``lastActive`` counts what was discarded.
  var ending: Ending {
    get {
      Ending(
        phase: phase, peerHasEnded: flags.contains(.peerEnded),
        discarded: phase == .lingering ? lastActive : 0)
    }
    set {
      flags.subtract([.peerEnded, .closing, .lingering, .closed])
      if newValue.peerHasEnded { flags.insert(.peerEnded) }
      switch newValue.phase {
      case .open: break
      case .closing: flags.insert(.closing)
      case .lingering:
        flags.insert(.lingering)
        lastActive = newValue.discarded
      case .over: flags.insert([.lingering, .closed])
      }
    }
  }

  private var phase: Ending.Phase {
    if flags.contains(.closed) { return .over }
    if flags.contains(.lingering) { return .lingering }
    return flags.contains(.closing) ? .closing : .open
  }

  /// One that was just taken.
  init(descriptor: Int32, generation: UInt32) {
    self.init(
      descriptor: descriptor, generation: generation, lastActive: 0, alarm: 0,
      bits: Flags.receiving.rawValue, outbox: 0)
  }
}

/// All connections of a loop.
struct SlotTable: ~Copyable {
  private var slots: ReservedTable<Slot>
  /// How many are in use.
  private(set) var count = 0
  /// Slots from here on have never been used.
  private(set) var end = 0
  /// The slot given back last, plus one; its memory is the warmest.
  private var firstFree: UInt32 = 0

  init(capacity: Int) throws(SystemError) { slots = try ReservedTable(capacity: capacity) }

  var capacity: Int { slots.capacity }
  /// Where the slots are, as long as the table is.
  var start: UnsafePointer<Slot> { unsafe slots.address(0) }
  var isFull: Bool { count == slots.capacity }

  /// A slot that is in use, or was.
  subscript(index: UInt32) -> Slot {
    @inline(__always) unsafeAddress { unsafe slots.address(Int(index)) }
    @inline(__always) unsafeMutableAddress { unsafe slots.mutableAddress(Int(index)) }
  }

  /// Takes a free slot for a connection that is to be received from; there must be one.
  mutating func take(descriptor: Int32) -> Key {
    let index: UInt32
    if firstFree != 0 {
      index = firstFree - 1
      firstFree = slots[Int(index)].lastActive
    } else {
      index = UInt32(end)
      end += 1
    }
    count += 1
    let generation = slots[Int(index)].generation &+ 1
    slots[Int(index)] = Slot(descriptor: descriptor, generation: generation)
    return Key(index: index, generation: generation)
  }

  /// Gives a slot back: its key is dead from here on.
  mutating func giveBack(_ key: Key) {
    guard contains(key) else { return }
    slots[Int(key.index)].generation = key.generation &+ 1
    slots[Int(key.index)].lastActive = firstFree
    firstFree = key.index + 1
    count -= 1
  }

  /// The send under way of a connection has ended, and all of it went: false where the loop is to be told,
  /// since something waits for that.
  @inline(__always)
  mutating func endSend(_ key: Key) -> Bool {
    let slot = slots[Int(key.index)]
    guard slot.outbox == 0,
      slot.flags.isDisjoint(with: [.closing, .closed, .wantsDrained, .finishing])
    else { return false }
    slots[Int(key.index)].flags.remove(.sending)
    return true
  }

  /// Whether a key names a connection that is still there.
  @inline(__always)
  func contains(_ key: Key) -> Bool {
    key.index < slots.capacity && key.generation & 1 == 1
      && slots[Int(key.index)].generation == key.generation
  }

  /// The key of the connection at an index, nil where there is none.
  func key(at index: Int) -> Key? {
    guard index < end else { return nil }
    let generation = slots[index].generation
    return generation & 1 == 1 ? Key(index: UInt32(index), generation: generation) : nil
  }
}
