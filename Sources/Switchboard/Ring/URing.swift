internal import CKernel

/// io_uring(7) as a ``Backend``: accepts and receives that stay armed (multishot), connections as
/// the ring's own direct descriptors, and one system call for everything that a turn has to say.
///
/// Sends are made so that the usual one leaves no trace: with `MSG_DONTWAIT`, `MSG_WAITALL` and
/// `CQE_SKIP_SUCCESS` it either sends everything while it is submitted and is silent, or fails
/// with a completion that tells how much went. So when `io_uring_enter` is back and the completions
/// it left have been read, a send that nothing was heard of is done, and its bytes' memory is free.
/// Sessions' output therefore goes to one of two arenas in turn: one is being filled while the
/// other is being sent from.
@safe
struct URing<System: RingKernel>: Backend, ~Copyable {
  /// What a completion is about, in the lowest bits of its user data.
  enum Tag: UInt64 {
    case none, accept, receive, sendNow, send, waker, signals, install, hangUp, ask, question, lend
    case shutdown, attempts, adopt, forFile, room
  }

  /// A send of the arena that is on its way.
  struct Sending: BitwiseCopyable {
    var key: Key
    var offset: UInt32
    var count: UInt32
  }

  /// Sizes; tests make them tiny.
  struct Sizes {
    var entries: UInt32 = 256
    var completions: UInt32 = 4096
    var arena = 1 << 20
    var tiers: ClosedRange<Int> = 0...2
    /// Outputs of one turn that are sent in place.
    var sendings = 65536
    /// More than the queue of a listener can hold: `net.core.somaxconn` is 4,096.
    var queue = 8192
    /// Accepts of one connection each, for one listener.
    var mostSingles = 16
    /// Connections that are handed out in one turn.
    var acceptBudget = 64
    /// Buffers for those who found none, and the bytes of each: a peer's budget for one turn while
    /// others wait.
    var reserve = (count: 16, size: 65536)
    /// What is received in a turn from a connection that has a partner.
    var mostOfPartner = Care.mostOfPartner
  }

  let system: System
  let ring: Ring<System>
  /// How many direct descriptors there is room for.
  let files: Int
  let raw: UnsafeMutablePointer<ck_ring>
  var buffers: ReceiveBuffers<System>
  var reserve: ReserveBuffers<System>
  /// What connections that have a partner are received into; nil before the first of them.
  var buffersOfPartners: ReceiveBuffers<System>?
  /// There can be none.
  var lacksBuffersOfPartners = false
  let tiers: ClosedRange<Int>
  static var groupOfPartners: UInt16 { 2 }
  /// Above all numbers of the reserve.
  static var firstIDOfPartners: Int { 2048 }
  /// Connections that found no buffer, or wait behind those.
  var starved = Queue<Key>()
  /// Connections whose receive is to be armed at the end of the turn, behind those.
  var served: [Served] = []
  /// Connections that were told of more to come in this turn.
  var expectant: [Key] = []
  /// The receives of this turn have been armed.
  var hasArmed = false

  // Two arenas, side by side in one region, and what is being sent from each.
  let arenas: ByteRegion
  let arenaSize: Int
  var sendings: ReservedTable<Sending>
  let mostSendings: Int
  let queue: Int
  let mostSingles: Int
  let mostOfPartner: Int
  let acceptBudget: Int
  var filling = 0
  var used = 0
  var sendingCount = (0, 0)
  /// Where in the queue the entry of the last output is, and whose it is.
  var lastSend: UInt32 = 0
  var lastSender = Key(rawValue: 0)
  /// The arena not being filled is being sent from, and not settled yet.
  var settleAt = -1
  /// Something waits for the end of a send.
  var awaitsSends = false

  /// Where the completions of this turn end. Their beginning is the queue's head, which moves as
  /// they are taken.
  private var end: UInt32 = 0
  private var isOverflown = false
  var usedUp = -1

  var listeners: [Listening] = []
  /// Connections that were accepted and not handed out yet, and how many may be in this turn.
  var arrivals = Queue<Arrival>()
  /// How many of the places that loops share were taken for those.
  var placesOfArrivals = 0
  var room = 0
  var acceptedInTurn = 0
  /// Who gets the next place, where several listeners share few.
  var turns = ListenerTurns()
  /// The kernel has not refused a multishot accept.
  var acceptsMany = true
  /// What several loops share; nil for one that is alone.
  var places: Places?
  private var watched: [(Descriptor, Tag)] = []
  /// Bytes that came for connections which are not to receive at the moment.
  var held: [UInt32: HeldInput] = [:]
  var heldBytes = 0
  var mostHeld = 0
  /// Those that get of it in this turn, the last first, and those that get more in the next one.
  private var heldNow: [Key] = []
  var heldReady: [Key] = []
  var heldDelivered: [UInt8] = []
  /// Ordinary descriptors of connections to which a part of a file is sent.
  var lent: [UInt32: Lent] = [:]
  /// Connections that stopped receiving in this turn.
  var paused: [Key] = []
  /// The kernel could not tell a peer that nothing more is sent: no thread can be created for it.
  var lacksWorkers = false

