@testable import Switchboard

/// The real kernel, with the descriptors that it closes noted down.
struct CountingKernel: KernelDecorator {
  private final class Notes: Sendable { let closes = Lock<[Int32]>([]) }
  let base = Linux()
  private let notes = Notes()

  /// The numbers closed so far, in order.
  var closes: [Int32] { notes.closes.withLock { $0 } }

  func close(_ descriptor: Descriptor) -> Outcome {
    notes.closes.withLock { $0.append(descriptor.rawValue) }
    return base.close(descriptor)
  }
}
