internal import CKernel

/// Memory of loops that have ended, for those to come.
///
/// To a server this is nothing: its loop takes its regions once. A process that simulates thousands
/// of servers a second would spend a tenth of its time on mapping the same pages anew. Only small
/// regions are kept, and few of them. What a kernel may still write to after its owner has gone, as a
/// ring's buffers, does not come from here. Any thread.
@safe
enum RegionPool {
  @safe
  private struct Region: @unchecked Sendable {
    var start: UnsafeMutableRawPointer
    var bytes: Int
  }

  /// The largest region that is kept, in bytes, and how many are.
  private static var largest: Int { 128 << 10 }
  private static var most: Int { 16 }

  private static let spare = Lock<[Region]>([])

  /// - Parameter isZeroed: Whether every byte must be zero.
  static func take(_ bytes: Int, isZeroed: Bool) -> UnsafeMutableRawPointer? {
    guard bytes <= largest else { return unsafe ck_reserve(bytes) }
    let rounded = rounded(bytes)
    let found = spare.withLock { spare -> Region? in
      guard let place = spare.lastIndex(where: { $0.bytes == rounded }) else { return nil }
      return spare.remove(at: place)
    }
    guard let found else { return unsafe ck_reserve(rounded) }
    if isZeroed { unsafe found.start.initializeMemory(as: UInt8.self, repeating: 0, count: bytes) }
    return unsafe found.start
  }

  static func giveBack(_ start: UnsafeMutableRawPointer, _ bytes: Int) {
    guard bytes <= largest else { return unsafe ck_unreserve(start, bytes) }
    let region = unsafe Region(start: start, bytes: rounded(bytes))
    let isKept = spare.withLock { spare in
      guard spare.count < most else { return false }
      spare.append(region)
      return true
    }
    if !isKept { unsafe ck_unreserve(start, region.bytes) }
  }

  /// Whole pages, by the power of two, so that a region fits more than one use.
  private static func rounded(_ bytes: Int) -> Int {
    var rounded = 4096
    while rounded < bytes { rounded *= 2 }
    return rounded
  }
}
