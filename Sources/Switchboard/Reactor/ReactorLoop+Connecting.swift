/// Connections that are begun here.
extension ReactorLoop where P: ~Copyable {
  mutating func connect(to address: SocketAddress) throws(SystemError) -> Key {
    now = system.now()
    guard slots.count < mostSlots else {
      throw SystemError(.connect, .descriptorLimit, on: .address(address))
    }
    let socket = try Socket.connecting(to: address, system: system)
    let descriptor = socket.descriptor
    let key = insert(socket, address, isConnecting: true)
    do throws(RegistrationError) {
      try poller.set(descriptor, .write, was: nil, key: key)
    } catch {
      _ = slots.remove(key)
      throw error.asSystemError(descriptor)
    }
    slots[key].interest = .write
    slots[key].phaseEnd = now + options.connectTimeout
    schedule(key)
    return key
  }

  mutating func finishConnecting(_ key: Key) {
    if let errno = slots[key].peer.socket.takeError() {
      return failConnecting(key, errno)
    }
    slots[key].isConnecting = false
    slots[key].phaseEnd = nil
    follow(handler.peerConnected(&slots[key].peer), key)
  }

  mutating func failConnecting(_ key: Key, _ errno: Errno) {
    let error = SystemError(.connect, errno, on: .address(slots[key].peer.address))
    closeNow(key, .connectFailed(error))
  }
}
