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
  static var name: String { "io_uring" }

  /// What a completion is about, in the lowest bits of its user data.
  enum Tag: UInt64 {
    case none, accept, receive, sendNow, send, waker, signals, install
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
    var tiers: ClosedRange<Int> = 0...3
  }

  let system: System
  let ring: Ring<System>
  private let raw: UnsafeMutablePointer<ck_ring>
  private var buffers: ReceiveBuffers<System>

  // Two arenas, side by side in one region, and what is being sent from each.
  private let arenas: ByteRegion
  private let arenaSize: Int
  private var sendings: ReservedTable<Sending>
  private let mostSendings: Int
  private var filling = 0
  private var used = 0
  private var sendingCount = (0, 0)
  /// The arena not being filled is being sent from, and not settled yet.
  private var settleAt = -1

  // The completions of this turn: from head to end.
  private var head: UInt32 = 0
  private var end: UInt32 = 0
  private var isOverflown = false
  private var usedUp = -1

  private var listeners: [Descriptor] = []
  private var isAccepting = true
  private var acceptsInFlight: UInt64 = 0
  private var watched: [(Descriptor, Tag)] = []
  /// Bytes that came for connections which are not to receive at the moment.
  var held: [UInt32: HeldInput] = [:]
  var heldReady: [Key] = []
  var heldDelivered: [UInt8] = []

  init(sizes: Sizes, connections: Int, system: System) throws(SystemError) {
    let ring = try Ring(entries: sizes.entries, completions: sizes.completions, system: system)
    let files = min(connections, system.descriptorLimit().value)
    try ring.register(files: UInt32(clamping: files))
    for operation in [IORING_OP_ACCEPT, IORING_OP_RECV, IORING_OP_SEND, IORING_OP_SHUTDOWN]
    where unsafe !ck_ring_supports(ring.raw, operation.rawValue) {
      throw SystemError(.ringRegister, .notSupported)
    }
    let buffers = try ReceiveBuffers(ring, tiers: sizes.tiers)
    let arenas = try ByteRegion(count: 2 * sizes.arena)
    let sendings = try ReservedTable<Sending>(capacity: 2 * 65536)
    self.system = system
    self.ring = ring
    unsafe raw = unsafe ring.raw
    self.buffers = buffers
    self.arenas = arenas
    arenaSize = sizes.arena
    self.sendings = sendings
    mostSendings = 65536
  }

  // ------------------------------------------------------------------------- watching

  mutating func watch(_ descriptor: Descriptor, _ completion: Completion.Kind)
    throws(SystemError)
  {
    let tag: Tag = completion == .signalled ? .signals : .waker
    watched.append((descriptor, tag))
    poll(descriptor, tag)
  }

  private func poll(_ descriptor: Descriptor, _ tag: Tag) {
    let entry = unsafe ring.entry()
    unsafe ck_prepare_poll(entry, descriptor.rawValue)
    unsafe entry.pointee.user_data = tag.rawValue
  }

  // ------------------------------------------------------------------------ accepting

  mutating func listen(_ descriptor: Descriptor) throws(SystemError) {
    listeners.append(descriptor)
    isAccepting = true
    armAccept(listeners.count - 1)
  }

  private mutating func armAccept(_ index: Int) {
    guard isAccepting, index < 64, index < listeners.count, acceptsInFlight & 1 << index == 0
    else { return }
    acceptsInFlight |= 1 << index
    let entry = unsafe ring.entry()
    unsafe ck_prepare_accept(entry, listeners[index].rawValue, true)
    unsafe entry.pointee.user_data = Tag.accept.rawValue | UInt64(index) << 32
  }

  mutating func setAccepting(_ on: Bool) {
    guard on != isAccepting else { return }
    isAccepting = on
    for index in listeners.indices {
      if on { armAccept(index) } else { cancel(Tag.accept.rawValue | UInt64(index) << 32) }
    }
  }

  /// Multishot accept has taken everything from the queues already.
  mutating func acceptQueued() -> Int32? { nil }

  mutating func refuse(_ descriptor: Int32) {
    let entry = unsafe ring.entry()
    unsafe ck_prepare_close(entry, UInt32(descriptor))
  }

  private func cancel(_ userData: UInt64) {
    let entry = unsafe ring.entry()
    unsafe ck_prepare_cancel(entry, userData)
  }

  // ---------------------------------------------------------------------- connections

  @inline(__always)
  private func userData(_ tag: Tag, _ key: Key) -> UInt64 {
    tag.rawValue | UInt64(key.generation & 0xFF_FFFF) << 8 | UInt64(key.index) << 32
  }

  mutating func open(_ key: Key, _ slots: inout SlotTable) throws(RegistrationError) {
    slots[key.index].flags.insert(.receiving)
    // A client that waits for a greeting has sent nothing yet: do not try to receive at once.
    armReceive(key, pollFirst: true, &slots)
  }

  private func armReceive(_ key: Key, pollFirst: Bool, _ slots: inout SlotTable) {
    let entry = unsafe ring.entry()
    unsafe ck_prepare_receive(entry, slots[key.index].descriptor, 0, pollFirst)
    unsafe entry.pointee.user_data = userData(.receive, key)
    slots[key.index].flags.insert(.receiveInFlight)
  }

  mutating func setReceiving(_ on: Bool, _ key: Key, _ slots: inout SlotTable) {
    let flags = slots[key.index].flags
    if on {
      slots[key.index].flags.insert(.receiving)
      if held[key.index] != nil { heldReady.append(key) }
      if !flags.contains(.receiveInFlight), !flags.contains(.peerEnded) {
        armReceive(key, pollFirst: false, &slots)
      }
    } else {
      slots[key.index].flags.remove(.receiving)
      if flags.contains(.receiveInFlight), !flags.contains(.cancelling) {
        slots[key.index].flags.insert(.cancelling)
        cancel(userData(.receive, key))
      }
    }
  }

  mutating func receiveNow(_ key: Key, _ slots: inout SlotTable) -> Completion? { nil }

  mutating func outputRegion() -> OutputRegion {
    let room = sendingCount(filling) < mostSendings ? arenaSize - used : 0
    return unsafe OutputRegion(start: arenas.start + filling * arenaSize + used, capacity: room)
  }

  @inline(__always)
  private func sendingCount(_ arena: Int) -> Int {
    arena == 0 ? sendingCount.0 : sendingCount.1
  }

  mutating func sendOutput(_ count: Int, _ key: Key, _ slots: inout SlotTable) -> SendAnswer {
    let place = sendingCount(filling)
    let entry = unsafe ring.entry()
    let start = unsafe arenas.start + filling * arenaSize + used
    unsafe ck_prepare_send_now(entry, slots[key.index].descriptor, start, UInt32(count))
    let number = UInt64(filling << 16 | place)
    unsafe entry.pointee.user_data = Tag.sendNow.rawValue | number << 32
    sendings[filling << 16 | place] = Sending(
      key: key, offset: UInt32(used), count: UInt32(count))
    if filling == 0 { sendingCount.0 += 1 } else { sendingCount.1 += 1 }
    // The next output begins on a cache line of its own.
    used = min((used + count + 63) & ~63, arenaSize)
    return .later
  }

  mutating func send(
    _ bytes: UnsafeRawBufferPointer, _ key: Key, _ slots: inout SlotTable
  ) -> SendAnswer {
    let entry = unsafe ring.entry()
    unsafe ck_prepare_send(
      entry, slots[key.index].descriptor, bytes.baseAddress,
      UInt32(clamping: min(bytes.count, 1 << 30)))
    unsafe entry.pointee.user_data = userData(.send, key)
    slots[key.index].flags.insert(.sendInFlight)
    return .later
  }

  mutating func shutdownSending(_ key: Key, _ slots: inout SlotTable) {
    let entry = unsafe ring.entry()
    unsafe ck_prepare_shutdown(entry, slots[key.index].descriptor)
  }

  mutating func close(_ key: Key, _ slots: inout SlotTable) -> Bool {
    held[key.index] = nil
    if slots[key.index].flags.isDisjoint(with: [.receiveInFlight, .sendInFlight]) {
      closeFile(key, slots)
      return true
    }
    let entry = unsafe ring.entry()
    unsafe ck_prepare_cancel_all(entry, slots[key.index].descriptor)
    return false
  }

  private func closeFile(_ key: Key, _ slots: borrowing SlotTable) {
    let entry = unsafe ring.entry()
    unsafe ck_prepare_close(entry, UInt32(bitPattern: slots[key.index].descriptor))
  }

  func makeContext(box: AnyObject) -> LoopContext { RingContext(box: box, ring: ring) }

  // --------------------------------------------------------------------------- waiting

  mutating func wait(until deadline: Instant?) throws(SystemError) {
    buffers.endTurn()
    let hasMore = head != end || !heldReady.isEmpty || isOverflown
    if settleAt < 0, sendingCount(filling) > 0 {
      settleAt = filling
      filling ^= 1
      used = 0
    }
    if let errno = ring.enter(least: hasMore ? 0 : 1, until: deadline) {
      throw SystemError(.ringEnter, errno)
    }
    isOverflown = unsafe ck_ring_overflown(raw)
    end = unsafe ck_ring_completions_end(raw)
  }

  mutating func next(_ slots: inout SlotTable) -> Completion? {
    if usedUp >= 0 {
      buffers.back(usedUp)
      usedUp = -1
    }
    while let key = heldReady.popLast() {
      if let completion = deliverHeld(key, &slots) { return completion }
    }
    while head != end {
      let entry = unsafe ck_ring_completion(raw, head).pointee
      head &+= 1
      if let completion = handle(entry, &slots) {
        return completion
      }
    }
    unsafe ck_ring_take(raw, head)
    // With completions still in the kernel, one of them may be about a send.
    return isOverflown ? nil : settle(&slots)
  }

  /// Everything that was heard of the last submission has been read: sends that nothing was heard
  /// of are done.
  private mutating func settle(_ slots: inout SlotTable) -> Completion? {
    guard settleAt >= 0 else { return nil }
    let arena = settleAt
    while sendingCount(arena) > 0 {
      if arena == 0 { sendingCount.0 -= 1 } else { sendingCount.1 -= 1 }
      let sending = sendings[arena << 16 | sendingCount(arena)]
      guard slots.contains(sending.key) else { continue }
      let slot = slots[sending.key.index]
      if slot.outbox == 0, slot.flags.isDisjoint(with: [.closing, .closed]) {
        slots[sending.key.index].flags.remove(.sending)
      } else {
        return Completion(.sentInPlace, sending.key)
      }
    }
    settleAt = -1
    return nil
  }

  @inline(__always)
  private mutating func handle(_ entry: io_uring_cqe, _ slots: inout SlotTable) -> Completion? {
    let data = entry.user_data
    let (result, flags) = (entry.res, entry.flags)
    switch Tag(rawValue: data & 0xFF) {
    case .receive: return received(data, Int(result), flags, &slots)
    case .sendNow: return sentNow(Int(data >> 32), Int(result))
    case .send: return sent(data, Int(result), &slots)
    case .accept: return accepted(Int(data >> 32), Int(result), flags)
    case .waker: return watched(.waker, flags)
    case .signals: return watched(.signals, flags)
    case .some(.none), .install, nil: return nil
    }
  }

  private func key(_ data: UInt64, _ slots: borrowing SlotTable) -> Key? {
    let index = UInt32(truncatingIfNeeded: data >> 32)
    guard let key = slots.key(at: Int(index)),
      UInt64(key.generation & 0xFF_FFFF) == data >> 8 & 0xFF_FFFF
    else { return nil }
    return key
  }

  private mutating func accepted(_ index: Int, _ result: Int, _ flags: UInt32) -> Completion? {
    if flags & IORING_CQE_F_MORE == 0 {
      acceptsInFlight &= ~(1 << index)
      if result >= 0 { armAccept(index) }
    }
    if result >= 0 { return Completion(.accepted, Key(rawValue: 0), result) }
    guard isAccepting, result != -125 else {
      // Cancelled; and switched on again since.
      armAccept(index)
      return nil
    }
    let errno = Errno(rawValue: Int32(-result))
    if errno.concernsOneQueuedConnection || errno == .interrupted {
      armAccept(index)
    } else {
      isAccepting = false
    }
    return Completion(.acceptFailed, Key(rawValue: 0), -result)
  }

  private mutating func watched(_ tag: Tag, _ flags: UInt32) -> Completion? {
    if flags & IORING_CQE_F_MORE == 0, let entry = watched.first(where: { $0.1 == tag }) {
      poll(entry.0, tag)
    }
    return Completion(tag == .signals ? .signalled : .woken)
  }

  // ------------------------------------------------------------------------- receiving

  @inline(__always)
  private mutating func received(
    _ data: UInt64, _ result: Int, _ flags: UInt32, _ slots: inout SlotTable
  ) -> Completion? {
    var bytes: UnsafeMutablePointer<UInt8>?
    if flags & IORING_CQE_F_BUFFER != 0 {
      let id = Int(flags >> 16)
      unsafe bytes = buffers.take(id, max(0, result))
      // Used up: it goes back when these bytes have been read.
      if flags & CK_CQE_F_BUF_MORE == 0 { usedUp = id }
    }
    guard let key = key(data, slots) else { return returnBuffer() }
    let isLast = flags & IORING_CQE_F_MORE == 0
    if isLast { slots[key.index].flags.subtract([.receiveInFlight, .cancelling]) }
    if slots[key.index].flags.contains(.closed) {
      _ = returnBuffer()
      return closedIfDone(key, &slots)
    }
    if result > 0, let bytes = unsafe bytes {
      if isLast, slots[key.index].flags.contains(.receiving) {
        armReceive(key, pollFirst: false, &slots)
      }
      var completion = Completion(.received, key, result)
      unsafe completion.bytes = bytes
      if slots[key.index].flags.contains(.receiving), held[key.index] == nil { return completion }
      unsafe hold(key, completion.received)
      return returnBuffer()
    }
    _ = returnBuffer()
    return receiveEnded(key, result, &slots)
  }

  private mutating func returnBuffer() -> Completion? {
    if usedUp >= 0 {
      buffers.back(usedUp)
      usedUp = -1
    }
    return nil
  }

  private mutating func receiveEnded(_ key: Key, _ result: Int, _ slots: inout SlotTable)
    -> Completion?
  {
    switch result {
    case -105, -125:  // ENOBUFS: more buffers, and again. ECANCELED: switched on again since?
      if result == -105 { buffers.ranOut() }
      let flags = slots[key.index].flags
      if flags.contains(.receiving), !flags.contains(.receiveInFlight) {
        armReceive(key, pollFirst: false, &slots)
      }
      return nil
    case 0:
      guard slots[key.index].flags.contains(.receiving), held[key.index] == nil else {
        held[key.index, default: HeldInput()].hasEnded = true
        return nil
      }
      return Completion(.ended, key)
    default: return Completion(.receiveFailed, key, -result)
    }
  }

  // --------------------------------------------------------------------------- sending

  private mutating func sentNow(_ number: Int, _ result: Int) -> Completion? {
    let sending = sendings[number]
    sendings[number].key = Key(rawValue: 0)
    // EAGAIN: nothing went. Another error: the connection is over.
    if result < 0, result != -11 { return Completion(.sendFailed, sending.key, -result) }
    let went = min(max(0, result), Int(sending.count))
    var completion = Completion(.sentInPlace, sending.key, Int(sending.count) - went)
    unsafe completion.bytes =
      arenas.start + (number >> 16) * arenaSize + Int(sending.offset) + went
    return completion
  }

  private mutating func sent(_ data: UInt64, _ result: Int, _ slots: inout SlotTable)
    -> Completion?
  {
    guard let key = key(data, slots) else { return nil }
    slots[key.index].flags.remove(.sendInFlight)
    if slots[key.index].flags.contains(.closed) { return closedIfDone(key, &slots) }
    if result < 0, result != -11, result != -4 {
      return Completion(.sendFailed, key, -result)
    }
    return Completion(.sent, key, max(0, result))
  }

  private func closedIfDone(_ key: Key, _ slots: inout SlotTable) -> Completion? {
    guard slots[key.index].flags.isDisjoint(with: [.receiveInFlight, .sendInFlight]) else {
      return nil
    }
    closeFile(key, slots)
    return Completion(.closed, key)
  }
}
