/// The look-ups of a resolver: which wait for a thread, which are under way, who waits for each, and until when.
/// It makes no call and has no clock.
///
/// Whoever asks what is being asked already waits for the same answer, so a crowd that connects to one name costs
/// one call. That ends where somebody has given up waiting: a call that is stuck may be stuck for long, and those
/// who come later are better off with one of their own.
struct LookUpQueue<Asker> {
  /// What is looked up.
  struct Question: Hashable, Sendable {
    let name: String
    let family: SocketAddress.Family
  }

  /// Counted up, never twice the same.
  typealias Number = UInt64

  /// One question, put once.
  private struct Call {
    let question: Question
    /// Who asked, in order; those that have gone are still here.
    var asked: [Number] = []
    /// How many of them are there.
    var waiting = 0
    var isUnderWay = false
  }

  private struct Waiter {
    let call: Number
    let asker: Asker
    let deadline: Instant
  }

  /// How many may ask at once.
  let limit: Int
  private var calls: [Number: Call] = [:]
  private var waiters: [Number: Waiter] = [:]
  /// Calls whose answer others may wait for, too.
  private var shared: [Question: Number] = [:]
  /// Calls that wait for a thread, from `first` on, and some that were given up.
  private var order: [Number] = []
  private var first = 0
  /// How many calls wait for a thread.
  private(set) var waitingCalls = 0
  private var lastNumber: Number = 0

  init(limit: Int) { self.limit = limit }

  /// How many wait for an answer.
  var count: Int { waiters.count }

  /// The next deadline.
  var nextDeadline: Instant? { waiters.values.lazy.map(\.deadline).min() }

  /// Asks; nil when as many as may do already.
  mutating func ask(_ question: Question, _ asker: Asker, until deadline: Instant) -> Number? {
    guard waiters.count < limit else { return nil }
    let call = shared[question] ?? begin(question)
    let number = next()
    waiters[number] = Waiter(call: call, asker: asker, deadline: deadline)
    calls[call]?.asked.append(number)
    calls[call]?.waiting += 1
    return number
  }

  /// A thread is free: the call that has waited longest.
  mutating func take() -> (call: Number, question: Question)? {
    while first < order.count {
      let number = order[first]
      first += 1
      guard let question = calls[number]?.question else { continue }
      calls[number]?.isUnderWay = true
      waitingCalls -= 1
      tidy()
      return (number, question)
    }
    tidy()
    return nil
  }

  /// A call is answered: who is to be told.
  mutating func answered(_ call: Number) -> [Asker] {
    guard let ended = calls.removeValue(forKey: call) else { return [] }
    if !ended.isUnderWay { waitingCalls -= 1 }
    unshare(call, ended.question)
    return ended.asked.compactMap { waiters.removeValue(forKey: $0)?.asker }
  }

  /// Whose time is over, in the order in which they asked.
  mutating func expire(_ now: Instant) -> [Asker] {
    let late = waiters.filter { $0.value.deadline <= now }.keys.sorted()
    return late.compactMap { withdraw($0) }
  }

  /// Somebody waits no longer; nil if nobody of that number did.
  mutating func withdraw(_ number: Number) -> Asker? {
    guard let waiter = waiters.removeValue(forKey: number) else { return nil }
    leave(waiter.call)
    return waiter.asker
  }

  /// Nobody can be told any more: all who wait, in the order in which they asked.
  mutating func giveUp() -> [Asker] { expire(.distantFuture) }

  private mutating func next() -> Number {
    lastNumber &+= 1
    return lastNumber
  }

  private mutating func begin(_ question: Question) -> Number {
    let number = next()
    calls[number] = Call(question: question)
    shared[question] = number
    order.append(number)
    waitingCalls += 1
    return number
  }

  private mutating func leave(_ number: Number) {
    guard var call = calls[number] else { return }
    unshare(number, call.question)
    call.waiting -= 1
    let isOver = call.waiting == 0 && !call.isUnderWay
    calls[number] = isOver ? nil : call
    if isOver { waitingCalls -= 1 }
    if order.count - first > 2 * waitingCalls + 64 {
      order = order[first...].filter { calls[$0] != nil }
      first = 0
    }
  }

  private mutating func unshare(_ call: Number, _ question: Question) {
    if shared[question] == call { shared[question] = nil }
  }

  /// Gives up what was taken, at a constant cost for each.
  private mutating func tidy() {
    guard first * 2 >= order.count else { return }
    order.removeFirst(first)
    first = 0
  }
}
