/// Bytes that sockets would not take yet, of all connections of a loop.
///
/// A connection holds a place here only while something of it is unsent. A place has two buffers:
/// the one being sent, which a ring may be reading and which therefore never moves, and the one that
/// further output is added to. Small buffers are used again, large ones go back to the allocator.
/// Between the two stands what has been shared, parts of files, and what was added before those: nothing, mostly.
@safe
final class OutboxPool {
  @safe
  private struct Buffer {
    var start: UnsafeMutablePointer<UInt8>?
    var capacity = 0
    var head = 0
    var end = 0
    /// Whose bytes they are, if others have them too: they lie there, and count for nobody.
    var owner: SharedBytes?
    /// In whose file they are, from `head` to `end`: they do not lie here at all.
    var file: SharedFile?
    /// They are to be read before they are sent; they have been.
    var isRead = false
    var isLoaded = false
    var count: Int { end - head }
    /// Others have them, too, or nobody.
    var isApart: Bool { owner != nil || file != nil }
    /// Of those, what the connection has for itself.
    var held: Int { isApart || isLoaded ? 0 : count }
  }

  @safe
  private struct Outbox {
    var current = Buffer()
    var between: [Buffer] = []
    var next = Buffer()
    var nextFree: UInt32 = 0
  }

  /// The smallest buffer, in bytes, and the only size that is kept for use again.
  private static var unit: Int { 16384 }
  /// How many of those are kept: 1 MiB.
  private static var kept: Int { 64 }
  /// Parts of files up to that size are read: one more copy of so few bytes costs less than what sending them from
  /// where they are takes. And of all others that have to be read, how much is at once.
  private static var mostReadAnyway: Int { 16384 }
  private static var mostReadAtOnce: Int { 65536 }

  private var outboxes: [Outbox] = []
  private var firstFree: UInt32 = 0
  private var spare: [UnsafeMutablePointer<UInt8>] = unsafe []
  /// Bytes unsent that are held here, of all connections: those that are shared are not.
  private(set) var total = 0

  init() {}

  deinit {
    for outbox in outboxes {
      for buffer in [outbox.current, outbox.next] + outbox.between where !buffer.isApart {
        unsafe buffer.start?.deallocate()
      }
    }
    for index in unsafe spare.indices { unsafe spare[index].deallocate() }
  }

  /// How many bytes a place holds; 0 for none.
  func count(_ place: UInt32) -> Int {
    guard place != 0 else { return 0 }
    let place = Int(place) - 1
    let ends = outboxes[place].current.count.plus(clamped: outboxes[place].next.count)
    return outboxes[place].between.reduce(ends) { $0.plus(clamped: $1.count) }
  }

  /// How many of them are held here.
  func held(_ place: UInt32) -> Int {
    guard place != 0 else { return 0 }
    let place = Int(place) - 1
    let ends = outboxes[place].current.held + outboxes[place].next.held
    return ends + outboxes[place].between.reduce(0) { $0 + $1.held }
  }

  /// Adds bytes that others have too, behind those that are there.
  func append(_ shared: SharedBytes, to place: inout UInt32) {
    guard shared.count > 0 else { return }
    let start = unsafe UnsafeMutableRawPointer(mutating: shared.all.baseAddress)
    let buffer = unsafe Buffer(
      start: start?.assumingMemoryBound(to: UInt8.self), end: shared.count, owner: shared)
    append(buffer, to: &place)
  }

  /// Adds a part of a file, behind what is there.
  func append(_ part: FilePart, to place: inout UInt32) {
    guard part.count > 0 else { return }
    let end = part.offset + part.count
    let isRead = part.count <= Self.mostReadAnyway
    let buffer = unsafe Buffer(head: part.offset, end: end, file: part.file, isRead: isRead)
    append(buffer, to: &place)
  }

  /// Adds what does not lie here.
  private func append(_ apart: Buffer, to place: inout UInt32) {
    if place == 0 { place = takePlace() }
    let index = Int(place) - 1
    if outboxes[index].next.count > 0 {
      outboxes[index].between.append(outboxes[index].next)
      outboxes[index].next = Buffer()
    }
    outboxes[index].between.append(apart)
  }

  /// Adds bytes behind those that are there, taking a place if there is none yet.
  func append(_ bytes: UnsafeRawBufferPointer, to place: inout UInt32) {
    guard unsafe !bytes.isEmpty else { return }
    if place == 0 { place = takePlace() }
    let index = Int(place) - 1
    let next = withRoom(for: bytes.count, outboxes[index].next)
    outboxes[index].next = next
    if let start = unsafe next.start, let source = bytes.baseAddress {
      unsafe UnsafeMutableRawPointer(start + next.end).copyMemory(
        from: source, byteCount: bytes.count)
    }
    outboxes[index].next.end += bytes.count
    total += bytes.count
  }

