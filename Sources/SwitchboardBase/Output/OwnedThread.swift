import Switchboard

/// A thread that an object or a struct can hold; it is joined once, by whoever ends it.
package final class OwnedThread: @unchecked Sendable {
  private var thread: LoopThread?

  /// Starts one.
  package init(_ body: sending @escaping () -> Void) throws(SystemError) {
    thread = try LoopThread(body)
  }

  /// Waits for its end.
  package func join() { thread.take()?.join() }
}
