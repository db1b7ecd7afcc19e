import Synchronization

/// A bit that threads share.
protocol SharedBit: ~Copyable, Sendable {
  /// In one order with all that is done to other bits, as every thread sees it.
  func load() -> Bool
  func store(_ value: Bool)
  func exchange(_ value: Bool) -> Bool
  /// In no such order.
  func loadRelaxed() -> Bool
  func storeRelaxed(_ value: Bool)
}

/// A bit of memory.
struct AtomicBit: SharedBit, ~Copyable {
  private let value = Atomic<Bool>(false)
  func load() -> Bool { value.load(ordering: .sequentiallyConsistent) }
  func store(_ new: Bool) { value.store(new, ordering: .sequentiallyConsistent) }
  func exchange(_ new: Bool) -> Bool { value.exchange(new, ordering: .sequentiallyConsistent) }
  func loadRelaxed() -> Bool { value.load(ordering: .relaxed) }
  func storeRelaxed(_ new: Bool) { value.store(new, ordering: .relaxed) }
}

/// What a ``MailFlag`` does, on bits of any kind: a test tries each order in which two threads may do it.
struct MailBits<Bit: SharedBit & ~Copyable>: ~Copyable, Sendable {
  private let hasMail: Bit
  private let isAsleep: Bit

  init(hasMail: consuming Bit, isAsleep: consuming Bit) {
    self.hasMail = hasMail
    self.isAsleep = isAsleep
  }

  /// A letter lies in a box: whether the loop is to be woken.
  @inline(__always)
  borrowing func raise() -> Bool {
    hasMail.store(true)
    return isAsleep.exchange(false)
  }

  /// The loop is about to sleep: whether it may.
  @inline(__always)
  borrowing func fallAsleep() -> Bool {
    isAsleep.store(true)
    guard hasMail.load() else { return true }
    isAsleep.storeRelaxed(false)
    return false
  }

  @inline(__always)
  var isWaiting: Bool { hasMail.loadRelaxed() }

  /// The loop is awake: whether there is mail.
  @inline(__always)
  borrowing func takeUp() -> Bool {
    isAsleep.storeRelaxed(false)
    return hasMail.loadRelaxed() && hasMail.exchange(false)
  }
}

/// Whether mail has come, and whether its loop has to be woken for it.
///
/// A loop that is awake looks before it sleeps, so only the first letter to a sleeping loop costs a
/// system call.
final class MailFlag: Sendable {
  private let bits = MailBits(hasMail: AtomicBit(), isAsleep: AtomicBit())
  private let wake: @Sendable () -> Void

  init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

  /// A letter lies in a box.
  func raise() { if bits.raise() { wake() } }

  /// The loop is about to sleep: whether it may.
  func fallAsleep() -> Bool { bits.fallAsleep() }

  /// Whether there is mail that has not been taken up.
  var isWaiting: Bool { bits.isWaiting }

  /// The loop is awake: whether there is mail.
  func takeUp() -> Bool { bits.takeUp() }
}

/// Letters to the connections of a loop, in order. Bounded.
final class MessageBox<Message: Sendable>: Sendable {
  /// How many letters may lie in a box.
  static var limit: Int { 1 << 16 }

  private struct Letters {
    var all: [(key: Key, message: Message)] = []
    /// So many of them have been taken already.
    var taken = 0
    var isClosed = false
    var waiting: Int { all.count - taken }

    mutating func take(atMost most: Int) -> [(key: Key, message: Message)] {
      guard waiting > most || taken > 0 else {
        defer { all = [] }
        return all
      }
      let end = taken + min(most, waiting)
      let some = Array(all[taken..<end])
      taken = end
      // Moved up once for each half of the limit, or when nothing is left.
      if waiting == 0 || taken >= MessageBox.limit / 2 {
        all.removeFirst(taken)
        taken = 0
      }
      return some
    }
  }

  private let letters = Lock(Letters())
  private let mail: MailFlag

  init(mail: MailFlag) { self.mail = mail }

  func post(_ message: Message, to key: Key) -> Bool {
    let isTaken = letters.withLock { letters in
      guard !letters.isClosed, letters.waiting < Self.limit else { return false }
      letters.all.append((key, message))
      return true
    }
    if isTaken { mail.raise() }
    return isTaken
  }

  /// The first letters, at most so many. Where others are left the loop does not sleep before it has
  /// looked again.
  func take(atMost most: Int = Care.lettersPerTurn) -> [(key: Key, message: Message)] {
    let (taken, isMore) = letters.withLock { letters in
      let taken = letters.take(atMost: most)
      return (taken, letters.waiting > 0)
    }
    if isMore { mail.raise() }
    return taken
  }

  /// The loop has ended: takes no more. What nobody will read is the caller's to drop, when the lock is free
  /// again.
  @discardableResult
  func close() -> [(key: Key, message: Message)] {
    letters.withLock { letters in
      letters.isClosed = true
      return letters.take(atMost: Self.limit)
    }
  }
}
