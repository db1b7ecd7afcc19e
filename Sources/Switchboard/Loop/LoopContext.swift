/// What a ``Connection`` can ask of its loop, whatever the loop's backend.
class LoopContext {
  /// The loop's `MessageBox`, of whatever messages its sessions take.
  let box: AnyObject
  /// What the loop's sessions share, by its class.
  var locals: [ObjectIdentifier: AnyObject] = [:]

  init(box: AnyObject) { self.box = box }

  /// Takes over an ordinary descriptor, a socket that is connected and watched by nobody: the number that is
  /// to stand in the connection's slot. From here on the backend closes it. Or why it cannot: then the
  /// descriptor stays the caller's.
  func adopt(_ descriptor: Descriptor) -> Outcome { .failure(.notSupported) }

  /// - Parameter descriptor: As the backend numbers it.
  func peerAddress(_ descriptor: Int32) -> SocketAddress? { nil }
  /// The same of the connection that was accepted last, as far as accepting told it: no call is made.
  func acceptedAddress(_ descriptor: Int32) -> SocketAddress? { nil }
  /// Where the connection arrived; nil when that is not known any more.
  func localAddress(_ descriptor: Int32) -> SocketAddress? { nil }
  /// Who is at the other end of a Unix-domain socket; nil when that is not known.
  func peerCredentials(_ descriptor: Int32) -> PeerCredentials? { nil }
  /// Closing the connection is to reset it. As well as can be: where the kernel refuses, it ends as others do.
  func resetAtClose(_ descriptor: Int32) {}
  /// When the peer last took something of what was sent to it; nil when that is not known.
  func lastProgress(_ descriptor: Int32, _ now: Instant) -> Instant? { nil }
}

/// For backends whose descriptors are the system's own.
final class DescriptorContext<System: Kernel>: LoopContext {
  private let system: System
  private let latest: LatestPeer

  init(box: AnyObject, system: System, latest: LatestPeer) {
    self.system = system
    self.latest = latest
    super.init(box: box)
  }

  override func adopt(_ descriptor: Descriptor) -> Outcome {
    latest.forget(descriptor.rawValue)
    return .value(Int(descriptor.rawValue))
  }

  override func peerAddress(_ descriptor: Int32) -> SocketAddress? {
    if let address = latest.address(of: descriptor) { return address }
    var address = SocketAddress.any(port: 0)
    let asked = system.peerAddress(Descriptor(rawValue: descriptor), into: &address)
    return asked.isSuccess ? address.unmapped : nil
  }

  override func acceptedAddress(_ descriptor: Int32) -> SocketAddress? {
    latest.address(of: descriptor)
  }

  override func localAddress(_ descriptor: Int32) -> SocketAddress? {
    system.localAddress(of: Descriptor(rawValue: descriptor))
  }

  override func peerCredentials(_ descriptor: Int32) -> PeerCredentials? {
    system.peerCredentials(of: Descriptor(rawValue: descriptor))
  }

  override func resetAtClose(_ descriptor: Int32) {
    system.resetAtClose(Descriptor(rawValue: descriptor))
  }

  override func lastProgress(_ descriptor: Int32, _ now: Instant) -> Instant? {
    system.lastProgress(on: Descriptor(rawValue: descriptor), now)
  }
}

/// Where the connection that was accepted last comes from, as `accept4(2)` told: a peer that has reset
/// its connection since can no longer be asked for.
final class LatestPeer {
  private var descriptor: Int32 = -1
  private var address = SocketAddress.any(port: 0)

  /// Every connection that is accepted is noted, so that a number that is used again is another's.
  func note(_ descriptor: Int32, _ address: SocketAddress) {
    (self.descriptor, self.address) = (descriptor, address)
  }

  /// The number is another connection's from here on, which was not accepted.
  func forget(_ descriptor: Int32) {
    if descriptor == self.descriptor { self.descriptor = -1 }
  }

  func address(of descriptor: Int32) -> SocketAddress? {
    descriptor == self.descriptor ? address.unmapped : nil
  }
}

extension Kernel {
  /// Where a connection arrived, IPv4 as IPv4.
  func localAddress(of descriptor: Descriptor) -> SocketAddress? {
    var address = SocketAddress.any(port: 0)
    return localAddress(descriptor, into: &address).isSuccess ? address.unmapped : nil
  }

  /// Closing a socket is to reset it: what `SO_LINGER` does with no time.
  func resetAtClose(_ descriptor: Descriptor) { _ = set(.linger, 0, on: descriptor) }

  /// Who is at the other end of a Unix-domain socket.
  func peerCredentials(of descriptor: Descriptor) -> PeerCredentials? {
    // What other sockets are asked for is answered too: nobody.
    var address = SocketAddress.any(port: 0)
    guard localAddress(descriptor, into: &address).isSuccess, address.family == .unix else {
      return nil
    }
    var found = PeerCredentials(process: 0, user: 0, group: 0)
    return peerCredentials(descriptor, into: &found).isSuccess ? found : nil
  }
}