  /// Adds bytes before those that are there; nothing may be being sent from the place.
  func prepend(_ bytes: UnsafeRawBufferPointer, to place: inout UInt32) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    if place == 0 { place = takePlace() }
    let index = Int(place) - 1
    if outboxes[index].current.isApart {
      outboxes[index].between.insert(outboxes[index].current, at: 0)
      outboxes[index].current = Buffer()
    }
    let old = outboxes[index].current
    var new = withRoom(for: bytes.count + old.count, Buffer())
    if let start = unsafe new.start {
      unsafe UnsafeMutableRawPointer(start).copyMemory(from: source, byteCount: bytes.count)
      if let rest = unsafe old.start {
        unsafe (start + bytes.count).update(from: rest + old.head, count: old.count)
      }
    }
    new.end = bytes.count + old.count
    total += new.count - old.held
    release(old)
    outboxes[index].current = new
  }

  /// The bytes to send next. They stay where they are until they are consumed.
  func front(_ place: UInt32) -> UnsafeRawBufferPointer {
    guard place != 0 else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
    let current = inFront(Int(place) - 1)
    return unsafe UnsafeRawBufferPointer(
      start: current.start.map { unsafe UnsafeRawPointer($0 + current.head) }, count: current.count)
  }

  /// The part of a file to send next, where that is what comes next, and it is not to be read before.
  func frontFile(_ place: UInt32) -> FileRange? {
    guard place != 0 else { return nil }
    let current = inFront(Int(place) - 1)
    guard let file = current.file, !current.isRead else { return nil }
    return FileRange(file: file.file.number, offset: current.head, count: current.count)
  }

  /// The part of a file that comes next cannot be sent from where it is.
  func readFront(_ place: UInt32) {
    guard place != 0 else { return }
    outboxes[Int(place) - 1].current.isRead = true
  }

  /// Where a part of a file comes next that is to be read, reads as much of it as is held at once. Why it could
  /// not, if so: `ENODATA` where the file has become shorter.
  func load(_ place: UInt32, by system: some Kernel) -> Errno? {
    guard place != 0 else { return nil }
    let index = Int(place) - 1
    var rest = inFront(index)
    guard let file = rest.file else { return nil }
    var buffer = withRoom(for: min(rest.count, Self.mostReadAtOnce), Buffer())
    let room = min(rest.count, buffer.capacity)
    let outcome = system.retryingInterrupts {
      unsafe system.readFile(
        file.file.number, at: rest.head,
        into: UnsafeMutableRawBufferPointer(start: buffer.start, count: room))
    }
    guard outcome.errno == nil, outcome.value > 0 else {
      release(buffer)
      return outcome.errno ?? .noData
    }
    buffer.end = min(outcome.value, room)
    buffer.isLoaded = true
    rest.head += buffer.end
    if rest.count > 0 { outboxes[index].between.insert(rest, at: 0) }
    outboxes[index].current = buffer
    return nil
  }

  /// What is being sent, or comes next.
  private func inFront(_ index: Int) -> Buffer {
    if outboxes[index].current.count == 0 {
      release(outboxes[index].current)
      outboxes[index].current = takeNext(index)
    }
    return outboxes[index].current
  }

  private func takeNext(_ index: Int) -> Buffer {
    if !outboxes[index].between.isEmpty { return outboxes[index].between.removeFirst() }
    defer { outboxes[index].next = Buffer() }
    return outboxes[index].next
  }

  /// The first bytes have been sent. A place with nothing left is given up.
  func consume(_ count: Int, from place: inout UInt32) {
    guard place != 0 else { return }
    let index = Int(place) - 1
    let taken = min(max(0, count), outboxes[index].current.count)
    if outboxes[index].current.held > 0 { total -= taken }
    outboxes[index].current.head += taken
    if self.count(place) == 0 { free(&place) }
  }

  /// Gives up a place and what it holds.
  func free(_ place: inout UInt32) {
    guard place != 0 else { return }
    total -= held(place)
    let index = Int(place) - 1
    for buffer in outboxes[index].between { release(buffer) }
    release(outboxes[index].current)
    release(outboxes[index].next)
    outboxes[index] = Outbox(nextFree: firstFree)
    firstFree = place
    place = 0
  }

  private func takePlace() -> UInt32 {
    guard firstFree != 0 else {
      outboxes.append(Outbox())
      return UInt32(outboxes.count)
    }
    let place = firstFree
    firstFree = outboxes[Int(place) - 1].nextFree
    return place
  }

  /// The buffer, or a larger one with its content.
  private func withRoom(for more: Int, _ buffer: Buffer) -> Buffer {
    guard buffer.capacity - buffer.end < more else { return buffer }
    let count = buffer.count
    let capacity = max(Self.unit, count + more, 2 * count)
    let spared = unsafe capacity == Self.unit ? spare.popLast() : nil
    let start = unsafe spared ?? .allocate(capacity: capacity)
    if let old = unsafe buffer.start { unsafe start.update(from: old + buffer.head, count: count) }
    release(buffer)
    return unsafe Buffer(start: start, capacity: capacity, head: 0, end: count)
  }

  private func release(_ buffer: Buffer) {
    guard let start = unsafe buffer.start, !buffer.isApart else { return }
    if buffer.capacity == Self.unit, unsafe spare.count < Self.kept {
      unsafe spare.append(start)
    } else {
      unsafe start.deallocate()
    }
  }
}