  init(sizes: Sizes, connections: Int, system: System) throws(SystemError) {
    let ring = try Ring(entries: sizes.entries, completions: sizes.completions, system: system)
    // The kernel's own limit is 2^20 (IORING_MAX_FIXED_FILES), and that of descriptors.
    let most = min(connections, descriptorCount(system), 1 << 20)
    let files = try Self.register(most, on: ring)
    for operation in [IORING_OP_ACCEPT, IORING_OP_RECV, IORING_OP_SEND, IORING_OP_SHUTDOWN]
    where unsafe system.ringSupports(OpaquePointer(ring.raw), operation: operation.rawValue)
      .value != 1
    {
      throw SystemError(.ringRegister, .notSupported)
    }
    let buffers = try ReceiveBuffers(ring, tiers: sizes.tiers)
    let reserve = try ReserveBuffers(ring, count: sizes.reserve.count, size: sizes.reserve.size)
    let arenas = try ByteRegion(count: 2 * sizes.arena)
    let sendings = try ReservedTable<Sending>(capacity: 2 * sizes.sendings)
    self.files = files
    self.system = system
    self.ring = ring
    unsafe raw = unsafe ring.raw
    self.buffers = buffers
    buffersOfPartners = nil
    tiers = sizes.tiers
    self.reserve = reserve
    self.arenas = arenas
    arenaSize = sizes.arena
    self.sendings = sendings
    mostSendings = sizes.sendings
    queue = sizes.queue
    mostSingles = sizes.mostSingles
    mostOfPartner = max(1, min(sizes.mostOfPartner, Care.mostOfPartner))
    acceptBudget = max(1, sizes.acceptBudget)
  }

  /// Registers direct descriptors: as many as wanted, or half and half again of them where the limit in
  /// force or the memory at hand is less than it seemed. How many it got.
  private static func register(_ wanted: Int, on ring: Ring<System>) throws(SystemError) -> Int {
    var files = wanted
    while true {
      do throws(SystemError) {
        try ring.register(files: UInt32(clamping: files))
        return files
      } catch {
        let isTooMany = error.errno == .descriptorLimit || error.errno == .outOfMemory
        guard isTooMany, files > 64 else { throw error }
        files /= 2
      }
    }
  }

  // ------------------------------------------------------------------------- watching

  mutating func watch(_ descriptor: Descriptor, _ completion: Completion.Kind)
    throws(SystemError)
  {
    if completion == .accepted { return listen(descriptor) }
    let tag: Tag =
      switch completion {
      case .signalled: .signals
      case .attempted: .attempts
      default: .waker
      }
    watched.append((descriptor, tag))
    poll(descriptor, tag)
  }

  private func poll(_ descriptor: Descriptor, _ tag: Tag) {
    let entry = unsafe ring.entry()
    unsafe ck_prepare_poll(entry, descriptor.rawValue)
    unsafe entry.pointee.user_data = tag.rawValue
  }

  func cancel(_ userData: UInt64) {
    let entry = unsafe ring.entry()
    unsafe ck_prepare_cancel(entry, userData)
  }

  // ---------------------------------------------------------------------- connections

  @inline(__always)
  func userData(_ tag: Tag, _ key: Key) -> UInt64 {
    tag.rawValue | UInt64(key.generation & 0xFF_FFFF) << 8 | UInt64(key.index) << 32
  }

  func makeContext(box: AnyObject) -> LoopContext { RingContext(box: box, ring: ring) }

  // --------------------------------------------------------------------------- waiting

  mutating func wait(until deadline: Instant?, isHurried: Bool, isExact: Bool) throws(SystemError) {
    if isHurried { hurrySends() }
    buffers.endTurn()
    buffersOfPartners?.endTurn()
    hasArmed = false
    let hasMore =
      ring.hasLeftOver || !heldReady.isEmpty || isOverflown || awaitsSends || !paused.isEmpty
      || !starved.isEmpty || !served.isEmpty || canArrive
    acceptedInTurn = 0
    if !heldReady.isEmpty {
      heldNow = heldReady.reversed()
      heldReady = []
    }
    if settleAt < 0, sendingCount(filling) > 0 {
      settleAt = filling
      filling ^= 1
      used = 0
      lastSender = Key(rawValue: 0)
    }
    if let errno = ring.enter(least: hasMore ? 0 : 1, until: deadline) {
      throw SystemError(.ringEnter, errno)
    }
    isOverflown = unsafe ck_ring_overflown(raw)
    // What was parked behind the last turn's end may tell of one, too.
    unsafe raw.pointee.holds_sends =
      isOverflown || ck_ring_unsubmitted(raw) > 0 || raw.pointee.parked > 0
    end = unsafe ck_ring_completions_end(raw)
    unsafe raw.pointee.scanned = ck_ring_completions_start(raw)
  }

