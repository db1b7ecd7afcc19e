#if TestBench

/// A resolver under given time: what names answer stands in a table, and how long that takes. Queue, deadlines and
/// bounds are a ``Resolver``'s own; a thread is a number here, and one that is stuck stays so.
///
/// Of one thread, as all of a simulation. Answers are told by ``advance(to:)``, in the order of their moments.
final class SimulatedNames: LookUps, @unchecked Sendable {
  typealias Queue = LookUpQueue<LookUpAsker>

  /// What comes of asking for a name.
  struct Entry: Hashable, Sendable {
    var answer: Result<[SocketAddress], LookUpFailure.Reason>
    /// How long it takes; nil for ever.
    var delay: Duration? = .zero
  }

  /// By name and family. What does not stand here is no name, which takes no time.
  private var entries: [LookUpQueue<LookUpAsker>.Question: Entry] = [:]
  private var queue: Queue
  private let threads: Int
  /// Calls under way, and when they end; as many as threads are busy.
  private var calls: [(call: Queue.Number, entry: Entry, end: Instant)] = []
  /// The time, where look-ups are asked for by a loop.
  var clock: () -> Instant = { Instant(nanoseconds: 0) }
  /// Called when somebody waits for an answer who did not.
  var hasAsked: () -> Void = {}

  init(threads: Int = 8, limit: Int = 4096) {
    self.threads = threads
    queue = Queue(limit: limit)
  }

  /// How many look-ups wait for an answer.
  var count: Int { queue.count }
  /// How many threads are in a call.
  var busyThreads: Int { calls.count }
  /// When ``advance(to:)`` has something to tell; nil where there is nothing.
  var wakesAt: Instant? {
    let end = calls.lazy.map(\.end).min().flatMap { $0 == .distantFuture ? nil : $0 }
    return [end, queue.nextDeadline].compactMap(\.self).min()
  }

  /// Puts a name into the table.
  func set(_ name: String, _ family: SocketAddress.Family, _ entry: Entry) {
    entries[.init(name: name, family: family)] = entry
  }

  /// As ``Resolver/lookUp(_:_:port:within:answer:)``, from a moment on. A number to cancel it by; nil if it has
  /// been answered.
  func lookUp(
    _ name: String, _ family: SocketAddress.Family, port: UInt16, within timeout: Duration,
    _ now: Instant, answer: @escaping @Sendable (Resolver.Answer) -> Void
  ) -> Queue.Number? {
    let asker = LookUpAsker(
      name: name, family: family, port: port, timeout: timeout, answer: answer)
    if let known = NameRules.answer(name, family, port: port) {
      asker.tell(known)
      return nil
    }
    return ask(asker, now)
  }

  func ask(_ asker: LookUpAsker) -> Queue.Number? {
    let number = ask(asker, clock())
    hasAsked()
    return number
  }

  private func ask(_ asker: LookUpAsker, _ now: Instant) -> Queue.Number? {
    guard let number = queue.ask(asker.question, asker, until: now + asker.timeout) else {
      asker.tell(.failure(.queueFull(limit: queue.limit)))
      return nil
    }
    makeCalls(now)
    return number
  }

  func cancel(_ number: Queue.Number) -> Bool { queue.withdraw(number) != nil }
  func letGo() {}

  /// Tells all that is due.
  func advance(to now: Instant) {
    while let moment = wakesAt, moment <= now {
      let place = calls.indices.min { calls[$0].end < calls[$1].end }
      // Who is answered at his deadline is answered in time.
      if let place, calls[place].end <= moment {
        let ended = calls.remove(at: place)
        for asker in queue.answered(ended.call) { asker.tell(ended.entry.answer) }
        makeCalls(moment)
      } else {
        for asker in queue.expire(moment) { asker.tell(.failure(.timedOut(asker.timeout))) }
      }
    }
  }

  private func makeCalls(_ now: Instant) {
    while calls.count < threads, let (call, question) = queue.take() {
      let entry = entries[question] ?? Entry(answer: .failure(.noSuchName))
      calls.append((call, entry, entry.delay.map { now + $0 } ?? .distantFuture))
    }
  }
}

#endif
