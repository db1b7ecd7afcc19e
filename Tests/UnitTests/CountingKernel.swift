
@testable import Switchboard

/// The real kernel, with the descriptors that it closes noted down.
struct CountingKernel: Kernel {
  private final class Notes: Sendable { let closes = Lock<[Int32]>([]) }
  private let linux = Linux()
  private let notes = Notes()

  /// The numbers closed so far, in order.
  var closes: [Int32] { notes.closes.withLock { $0 } }

  func close(_ descriptor: Descriptor) -> Outcome {
    notes.closes.withLock { $0.append(descriptor.rawValue) }
    return linux.close(descriptor)
  }

  func now() -> Instant { linux.now() }
  func entropy() -> UInt64 { linux.entropy() }
  func socket(_ family: SocketAddress.Family) -> Outcome { linux.socket(family) }
  func bind(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome {
    linux.bind(descriptor, to: address)
  }
  func listen(_ descriptor: Descriptor, backlog: Int32) -> Outcome {
    linux.listen(descriptor, backlog: backlog)
  }
  func accept(_ descriptor: Descriptor, peer: inout SocketAddress) -> Outcome {
    linux.accept(descriptor, peer: &peer)
  }
  func connect(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome {
    linux.connect(descriptor, to: address)
  }
  func receive(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    linux.receive(descriptor, into: buffer)
  }
  func send(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome {
    linux.send(descriptor, from: buffer)
  }
  func shutdownSending(_ descriptor: Descriptor) -> Outcome { linux.shutdownSending(descriptor) }
  func set(_ option: SocketOption, _ value: Int32, on descriptor: Descriptor) -> Outcome {
    linux.set(option, value, on: descriptor)
  }
  func get(_ option: SocketOption, on descriptor: Descriptor) -> Outcome {
    linux.get(option, on: descriptor)
  }
  func localAddress(_ descriptor: Descriptor, into address: inout SocketAddress) -> Outcome {
    linux.localAddress(descriptor, into: &address)
  }
  func peerAddress(_ descriptor: Descriptor, into address: inout SocketAddress) -> Outcome {
    linux.peerAddress(descriptor, into: &address)
  }
  func eventDescriptor() -> Outcome { linux.eventDescriptor() }
  func read(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    linux.read(descriptor, into: buffer)
  }
  func write(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome {
    linux.write(descriptor, from: buffer)
  }
  func descriptorLimit() -> Outcome { linux.descriptorLimit() }
}
