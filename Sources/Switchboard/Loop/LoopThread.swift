internal import CKernel

/// A thread of the operating system, for a loop to live on. Its end is awaited exactly once, or it is left to
/// itself. It blocks no signal that its maker did not block, so that processes it starts begin with a
/// clean mask.
public struct LoopThread: ~Copyable {
  private let thread: pthread_t

  private final class Body {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
  }

  /// Starts a thread that runs `body` and ends with it.
  ///
  /// - Throws: `EAGAIN` when the system has no room for another thread.
  public init(_ body: sending @escaping () -> Void) throws(SystemError) {
    let box = unsafe Unmanaged.passRetained(Body(body))
    var thread = pthread_t()
    let outcome = unsafe Outcome(
      raw: ck_thread_start(
        &thread, 0,
        { argument in
          let box = unsafe Unmanaged<Body>.fromOpaque(argument.unsafelyUnwrapped)
          unsafe box.takeRetainedValue().run()
          return nil
        }, box.toOpaque()))
    if let errno = outcome.errno {
      unsafe box.release()
      throw SystemError(.startThread, errno)
    }
    self.thread = thread
  }

  /// Has the thread that calls this give way to all others.
  static func giveWay() { ck_thread_give_way() }

  /// Waits until the thread has ended.
  public consuming func join() { ck_thread_join(thread) }

  /// Leaves it to itself: nobody awaits its end, which the end of the process does not wait for either.
  public consuming func detach() { ck_thread_detach(thread) }
}
