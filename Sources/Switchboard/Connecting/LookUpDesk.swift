/// Where a ``Resolver``'s look-ups wait for their answers: on threads of its own, or under given time.
protocol LookUps: AnyObject, Sendable {
  typealias Queue = LookUpQueue<LookUpAsker>

  /// Asks; nil if nobody can be asked, which has been told then.
  func ask(_ asker: LookUpAsker) -> Queue.Number?
  /// Whether somebody waits no longer; no answer is on its way then.
  func cancel(_ number: Queue.Number) -> Bool
  /// Nobody asks any more.
  func letGo()
}

/// What a resolver's threads share. It outlives the resolver for as long as one of them is in a call.
///
/// Workers make the calls. The watch wakes at deadlines: workers may all be stuck, so none of them can.
final class LookUpDesk: LookUps {
  /// Starts a thread that nobody awaits.
  typealias StartThread =
    @Sendable (_ body: @escaping @Sendable () -> Void) throws(SystemError) -> Void
  typealias Queue = LookUpQueue<LookUpAsker>

  /// After so long without work a thread ends.
  static let idleTime = Duration.seconds(10)

  private struct State {
    var queue: Queue
    var workers = 0
    /// Workers that wait for work, or have just been started.
    var idle = 0
    var hasWatch = false
    /// Until when the watch sleeps.
    var watchSleepsUntil = Instant(nanoseconds: 0)
    var isLetGo = false

    mutating func addWorker() {
      workers += 1
      idle += 1
    }

    mutating func loseNewWorker() {
      workers -= 1
      idle -= 1
    }
  }

  private let names: any NameService
  private let mostWorkers: Int
  private let idleTime: Duration
  private let startThread: StartThread
  private let state: Lock<State>
  /// Signalled once for each call that an idle worker is to take.
  private let work = Semaphore()
  private let watch = Semaphore()

  init(
    _ names: any NameService, threads: Int, limit: Int, idleTime: Duration,
    _ startThread: @escaping StartThread
  ) {
    self.names = names
    mostWorkers = threads
    self.idleTime = idleTime
    self.startThread = startThread
    state = Lock(State(queue: Queue(limit: limit, share: threads - threads / 4)))
  }

  /// How many threads there are.
  var threads: Int { state.withLock { $0.workers + ($0.hasWatch ? 1 : 0) } }
  /// How many look-ups wait for an answer.
  var count: Int { state.withLock { $0.queue.count } }

  // ------------------------------------------------------------------------------ asking

  /// What a look-up needs beside its place in the queue.
  private struct Needs {
    var newWatch = false, newWorker = false
    var wakesWatch = false, wakesWorker = false
  }

  func ask(_ asker: LookUpAsker) -> Queue.Number? {
    let deadline = Linux().now() + asker.timeout
    let (number, needs, limit) = state.withLock { state in
      let (number, needs) = enter(asker, deadline, &state)
      return (number, needs, state.queue.limit)
    }
    guard let number else {
      asker.tell(.failure(.queueFull(limit: limit)))
      return nil
    }
    if needs.newWatch { start({ self.keepWatch() }, uncount: { $0.hasWatch = false }) }
    if needs.wakesWatch { watch.signal() }
    if needs.newWorker { start({ self.serve() }, uncount: { $0.loseNewWorker() }) }
    if needs.wakesWorker { work.signal() }
    return number
  }

  private func enter(_ asker: LookUpAsker, _ deadline: Instant, _ state: inout State)
    -> (Queue.Number?, Needs)
  {
    var needs = Needs()
    let before = state.queue.waitingCalls
    let number = state.queue.ask(asker.question, asker, until: deadline)
    guard number != nil else { return (nil, needs) }
    if !state.hasWatch {
      state.hasWatch = true
      needs.newWatch = true
    } else if deadline < state.watchSleepsUntil {
      state.watchSleepsUntil = deadline
      needs.wakesWatch = true
    }
    guard state.queue.waitingCalls > before else { return (number, needs) }
    if state.queue.waitingCalls <= state.idle {
      needs.wakesWorker = true
    } else if state.workers < mostWorkers {
      state.addWorker()
      needs.newWorker = true
    }
    return (number, needs)
  }

