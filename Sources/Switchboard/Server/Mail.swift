import Synchronization

/// Whether mail has come, and whether its loop has to be woken for it.
///
/// A loop that is awake looks before it sleeps, so only the first letter to a sleeping loop costs a
/// system call.
final class MailFlag: Sendable {
  private let hasMail = Atomic<Bool>(false)
  private let isAsleep = Atomic<Bool>(false)
  private let wake: @Sendable () -> Void

  init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

  /// A letter lies in a box.
  func raise() {
    hasMail.store(true, ordering: .sequentiallyConsistent)
    if isAsleep.exchange(false, ordering: .sequentiallyConsistent) { wake() }
  }

  /// The loop is about to sleep: whether it may.
  func fallAsleep() -> Bool {
    isAsleep.store(true, ordering: .sequentiallyConsistent)
    if hasMail.load(ordering: .sequentiallyConsistent) {
      isAsleep.store(false, ordering: .relaxed)
      return false
    }
    return true
  }

  /// Whether there is mail that has not been taken up.
  var isWaiting: Bool { hasMail.load(ordering: .relaxed) }

  /// The loop is awake: whether there is mail.
  func takeUp() -> Bool {
    isAsleep.store(false, ordering: .relaxed)
    return hasMail.load(ordering: .relaxed)
      && hasMail.exchange(false, ordering: .sequentiallyConsistent)
  }
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

  /// The loop has ended: takes no more, and drops what nobody will read.
  func close() {
    // Those that are dropped go when the lock is free again.
    _ = letters.withLock { letters in
      letters.isClosed = true
      return letters.take(atMost: Self.limit)
    }
  }
}

extension EventLoop where B: ~Copyable {
  /// Hands out what was posted, a part of it where that is much: the rest comes in the next turns.
  mutating func deliverMail() {
    guard control.mail.takeUp() else { return }
    for letter in control.jobs.take() { letter.message() }
    let count = unsafe sessions._withUnsafeGuaranteedRef { $0.collectMail() }
    for place in 0..<count {
      let key = unsafe sessions._withUnsafeGuaranteedRef { $0.addressee(place) }
      guard slots.contains(key),
        slots[key.index].flags.isDisjoint(with: [.closing, .lingering, .closed])
      else { continue }
      callBack(key) { sessions, index, connection in
        sessions.deliver(place, index, &connection)
      }
    }
    unsafe sessions._withUnsafeGuaranteedRef { $0.dropMail() }
  }
}
