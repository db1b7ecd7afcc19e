#if TestBench

internal import CKernel

/// io_uring(7) on a simulated machine: the queues in plain memory, laid out as the kernel's, and
/// the operations that ``URing`` uses, over the sockets of a ``SimulatedNetwork``.
///
/// It keeps to what a kernel does. A failed receive names no buffer, and what stays armed has ended
/// when its completion does not promise more. A receive chooses its buffer before it is known
/// whether there is data, unless it was told to wait first. What stays armed tells at once;
/// everything else tells when the entries have been taken, or the work of a call is done. A call
/// does so much work and no more, and the rest in order in the next ones. A send that may not wait
/// tells how much went, and only when that is not all. A cancelled operation answers by itself,
/// perhaps with what was under way. A descriptor that is closed goes when its last operation has
/// ended, and the number freed last comes first. What finds the completion queue full waits, and
/// the queue says so.
@safe
final class SimulatedRing: SimulatedFile {
  /// Something that was submitted and has not ended.
  struct Operation {
    enum Kind { case accept, receive, send, poll, hangUp, room }
    var kind: Kind
    var data: UInt64
    /// A listener, or a connection.
    var socket: SimulatedSocket?
    /// A listener's or a counter's descriptor.
    var descriptor: Int32 = -1
    var isMany = false
    /// A send's bytes, and how many of them have gone.
    var start: UInt64 = 0
    var count = 0
    var done = 0
    /// A receive's buffers, and whether it waits for data before it asks for one. Its `count` is the most that it
    /// brings; 0: a buffer's worth.
    var group: UInt16 = 0
    var waitsFirst = false
    /// How much had arrived when a signal ended it before an urgent byte: it waits for more.
    var stoppedAt: Int?
  }

  /// Provided buffers of one group.
  @safe struct Group {
    var start: UnsafeMutableRawPointer
    var mask: UInt16
    var isIncremental: Bool
    var head: UInt16 = 0
  }

  let kernel: SimulatedKernel
  var network: SimulatedNetwork { kernel.network }
  let raw: UnsafeMutablePointer<ck_ring>
  let words: UnsafeMutablePointer<UInt32>
  private let overflowPlace = StablePlace<[io_uring_cqe]>([])
  var overflow: [io_uring_cqe] {
    unsafeAddress { unsafe UnsafePointer(overflowPlace.address) }
    unsafeMutableAddress { unsafe overflowPlace.address }
  }
  /// Told when everything of this batch is done.
  private let batchPlace = StablePlace<[io_uring_cqe]>([])
  private var batch: [io_uring_cqe] {
    unsafeAddress { unsafe UnsafePointer(batchPlace.address) }
    unsafeMutableAddress { unsafe batchPlace.address }
  }

  /// Direct descriptors, and at which number the next one is looked for.
  private let filesPlace = StablePlace<[SimulatedSocket?]>([])
  var files: [SimulatedSocket?] {
    unsafeAddress { unsafe UnsafePointer(filesPlace.address) }
    unsafeMutableAddress { unsafe filesPlace.address }
  }
  private var nextFile = 0
  /// Receives that were armed from the reserve.
  var armed = (turn: 0, count: 0)
  /// Closed, with operations that have not ended.
  var closing: [SimulatedSocket] = []
  private let operationsPlace = StablePlace<[Operation]>([])
  var operations: [Operation] {
    unsafeAddress { unsafe UnsafePointer(operationsPlace.address) }
    unsafeMutableAddress { unsafe operationsPlace.address }
  }
  /// Ended by a cancellation; each tells so in a moment.
  private let cancelledPlace = StablePlace<[UInt64]>([])
  var cancelled: [UInt64] {
    unsafeAddress { unsafe UnsafePointer(cancelledPlace.address) }
    unsafeMutableAddress { unsafe cancelledPlace.address }
  }
  /// To be told that nothing more is sent.
  var finishing: [Finishing] = []
  private let groupsPlace = StablePlace<[Group?]>([nil, nil, nil])
  var groups: [Group?] {
    unsafeAddress { unsafe UnsafePointer(groupsPlace.address) }
    unsafeMutableAddress { unsafe groupsPlace.address }
  }
  var random: SimulatedRandom
  /// How much work a call does at most: from Linux 6.13 on, twenty items a pass.
  let mostWork: Int
  /// Where the work goes on that was left.
  var nextWork = 0
  /// How many completions there have been.
  private(set) var posted = 0
  /// No thread can be created for what needs one.
  let hasWorkers: Bool
  /// How often a receive found no buffer, and how often it brought something.
  var shortages = 0
  var receives = 0
  /// The last long send of each connection, by its socket: its user data, and how much of it has gone.
  var longSends: [Int: (data: UInt64, done: Int)] = [:]
  /// How often in a row those found no buffer for whom there was data.
  var starved: [UInt64: Int] = [:]