  /// Starts a thread that has been counted. Where there can be none, it is not, and nobody is left waiting
  /// without a worker or without a watch.
  private func start(
    _ body: @escaping @Sendable () -> Void, uncount: @Sendable (inout State) -> Void
  ) {
    do throws(SystemError) { try startThread(body) } catch {
      let askers = state.withLock { state in
        uncount(&state)
        return state.hasWatch && state.workers > 0 ? [] : state.queue.giveUp()
      }
      for asker in askers { asker.tell(.failure(.noThread(error))) }
    }
  }

  func cancel(_ number: Queue.Number) -> Bool {
    state.withLock { $0.queue.withdraw(number) } != nil
  }

  /// Threads without work end.
  func letGo() {
    let (idle, hasWatch) = state.withLock { state in
      state.isLetGo = true
      return (state.idle, state.hasWatch)
    }
    for _ in 0..<idle { work.signal() }
    if hasWatch { watch.signal() }
  }

  // ----------------------------------------------------------------------------- workers

  /// Where a worker comes from.
  private enum Coming { case fromWork, fromSleep, fromSleepInVain }
  private enum Next {
    case call(Queue.Number, Queue.Question)
    case sleep, end
  }

  private func serve() {
    var coming = Coming.fromSleep
    while true {
      switch next(coming) {
      case .call(let call, let question):
        finish(call, answer(question))
        coming = .fromWork
      case .sleep:
        let isCalled = work.wait(until: Linux().now() + idleTime)
        coming = isCalled ? .fromSleep : .fromSleepInVain
      case .end: return
      }
    }
  }

  private func next(_ coming: Coming) -> Next {
    state.withLock { state in
      if coming != .fromWork { state.idle -= 1 }
      if let (call, question) = state.queue.take() { return .call(call, question) }
      if state.isLetGo || coming == .fromSleepInVain {
        state.workers -= 1
        return .end
      }
      state.idle += 1
      return .sleep
    }
  }

  /// The call that blocks.
  private func answer(_ question: Queue.Question) -> Result<[SocketAddress], LookUpFailure.Reason> {
    do throws(LookUpFailure.Reason) {
      return .success(try names.addresses(of: question.name, question.family))
    } catch {
      return .failure(error)
    }
  }

  private func finish(
    _ call: Queue.Number, _ answer: Result<[SocketAddress], LookUpFailure.Reason>
  ) {
    let (askers, endsWatch) = state.withLock { state in
      let askers = state.queue.answered(call)
      return (askers, state.isLetGo && state.hasWatch && state.queue.count == 0)
    }
    for asker in askers { asker.tell(answer) }
    if endsWatch { watch.signal() }
  }

  // --------------------------------------------------------------------------- the watch

  private func keepWatch() {
    // It has had nothing to wait for all the time.
    var isIdle = false
    while true {
      let (late, sleep) = look(Linux().now(), isIdle: isIdle)
      for asker in late { asker.tell(.failure(.timedOut(asker.timeout))) }
      guard let sleep else { return }
      let isCalled = watch.wait(until: sleep.until)
      isIdle = sleep.isIdle && !isCalled
    }
  }

  /// Whose time is over, and until when the watch sleeps; nil when it ends.
  private func look(_ now: Instant, isIdle: Bool)
    -> ([LookUpAsker], (until: Instant, isIdle: Bool)?)
  {
    state.withLock { state in
      let late = state.queue.expire(now)
      let deadline = state.queue.nextDeadline
      if deadline == nil, isIdle || state.isLetGo {
        state.hasWatch = false
        return (late, nil)
      }
      let until = deadline ?? now + idleTime
      state.watchSleepsUntil = until
      return (late, (until, deadline == nil))
    }
  }
}
