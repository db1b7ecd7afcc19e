// The values that the waiting calls exchange with the kernel, each laid out as the kernel's own.

/// What `epoll_ctl(2)` shall do.
public enum EpollOperation: Int32, Hashable, Sendable {
  /// `EPOLL_CTL_ADD`
  case add = 1
  /// `EPOLL_CTL_DEL`
  case remove = 2
  /// `EPOLL_CTL_MOD`
  case modify = 3
}

/// One event of `epoll_wait(2)`.
@frozen
public struct EpollEvent: Hashable, Sendable {
  /// What was given when the descriptor was added.
  public var key: UInt64 = 0
  /// `EPOLL*` bits.
  public var events: UInt32 = 0
  /// An empty event.
  public init() {}
}

/// One entry of `poll(2)`: `struct pollfd`.
@frozen
public struct PollEntry: Hashable, Sendable {
  /// The descriptor; a negative one is passed over.
  public var descriptor: Int32
  /// `POLL*` bits asked for.
  public var events: Int16
  /// `POLL*` bits that hold.
  public var happened: Int16 = 0
  /// Asks for `events` on `descriptor`.
  public init(descriptor: Int32, events: Int16) {
    self.descriptor = descriptor
    self.events = events
  }
}

/// A set of descriptors for `select(2)`: exactly `FD_SETSIZE` bits, and no way to reach beyond.
@frozen
public struct DescriptorSet: Sendable {
  /// How many descriptors a set has room for: 0 to 1023.
  public static let capacity = 1024

  private var words = InlineArray<16, UInt64>(repeating: 0)

  /// The empty set.
  public init() {}

  /// Whether a descriptor is in the set. One that no set can hold is not.
  public subscript(descriptor: Int32) -> Bool {
    get {
      guard let (word, bit) = DescriptorSet.place(descriptor) else { return false }
      return words[word] & bit != 0
    }
    set {
      guard let (word, bit) = DescriptorSet.place(descriptor) else { return }
      if newValue { words[word] |= bit } else { words[word] &= ~bit }
    }
  }

  /// The 64 descriptors from `64 * index` on, as bits.
  func word(_ index: Int) -> UInt64 { words[index] }

  private static func place(_ descriptor: Int32) -> (word: Int, bit: UInt64)? {
    guard descriptor >= 0, descriptor < capacity else { return nil }
    return (Int(descriptor >> 6), 1 << UInt64(descriptor & 63))
  }

  /// The words as `fd_set` has them.
  mutating func withWords<Result>(_ body: (UnsafeMutablePointer<UInt64>) -> Result) -> Result {
    unsafe withUnsafeMutableBytes(of: &words) { bytes in
      unsafe body(bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt64.self))
    }
  }
}
