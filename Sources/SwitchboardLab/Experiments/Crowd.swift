import Switchboard

/// Many loopback connections with both ends in this process, a few of them with a byte to receive.
struct Crowd: ~Copyable {
  /// How many have something to receive.
  let active: Int
  /// The ends to watch, the active ones spread evenly among them.
  let watched: [Descriptor]
  private let owned: Descriptors

  /// Closes them all at the end of its life.
  private final class Descriptors {
    var numbers: [Descriptor] = []
    deinit { for number in numbers { _ = Linux().close(number) } }
  }

  /// Opens `active + idle` connections.
  init(active: Int, idle: Int) throws {
    let system = Linux()
    let listener = try Listener(on: .loopback(port: 0), system: system)
    let owned = Descriptors()
    let count = active + idle
    var near: [Descriptor] = []
    var far: [Descriptor] = []
    while far.count < count {
      // A thousand at a time: so many fit into the accept queue, and the ends that are watched get
      // the low numbers, which are all that select can hold.
      while near.count < count, near.count - far.count < 1000 {
        near.append(try Crowd.connect(to: listener.address, owned))
      }
      while far.count < near.count { far.append(try Crowd.accept(from: listener, owned)) }
    }
    for index in 0..<active { try Crowd.sendByte(on: far[index * count / active]) }
    self.active = active
    self.owned = owned
    watched = near
  }

  private static func connect(to address: SocketAddress, _ owned: Descriptors) throws -> Descriptor
  {
    let system = Linux()
    let outcome = system.socket(address.family)
    if let errno = outcome.errno { throw SystemError(.socket, errno, on: .address(address)) }
    let descriptor = Descriptor(rawValue: Int32(outcome.value))
    owned.numbers.append(descriptor)
    // In progress is the normal answer of a non-blocking socket.
    if let errno = system.connect(descriptor, to: address).errno, errno.rawValue != 115 {
      throw SystemError(.connect, errno, on: .address(address))
    }
    return descriptor
  }

  private static func accept(
    from listener: borrowing Listener<Linux>, _ owned: Descriptors
  ) throws -> Descriptor {
    let system = Linux()
    var peer = SocketAddress.any(port: 0)
    var events = EventBuffer(capacity: 1)
    let end = system.now() + .seconds(2)
    while true {
      let outcome = system.accept(listener.descriptor, peer: &peer)
      guard let errno = outcome.errno else {
        let descriptor = Descriptor(rawValue: Int32(outcome.value))
        owned.numbers.append(descriptor)
        return descriptor
      }
      guard errno.rawValue == 11, system.now() < end else {
        throw SystemError(.accept, errno, on: .descriptor(listener.descriptor))
      }
      var poller = try Poll(system: system)
      try poller.set(
        listener.descriptor, .read, was: nil, key: Key(index: 0, generation: 1))
      try poller.wait(until: end, into: &events)
    }
  }

  private static func sendByte(on descriptor: Descriptor) throws {
    let byte: [UInt8] = [0x2A]
    let outcome = unsafe byte.withUnsafeBytes { unsafe Linux().send(descriptor, from: $0) }
    if let errno = outcome.errno { throw SystemError(.send, errno, on: .descriptor(descriptor)) }
  }
}
