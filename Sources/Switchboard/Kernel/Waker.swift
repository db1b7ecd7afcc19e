import Synchronization

/// Wakes a loop from another thread, and tells it to stop or to drain.
///
/// It is the only part of a loop that other threads may touch. It keeps its descriptor open as
/// long as anybody holds it, so a late wake-up reaches nothing else. Safe from any thread.
public final class Waker<System: Kernel>: Sendable {
  /// What a loop is asked to do; a later request is never weaker than an earlier one.
  @frozen public enum Request: UInt8, Comparable, Sendable {
    /// Nothing.
    case none
    /// Accept no more, let what is under way finish, then end.
    case drain
    /// End at once.
    case stop

    /// Weaker before stronger.
    public static func < (a: Request, b: Request) -> Bool { a.rawValue < b.rawValue }
  }

  let descriptor: Descriptor
  private let system: System
  private let wanted = Atomic<UInt8>(Request.none.rawValue)

  init(system: System) throws(SystemError) {
    self.system = system
    descriptor = try system.must(.eventDescriptor) { system.eventDescriptor() }.descriptor
  }

  deinit { _ = system.close(descriptor) }

  /// The strongest request so far.
  public var request: Request { Request(rawValue: wanted.load(ordering: .acquiring)) ?? .none }

  /// Asks the loop to stop accepting, finish what is under way and end.
  public func drain() { ask(.drain) }

  /// Asks the loop to end at once.
  public func stop() { ask(.stop) }

  private func ask(_ request: Request) {
    _ = wanted.max(request.rawValue, ordering: .acquiringAndReleasing)
    wake()
  }

  /// Ends the loop's current wait.
  public func wake() {
    let (system, descriptor) = (system, descriptor)
    var one: UInt64 = 1
    // EAGAIN means that the counter is full, so the loop is awake anyway.
    _ = unsafe withUnsafeBytes(of: &one) { bytes in
      system.retryingInterrupts { unsafe system.write(descriptor, from: bytes) }
    }
  }

  /// Takes the wake-ups that came, so that the descriptor is no longer readable.
  func acknowledge() {
    let (system, descriptor) = (system, descriptor)
    var count: UInt64 = 0
    _ = unsafe withUnsafeMutableBytes(of: &count) { bytes in
      system.retryingInterrupts { unsafe system.read(descriptor, into: bytes) }
    }
  }
}
