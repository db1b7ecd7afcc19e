/// The look-ups of a resolver: which wait for a thread, which are under way, who waits for each, and until when.
/// It makes no call and has no clock.
///
/// Whoever asks what is being asked already waits for the same answer, so a crowd that connects to one name costs
/// one call. That ends where somebody has given up waiting: a call that is stuck may be stuck for long, and those
/// who come later are better off with one of their own.
///
/// A name server that never answers for IPv6 keeps each of those calls for as long as the system is patient. So the
/// families have a line each, and neither may have more calls under way than its share: the other goes on.
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

  /// The calls of one family that wait for a thread.
  private struct Line {
    /// From `first` on, and some that were given up.
    var order: [Number] = []
    var first = 0
    /// How many there are.
    var waiting = 0
    /// How many have a thread.
    var underWay = 0

    var next: Number? { first < order.count ? order[first] : nil }

    mutating func removeHead() {
      first += 1
      waiting -= 1
      underWay += 1
      tidy()
    }

    /// Gives up what was taken, at a constant cost for each.
    mutating func tidy() {
      guard first * 2 >= order.count else { return }
      order.removeFirst(first)
      first = 0
    }
  }

  /// How many may ask at once.
  let limit: Int
  /// How many calls of a family may be under way.
  let share: Int
  private var calls: [Number: Call] = [:]
  private var waiters: [Number: Waiter] = [:]
  /// Calls whose answer others may wait for, too.
  private var shared: [Question: Number] = [:]
  private var v6 = Line()
  private var v4 = Line()
  private var lastNumber: Number = 0

  init(limit: Int, share: Int = .max) { (self.limit, self.share) = (limit, share) }

  private subscript(family: SocketAddress.Family) -> Line {
    get { family == .v6 ? v6 : v4 }
    _modify {
      if family == .v6 { yield &v6 } else { yield &v4 }
    }
  }

  /// How many calls wait for a thread, and may have one.
  var waitingCalls: Int { ready(v6) + ready(v4) }

  private func ready(_ line: Line) -> Int { min(line.waiting, share - min(share, line.underWay)) }

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
    guard let number = [head(.v6), head(.v4)].compactMap(\.self).min(),
      let question = calls[number]?.question
    else { return nil }
    calls[number]?.isUnderWay = true
    self[question.family].removeHead()
    return (number, question)
  }

  /// The call of a family that has waited longest, if one may be made.
  private mutating func head(_ family: SocketAddress.Family) -> Number? {
    guard ready(self[family]) > 0 else { return nil }
    while let number = self[family].next {
      if calls[number] != nil { return number }
      self[family].first += 1
    }
    return nil
  }

  /// A call is answered: who is to be told.
  mutating func answered(_ call: Number) -> [Asker] {
    guard let ended = calls.removeValue(forKey: call) else { return [] }
    if ended.isUnderWay {
      self[ended.question.family].underWay -= 1
    } else {
      self[ended.question.family].waiting -= 1
    }
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
    self[question.family].order.append(number)
    self[question.family].waiting += 1
    return number
  }

  private mutating func leave(_ number: Number) {
    guard var call = calls[number] else { return }
    unshare(number, call.question)
    call.waiting -= 1
    let isOver = call.waiting == 0 && !call.isUnderWay
    calls[number] = isOver ? nil : call
    var line = self[call.question.family]
    if isOver { line.waiting -= 1 }
    if line.order.count - line.first > 2 * line.waiting + 64 {
      line.order = line.order[line.first...].filter { calls[$0] != nil }
      line.first = 0
    }
    self[call.question.family] = line
  }

  private mutating func unshare(_ call: Number, _ question: Question) {
    if shared[question] == call { shared[question] = nil }
  }
}