  var owesWork: Bool {
    unsafe ck_ring_unsubmitted(raw) > 0 || ring.hasLeftOver || isOverflown || !heldReady.isEmpty
      || !starved.isEmpty || canArrive
  }

  /// Whether the kernel has not told of all that was sent, so that sends wait for what it will tell.
  var holdsSends: Bool { unsafe raw.pointee.holds_sends }

  mutating func next(_ slots: inout SlotTable) -> Completion? {
    if usedUp >= 0 { giveBack() }
    if let completion = nextOfSends(&slots) { return completion }
    // Behind those, which may say that a connection has too much unsent to be given more.
    while let key = heldNow.popLast() {
      if let completion = deliverHeld(key, &slots) { return completion }
    }
    // They came first: whose bytes lie where in a buffer is known by the order of its receives.
    if unsafe raw.pointee.parked > 0, let completion = nextParked(&slots) { return completion }
    while let entry = unsafe ck_ring_next(raw, end) {
      // Its place is free from here on: what a callback asks the ring has room for its answer.
      let taken = unsafe entry.pointee
      unsafe ck_ring_take(raw, ck_ring_completions_start(raw) &+ 1)
      if let completion = handle(taken, &slots) { return completion }
    }
    if !arrivals.isEmpty, let completion = nextArrival() { return completion }
    if !expectant.isEmpty { askForMore(&slots) }
    armWaiting(&slots)
    if !paused.isEmpty { watchPaused(&slots) }
    return nil
  }

  /// The next of the completions that were taken out of the queue to make room for an answer.
  private mutating func nextParked(_ slots: inout SlotTable) -> Completion? {
    while let entry = ring.unpark() {
      let isSend = entry.user_data & 0xFF == Tag.sendNow.rawValue
      let completion =
        isSend
        ? sendNowEnded(Int(entry.user_data >> 32), Int(entry.res)) : handle(entry, &slots)
      if let completion { return completion }
    }
    return nil
  }

  /// Sends come first, so that the answer to a peer's next message need not wait behind the one
  /// that the peer has already. With completions still in the kernel, one of them may be about a
  /// send.
  @inline(__always)
  private mutating func nextOfSends(_ slots: inout SlotTable) -> Completion? {
    while let entry = unsafe ck_ring_scan(raw, end)?.pointee {
      if entry.user_data & 0xFF == Tag.sendNow.rawValue {
        return sendNowEnded(Int(entry.user_data >> 32), Int(entry.res))
      }
    }
    return holdsSends ? nil : settle(&slots)
  }

  @inline(__always)
  private mutating func handle(_ entry: io_uring_cqe, _ slots: inout SlotTable) -> Completion? {
    switch entry.user_data & 0xFF {
    case Tag.receive.rawValue:
      return received(entry.user_data, Int(entry.res), entry.flags, &slots)
    case Tag.send.rawValue: return sendEnded(entry.user_data, Int(entry.res), &slots)
    default: return handleRare(entry, &slots)
    }
  }

  /// What does not come with each request. Apart, so that the rest keeps the processor's registers.
  @inline(never)
  private mutating func handleRare(_ entry: io_uring_cqe, _ slots: inout SlotTable) -> Completion? {
    let data = entry.user_data
    let (result, flags) = (entry.res, entry.flags)
    switch Tag(rawValue: data & 0xFF) {
    case .accept: return accepted(data, Int(result), flags)
    case .waker: return watched(.waker, .woken, flags)
    case .signals: return watched(.signals, .signalled, flags)
    case .attempts: return watched(.attempts, .attempted, flags)
    case .hangUp: return hungUp(data, result, flags, &slots)
    case .ask: return broke(data, result, slots)
    case .shutdown: return halfClosed(data, result, &slots)
    case .install: return installed(data, result, slots)
    case .forFile: return lentForFile(data, result, &slots)
    case .room: return hasRoom(data, &slots)
    // Answers that nobody waits for any more.
    case .lend:
      ring.takeBack(result)
      return nil
    case .adopt:
      adoptedLate(data, result)
      return nil
    case .receive, .send, .sendNow, .question, .some(.none), nil: return nil
    }
  }

  func key(_ data: UInt64, _ slots: borrowing SlotTable) -> Key? {
    let index = UInt32(truncatingIfNeeded: data >> 32)
    guard let key = slots.key(at: Int(index)),
      UInt64(key.generation & 0xFF_FFFF) == data >> 8 & 0xFF_FFFF
    else { return nil }
    return key
  }

  private mutating func watched(
    _ tag: Tag, _ kind: Completion.Kind, _ flags: UInt32
  ) -> Completion? {
    if flags & IORING_CQE_F_MORE == 0, let entry = watched.first(where: { $0.1 == tag }) {
      poll(entry.0, tag)
    }
    return Completion(kind)
  }
}