  init(
    _ kernel: SimulatedKernel, _ raw: UnsafeMutablePointer<ck_ring>, entries: UInt32,
    completions: UInt32
  ) {
    self.kernel = kernel
    unsafe self.raw = raw
    var random = SimulatedRandom(seed: kernel.record.entropy.next())
    mostWork = random.chance(0.5) ? .max : random.within(1...20)
    hasWorkers = random.chance(0.85)
    self.random = random
    unsafe words = .allocate(capacity: 8)
    unsafe words.initialize(repeating: 0, count: 8)
    super.init()
    let (room, places) = (SimulatedRing.rounded(entries), SimulatedRing.rounded(completions))
    let sqes = UnsafeMutablePointer<io_uring_sqe>.allocate(capacity: Int(room))
    unsafe sqes.initialize(repeating: io_uring_sqe(), count: Int(room))
    let cqes = UnsafeMutablePointer<io_uring_cqe>.allocate(capacity: Int(places))
    unsafe UnsafeMutableRawPointer(cqes).initializeMemory(
      as: UInt8.self, repeating: 0, count: Int(places) * MemoryLayout<io_uring_cqe>.stride)
    unsafe raw.pointee = ck_ring()
    unsafe raw.pointee.sq_head = words
    unsafe raw.pointee.sq_tail = words + 1
    unsafe raw.pointee.sq_flags = words + 2
    unsafe raw.pointee.cq_head = words + 3
    unsafe raw.pointee.cq_tail = words + 4
    unsafe raw.pointee.cq_overflow = words + 5
    unsafe raw.pointee.sq_mask = room - 1
    unsafe raw.pointee.sq_entries = room
    unsafe raw.pointee.cq_mask = places - 1
    unsafe raw.pointee.cq_entries = places
    unsafe raw.pointee.sqes = sqes
    unsafe raw.pointee.cqes = cqes
  }

  private static func rounded(_ count: UInt32) -> UInt32 {
    var power: UInt32 = 1
    while power < count { power *= 2 }
    return power
  }

  /// Gives everything back.
  func end() {
    for socket in files { if let socket { letGo(socket) } }
    for socket in closing { letGo(socket) }
    (files, closing, operations) = ([], [], [])
    unsafe raw.pointee.sqes.deallocate()
    unsafe raw.pointee.cqes.deallocate()
    unsafe words.deallocate()
  }

  /// Whether receives were armed as the buffers could serve them, and not for their own sake.
  func isFrugal(connections: Int) -> Bool { shortages <= 3 * (receives + connections) + 32 }

  // ------------------------------------------------------------------------- completions

  var completionsLeft: UInt32 { unsafe words[4] &- words[3] }
  /// How many completions can be taken.
  var available: Int { Int(completionsLeft) + overflow.count }
  private var isFull: Bool { unsafe completionsLeft == raw.pointee.cq_entries }

  /// Tells how an operation has ended, in its batch; or, with `isAtOnce`, what came of one that
  /// stays armed.
  func post(
    _ data: UInt64, _ result: Int, more: Bool = false, flags: UInt32 = 0, isAtOnce: Bool = false
  ) {
    var entry = io_uring_cqe()
    entry.user_data = data
    entry.res = Int32(truncatingIfNeeded: result)
    entry.flags = flags | (more ? IORING_CQE_F_MORE : 0)
    kernel.record.mix(data ^ UInt64(UInt32(bitPattern: Int32(truncatingIfNeeded: result))) << 20)
    kernel.record.say(
      "  completion \(SimulatedRing.name(data)) = \(result)\(more ? ", more" : "")"
        + "\(canPromise ? "" : ", queue full")")
    // A completion is work.
    kernel.record.excuseIdleTurn()
    posted += 1
    if more || isAtOnce { deliver(entry) } else { batch.append(entry) }
  }

