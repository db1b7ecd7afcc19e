import Switchboard
import SwitchboardProtocols

/// A whole conversation of the reactor's frames peer with a kernel that receives and sends as the
/// choices say: in pieces of any size, not at all, interrupted, or with a connection that breaks.
func check(_ input: Input) {
  var input = input
  let drainAt = input.next() ?? 255
  let kernel = ScriptedKernel(input)
  let socket = Socket(adopting: Descriptor(rawValue: 7), system: kernel)
  var peer = FramesPeer()
  var interest = peer.connected()
  var turns = 0
  while !interest.isEmpty {
    if turns == drainAt { interest = peer.drain(socket, &scratch) }
    // As the reactor does: first what is owed, then what is asked.
    if interest.contains(.write) { interest = peer.readyToSend(socket, &scratch) }
    if interest.contains(.read) { interest = peer.readyToReceive(socket, &scratch) }
    expect(peer.unsent <= FramesPeer.bufferSize, "\(peer.unsent) unsent")
    kernel.compare(isComplete: false)
    turns += 1
    expect(turns < 4 * (input.bytes.count + 300), "goes on for ever")
  }
  switch peer.ending {
  case .failed: expect(kernel.isBroken, "says that the connection broke")
  case .endOfStream: kernel.compare(isComplete: true)
  case nil:
    expect(turns >= drainAt, "ended for no reason")
    expect(peer.state == .waitingForMessage, "left an open frame")
    kernel.compare(isComplete: true)
  }
}

nonisolated(unsafe) private var scratch = [UInt8](repeating: 0, count: FramesPeer.bufferSize)

/// One connection: what its peer sends is the input's bytes, and how each call goes a choice.
private final class ScriptedKernel: @unchecked Sendable {
  private var input: Input
  private var received = 0
  private var sent: [UInt8] = []
  private(set) var isBroken = false

  init(_ input: Input) { self.input = input }

  /// What was sent is what is owed for what was received, or the beginning of it.
  func compare(isComplete: Bool) {
    var (owed, inFrame) = ([UInt8(ascii: "*")], false)
    for byte in input.bytes[..<received] {
      switch (inFrame, byte) {
      case (false, 0x5E): inFrame = true
      case (true, 0x24): inFrame = false
      case (true, _): owed.append(byte &+ 1)
      case (false, _): break
      }
    }
    expect(isComplete ? sent == owed : owed.starts(with: sent), "sent \(sent), owed \(owed)")
  }

  /// How the next call goes: nil, as far as it can; or at most so many bytes; or an error.
  private func next() -> Outcome? {
    guard let choice = input.next() else { return nil }
    switch choice {
    case 255:
      isBroken = true
      return .failure(Errno(rawValue: 104))
    case 248...: return .failure(Errno(rawValue: 4))
    case 232...: return .failure(Errno(rawValue: 11))
    default: return .value(choice + 1)
    }
  }
}

extension ScriptedKernel: Kernel {
  func receive(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    let most = next() ?? .value(buffer.count)
    guard most.isSuccess else { return most }
    let bytes = input.bytes[received...].prefix(min(most.value, buffer.count))
    buffer.copyBytes(from: bytes)
    received += bytes.count
    return .value(bytes.count)
  }

  func send(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome {
    let most = next() ?? .value(buffer.count)
    guard most.isSuccess else { return most }
    sent += buffer.prefix(most.value)
    return .value(min(most.value, buffer.count))
  }

  func close(_ descriptor: Descriptor) -> Outcome { .value(0) }

  // The peer makes none of these.
  private var none: Outcome { fatalError("a call that the peer must not make") }
  func now() -> Instant { fatalError("a call that the peer must not make") }
  func entropy() -> UInt64 { fatalError("a call that the peer must not make") }
  func socket(_ family: SocketAddress.Family) -> Outcome { none }
  func bind(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome { none }
  func listen(_ descriptor: Descriptor, backlog: Int32) -> Outcome { none }
  func accept(_ descriptor: Descriptor, peer: inout SocketAddress) -> Outcome { none }
  func connect(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome { none }
  func shutdownSending(_ descriptor: Descriptor) -> Outcome { none }
  func set(_ option: SocketOption, _ value: Int32, on descriptor: Descriptor) -> Outcome { none }
  func get(_ option: SocketOption, on descriptor: Descriptor) -> Outcome { none }
  func localAddress(_ descriptor: Descriptor, into address: inout SocketAddress) -> Outcome { none }
  func peerAddress(_ descriptor: Descriptor, into address: inout SocketAddress) -> Outcome { none }
  func eventDescriptor() -> Outcome { none }
  func read(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    none
  }
  func write(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome { none }
  func descriptorLimit() -> Outcome { none }
}
