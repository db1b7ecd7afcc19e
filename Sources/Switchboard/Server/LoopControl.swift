import Synchronization

/// What other threads may touch of a loop: its waker and its mail.
final class LoopControl<System: Kernel>: Sendable {
  let waker: Waker<System>
  let mail: MailFlag
  let jobs: MessageBox<@Sendable () -> Void>
  /// What the loops of a server hold together, where there are several.
  let places: Places?
  /// How many connections addresses have, on all of them.
  let addresses: AddressTally
  /// What has been refused to the process, on any of them.
  let refusals: RefusedCalls
  private let siblings = Lock<[Waker<System>]>([])

  init(
    system: System, places: Places? = nil, addresses: AddressTally = AddressTally(),
    refusals: RefusedCalls = RefusedCalls()
  ) throws(SystemError) {
    let waker = try Waker(system: system)
    self.places = places
    self.addresses = addresses
    self.refusals = refusals
    self.waker = waker
    mail = MailFlag { waker.wake() }
    jobs = MessageBox(mail: mail)
    places?.add { waker.wake() }
  }

  /// Makes ``drainAll()`` reach another loop too.
  func addSibling(_ waker: Waker<System>) { siblings.withLock { $0.append(waker) } }

  /// Stops this loop's siblings.
  func stopSiblings() { for sibling in siblings.withLock({ $0 }) { sibling.stop() } }

  /// Drains this loop and its siblings.
  func drainAll() {
    waker.drain()
    for sibling in siblings.withLock({ $0 }) { sibling.drain() }
  }
}

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

/// A connection, for other threads and other connections. Keep as many as you like: when the
/// connection has gone, posting does nothing.
public struct ConnectionHandle<Message: Sendable>: Sendable, Hashable {
  /// The connection's name on its loop.
  public let key: Key
  let box: MessageBox<Message>

  /// Posts a message: ``Session/posted(_:_:)`` is called with it on the connection's loop, if the
  /// connection still lives by then. Messages from one thread arrive in order. Any thread.
  ///
  /// - Returns: False when 65,536 messages to that loop wait already: try again later; and when the
  ///   loop has ended.
  @discardableResult
  public func post(_ message: Message) -> Bool { box.post(message, to: key) }

  /// Has blocking work done by a pool; what it answers is posted to the connection.
  ///
  /// - Returns: False when the pool takes no more work at the moment.
  public func offload(
    to pool: OffloadPool, _ work: @escaping @Sendable () -> Message
  ) -> Bool {
    pool.submit { self.post(work()) }
  }

  /// Whether two handles name the same connection.
  public static func == (a: ConnectionHandle, b: ConnectionHandle) -> Bool {
    a.key == b.key && a.box === b.box
  }

  /// By the connection.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(key)
    hasher.combine(ObjectIdentifier(box))
  }
}

/// A loop, for other threads.
public struct LoopHandle: Sendable {
  let jobs: MessageBox<@Sendable () -> Void>

  /// Runs a closure on the loop's thread, between callbacks. It must not block.
  ///
  /// - Returns: False when 65,536 wait already, or the loop has ended.
  @discardableResult
  public func run(_ job: @escaping @Sendable () -> Void) -> Bool {
    jobs.post(job, to: Key(rawValue: 0))
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