  private func deliver(_ entry: io_uring_cqe) {
    if overflow.isEmpty, !isFull { put(entry) } else { overflow.append(entry) }
  }

  /// User data for a trace.
  static func name(_ data: UInt64) -> String { String(data, radix: 16) }

  /// Whether what stays armed may tell of one more. A full queue ends it.
  var canPromise: Bool { overflow.isEmpty && !isFull }

  private func put(_ entry: io_uring_cqe) {
    unsafe raw.pointee.cqes[Int(words[4] & raw.pointee.cq_mask)] = entry
    unsafe words[4] &+= 1
  }

  /// Moves what found the queue full into it, as far as there is room, and what was told last
  /// behind it.
  func flush() {
    while !isFull, !overflow.isEmpty {
      put(overflow.removeFirst())
      // Whoever takes it has something to do.
      kernel.record.excuseIdleTurn()
    }
    for entry in batch { deliver(entry) }
    batch.removeAll(keepingCapacity: true)
    // IORING_SQ_CQ_OVERFLOW
    unsafe words[2] = overflow.isEmpty ? 0 : 1 << 1
  }

  /// Its process was not told of all that had happened when the last call came back, or not all that it
  /// had submitted had been taken.
  private(set) var isBehind = false
  func comesBack() { isBehind = !overflow.isEmpty || submittable > 0 }

  /// What has gone of a send that has not ended: its process has heard of none of it.
  func underWay(on end: SimulatedSocket) -> Int {
    operations.first { $0.kind == .send && $0.socket === end }?.done ?? 0
  }

  // -------------------------------------------------------------------------- submissions

  /// How many entries there are to take.
  var submittable: Int { unsafe Int(raw.pointee.tail &- words[0]) }

  /// Takes every entry, or the first of them: how many there were.
  func submit(isDropping: Bool = false, atMost most: Int = .max) -> Int {
    var at = unsafe words[0]
    let tail = at &+ UInt32(min(submittable, most))
    let count = Int(tail &- at)
    while at != tail {
      let entry = unsafe raw.pointee.sqes[Int(at & raw.pointee.sq_mask)]
      if !isDropping { issue(entry) }
      at &+= 1
    }
    unsafe words[0] = tail
    unsafe words[1] = raw.pointee.tail
    unsafe raw.pointee.submitted = tail
    flush()
    return count
  }

  // ------------------------------------------------------------------------ direct descriptors

  func file(_ number: Int32) -> SimulatedSocket? {
    number >= 0 && Int(number) < files.count ? files[Int(number)] : nil
  }

  /// Gives a connection a number; nil when all are taken.
  func install(_ socket: SimulatedSocket) -> Int? {
    let found =
      files[min(nextFile, files.count)...].firstIndex { $0 == nil }
      ?? files[..<min(nextFile, files.count)].firstIndex { $0 == nil }
    guard let found else { return nil }
    files[found] = socket
    nextFile = found + 1
    return found
  }

  /// Takes a number away from its connection.
  func removeFile(_ number: Int32) {
    files[Int(number)] = nil
    nextFile = Int(number)
  }

  func isUsed(_ socket: SimulatedSocket) -> Bool {
    operations.contains { $0.socket === socket }
  }

  /// An operation of a socket has ended: perhaps it was all that held it.
  func release(_ socket: SimulatedSocket?) {
    guard let socket, let place = closing.firstIndex(where: { $0 === socket }), !isUsed(socket)
    else { return }
    closing.remove(at: place)
    letGo(socket)
  }

  /// The ring holds a socket no longer: it is closed, unless an ordinary descriptor has it, too.
  func letGo(_ socket: SimulatedSocket) {
    socket.isDirect = false
    if socket.descriptor < 0 { network.close(socket) }
  }
}

/// An ordinary descriptor for a connection that a ring holds.
final class SimulatedAlias: SimulatedFile {
  let socket: SimulatedSocket
  init(_ socket: SimulatedSocket) { self.socket = socket }
}

#endif
