import Synchronization

/// What the threads of a blocking server share: what they serve, who serves at the moment, and how
/// it ends.
final class BlockingHouse: Sendable {
  private struct State {
    /// Of the connections that are being served.
    var controls: [Int: LoopControl<Linux>] = [:]
    /// On their way to a thread.
    var expected = 0
    var next = 0
    var forced = 0
    var hasSignal = false
  }

  let options: ServerOptions
  let makeTables: @Sendable (Int, MailFlag) throws(SystemError) -> Shard.Tables
  /// The thread that accepts.
  let control: LoopControl<Linux>
  private let state = Mutex(State())
  /// In nanoseconds; 0 as long as nobody drains.
  private let deadline = Atomic<UInt64>(0)
  private let told = Atomic<UInt8>(Waker<Linux>.Request.none.rawValue)

  init(
    _ options: ServerOptions,
    _ makeTables: @escaping @Sendable (Int, MailFlag) throws(SystemError) -> Shard.Tables
  ) throws(SystemError) {
    self.options = options
    self.makeTables = makeTables
    control = try LoopControl(system: Linux())
  }

  /// When everything is cut off; nil as long as nobody drains.
  var drainDeadline: Instant? {
    let nanoseconds = deadline.load(ordering: .relaxed)
    return nanoseconds == 0 ? nil : Instant(nanoseconds: nanoseconds)
  }

  /// Draining begins, if it has not.
  func startDeadline(_ now: Instant) {
    let end = (now + options.drainTimeout).nanoseconds
    _ = deadline.compareExchange(expected: 0, desired: end, ordering: .relaxed)
  }

  /// How many connections are being served, or on their way to a thread.
  var count: Int { state.withLock { $0.controls.count + $0.expected } }
  /// How many had to be cut off.
  var forced: Int { state.withLock { $0.forced } }

  /// A connection is on its way to a thread, which will enter it.
  func expect() { state.withLock { $0.expected += 1 } }

  /// A connection is about to be served: its ticket.
  func enter(_ control: LoopControl<Linux>, wasExpected: Bool = false) -> Int {
    state.withLock { state in
      if wasExpected { state.expected -= 1 }
      state.next += 1
      state.controls[state.next] = control
      return state.next
    }
  }

  /// Its descriptor is closed.
  func leave(_ ticket: Int) {
    state.withLock { $0.controls[ticket] = nil }
    control.waker.wake()
  }

  /// A session has ended.
  func ended(_ reason: CloseReason) {
    if reason == .drainTimeout { state.withLock { $0.forced += 1 } }
  }

  /// What everybody has been asked for: it holds for those who come later too.
  var request: Waker<Linux>.Request {
    Waker<Linux>.Request(rawValue: told.load(ordering: .acquiring)) ?? .none
  }

  /// Asks everybody who serves to finish, or to stop.
  func tell(_ request: Waker<Linux>.Request) {
    _ = told.max(request.rawValue, ordering: .acquiringAndReleasing)
    for control in state.withLock({ Array($0.controls.values) }) {
      if request == .stop { control.waker.stop() } else { control.waker.drain() }
    }
  }

  /// The process was asked to end; who accepts looks at the signal itself.
  func signalled() {
    state.withLock { $0.hasSignal = true }
    control.waker.drain()
  }
  /// Whether a signal is to be taken.
  func takeSignal() -> Bool {
    state.withLock { state in
      defer { state.hasSignal = false }
      return state.hasSignal
    }
  }
}
