internal import CKernel

/// Memory that is kept for those who found no receive buffer: whoever waits for one gets one of
/// these, whole and for one receive, so that nobody can take all of them.
///
/// Their completions come in batches, apart from those of receives that stay armed, so they cannot
/// share buffers that are used up in increments: where bytes lie in those follows from the order in
/// which they are told of.
@safe
struct ReserveBuffers<System: RingKernel>: ~Copyable {
  /// The group that they are registered as; the others are 0.
  static var group: UInt16 { 1 }
  /// The numbers of the others are below.
  static var firstID: Int { 64 }

  private let ring: ByteRegion
  private let memory: ByteRegion
  private let entries: UInt32
  private let size: Int
  /// How many there are.
  let count: Int
  private var tail: UInt16 = 0

  /// - Parameters:
  ///   - count: How many may be served in a turn; from 1 to 1,024.
  ///   - size: A peer's budget for one turn while others wait.
  init(_ target: Ring<System>, count: Int, size: Int) throws(SystemError) {
    let count = min(max(1, count), 1024)
    var entries: UInt32 = 1
    while entries < count { entries *= 2 }
    let ring = try ByteRegion(count: Int(entries) * 16)
    let memory = try ByteRegion(count: count * size)
    let (raw, start, system) = unsafe (target.raw, ring.start, target.system)
    try system.must(.ringRegister) {
      unsafe system.ringRegisterBuffers(
        OpaquePointer(raw), UnsafeMutableRawPointer(start), entries: entries, group: Self.group,
        isIncremental: false)
    }
    self.ring = ring
    self.memory = memory
    self.entries = entries
    self.size = size
    self.count = count
    for index in 0..<count { give(index) }
  }

  /// Where received bytes lie; give the buffer ``back(_:)`` when they have been read.
  func take(_ id: Int, _ received: Int) -> UnsafeMutablePointer<UInt8>? {
    let index = id - Self.firstID
    guard index >= 0, index < count, received <= size else { return nil }
    return unsafe memory.start + index * size
  }

  mutating func back(_ id: Int) {
    let index = id - Self.firstID
    if index >= 0, index < count { give(index) }
  }

  private mutating func give(_ index: Int) {
    unsafe ck_buffers_add(
      ring.start, entries - 1, tail, memory.start + index * size, UInt32(size),
      UInt16(Self.firstID + index))
    tail &+= 1
    unsafe ck_buffers_publish(ring.start, tail)
  }
}
