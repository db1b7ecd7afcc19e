internal import CKernel

/// A counting semaphore for threads that have nothing better to do than wait. Never on a loop.
@safe
final class Semaphore: @unchecked Sendable {
  // Its memory must not move; the system's calls on it are safe from any thread.
  private let raw: UnsafeMutablePointer<ck_semaphore>

  init() {
    unsafe raw = .allocate(capacity: 1)
    unsafe ck_semaphore_open(raw)
  }

  deinit {
    unsafe ck_semaphore_close(raw)
    unsafe raw.deallocate()
  }

  func signal() { unsafe ck_semaphore_signal(raw) }
  func wait() { _ = wait(until: .distantFuture) }

  /// Waits for one signal until a moment: whether it came.
  func wait(until deadline: Instant) -> Bool {
    unsafe ck_semaphore_wait(raw, deadline.nanoseconds) != 0
  }
}
