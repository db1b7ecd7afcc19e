import Synchronization

/// What other threads may touch of a loop: its waker and its mailbox.
final class LoopControl<System: Kernel>: Sendable {
  let waker: Waker<System>
  let mailbox = Mailbox()
  private let others = Mutex<[Waker<System>]>([])
  /// For connections; set up before the loop runs.
  let context: LoopContext

  init(system: System) throws(SystemError) {
    waker = try Waker(system: system)
    context = LoopContext()
  }

  /// Makes ``drainAll()`` reach another loop too.
  func addSibling(_ waker: Waker<System>) { others.withLock { $0.append(waker) } }

  /// Drains this loop and its siblings.
  func drainAll() {
    waker.drain()
    for other in others.withLock({ $0 }) { other.drain() }
  }
}

/// Work that was posted to a loop by others, in order. Bounded.
final class Mailbox: Sendable {
  private let letters = Mutex<[@Sendable () -> Void]>([])

  /// Whether the loop must be woken: it need not when letters lie there already.
  func add(_ letter: @escaping @Sendable () -> Void) -> Bool {
    letters.withLock { letters in
      letters.append(letter)
      return letters.count == 1
    }
  }

  func takeAll() -> [@Sendable () -> Void] {
    letters.withLock { letters in
      defer { letters = [] }
      return letters
    }
  }
}

extension EventLoop where B: ~Copyable {
  mutating func deliverMail() {}
}
