internal import CKernel

/// State that several threads share. Held for a few instructions and never across a wait for
/// another thread's work, so that a loop may take it.
///
/// A `pthread_mutex_t` instead of `Synchronization.Mutex`, for one reason: the thread sanitizer
/// understands it. Where a `Mutex` on Linux is contended, one thread hands it to the next through
/// the kernel, in code of the Swift runtime that is not instrumented, and the sanitizer then takes
/// every access it protects for a race. Both cost the same when nobody waits: one atomic exchange.
@safe
package final class Lock<State>: @unchecked Sendable {
  // Its memory must not move; the system's calls on it are safe from any thread.
  private let raw: UnsafeMutablePointer<pthread_mutex_t>
  nonisolated(unsafe) private var state: State

  package init(_ state: sending State) {
    unsafe raw = .allocate(capacity: 1)
    unsafe ck_lock_open(raw)
    unsafe self.state = state
  }

  deinit {
    unsafe ck_lock_close(raw)
    unsafe raw.deallocate()
  }

  /// Runs `body` with the state, one thread at a time. Not to be called from within `body`.
  package func withLock<Result, Failure: Error>(
    _ body: (inout sending State) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    unsafe ck_lock_take(raw)
    defer { unsafe ck_lock_leave(raw) }
    return try unsafe body(&state)
  }
}
