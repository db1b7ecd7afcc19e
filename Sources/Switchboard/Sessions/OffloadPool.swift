/// Threads for work that blocks or takes long, so that no loop has to wait for it. Bounded in
/// threads and in waiting work.
///
/// ```swift
/// let accepted = connection.handle(for: Self.self).offload(to: pool) {
///   .looked(up: slowLookup(name))      // a Message of the session
/// }
/// if !accepted { connection.write("busy\n") }
/// ```
///
/// The result comes back as a message, on the connection's loop, if the connection still lives. Safe
/// from any thread.
public final class OffloadPool: Sendable {
  private struct State {
    var waiting: [@Sendable () -> Void] = []
    /// The first of `waiting` that is still to be done.
    var next = 0
    var isClosed = false
  }

  /// How many pieces of work may wait, beside those being done.
  public let limit: Int
  private let givesWay: Bool
  private let state = Lock(State())
  private let available = Semaphore()
  private let threads: Lock<[ThreadBox]>

  private final class ThreadBox: @unchecked Sendable {
    var thread: LoopThread?
    init(_ thread: consuming LoopThread) { self.thread = consume thread }
    func join() { thread.take()?.join() }
  }

  /// Starts the pool's threads. They keep the pool alive until it is closed.
  ///
  /// - Parameters:
  ///   - threads: How many pieces of work are done at once, at least one.
  ///   - limit: How many may wait; ``submit(_:)`` refuses more.
  ///   - givesWay: Its threads have a processor when hardly anybody else wants it (they are as "nice" as can be): for
  ///     work that computes for long beside loops, which then need not wait for it. Where all processors are busy it
  ///     gets about a hundredth of one.
  public init(threads: Int = 4, limit: Int = 1024, givesWay: Bool = false) throws(SystemError) {
    self.limit = max(0, limit)
    self.givesWay = givesWay
    self.threads = Lock([])
    do throws(SystemError) {
      for _ in 0..<max(1, threads) {
        let box = ThreadBox(try LoopThread { self.work() })
        self.threads.withLock { $0.append(box) }
      }
    } catch {
      close()
      throw error
    }
  }

  private func work() {
    if givesWay { LoopThread.giveWay() }
    while true {
      available.wait()
      // One signal for each piece of work, and one for each thread when the pool is closed.
      guard let work = take() else { return }
      work()
    }
  }

  private func take() -> (@Sendable () -> Void)? {
    state.withLock { state in
      guard state.next < state.waiting.count else { return nil }
      let work = state.waiting[state.next]
      state.next += 1
      // Also when it is never empty, what was taken is given up, at a constant cost for each.
      if state.next * 2 >= state.waiting.count {
        state.waiting.removeFirst(state.next)
        state.next = 0
      }
      return work
    }
  }

  /// Hands a piece of work over. False when as many wait as may, or the pool is closed: answer
  /// "busy", or try later.
  public func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
    let isTaken = state.withLock { state in
      guard !state.isClosed, state.waiting.count - state.next < limit else { return false }
      state.waiting.append(work)
      return true
    }
    if isTaken { available.signal() }
    return isTaken
  }

  /// Takes no more work, waits until what was handed over is done, and ends the threads. Not to be
  /// called by work that the pool does itself.
  public func close() {
    let first = state.withLock { state in
      defer { state.isClosed = true }
      return !state.isClosed
    }
    guard first else { return }
    let boxes = threads.withLock { $0 }
    for _ in boxes { available.signal() }
    for box in boxes { box.join() }
  }
}
