/// What a ``Connection`` can ask of its loop, whatever the loop's backend.
class LoopContext {
  /// The loop's `MessageBox`, of whatever messages its sessions take.
  let box: AnyObject

  init(box: AnyObject) { self.box = box }

  /// - Parameter descriptor: As the backend numbers it.
  func peerAddress(_ descriptor: Int32) -> SocketAddress? { nil }
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

  override func peerAddress(_ descriptor: Int32) -> SocketAddress? {
    if let address = latest.address(of: descriptor) { return address }
    var address = SocketAddress.any(port: 0)
    let asked = system.peerAddress(Descriptor(rawValue: descriptor), into: &address)
    return asked.isSuccess ? address.unmapped : nil
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

  func address(of descriptor: Int32) -> SocketAddress? {
    descriptor == self.descriptor ? address.unmapped : nil
  }
}
