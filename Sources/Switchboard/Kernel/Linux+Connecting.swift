internal import CKernel

// What a client needs that connects often, and from many addresses.
extension Linux {
  /// Leaves the choice of a local port to `connect`, which knows the peer and may use a port again
  /// for another (`IP_BIND_ADDRESS_NO_PORT`). Before `bind` with port 0.
  public func choosePortWhenConnecting(_ descriptor: Descriptor) -> Outcome {
    Outcome(raw: ck_bind_no_port(descriptor.rawValue))
  }

  /// Whether a connection that was made to an address is one with itself: both ends are this socket.
  ///
  /// So it goes where nobody listens on a port from which connections are made, too
  /// (`ip_local_port_range`): in the end an attempt is given just that port, the two beginnings of
  /// one connection cross (RFC 9293, 3.5), and whatever is sent comes back.
  public func isConnectedToItself(_ descriptor: Descriptor, to address: SocketAddress) -> Bool {
    var own = SocketAddress.any(port: 0)
    guard localAddress(descriptor, into: &own).isSuccess, own.port == address.port else {
      return false
    }
    var peer = SocketAddress.any(port: 0)
    return peerAddress(descriptor, into: &peer).isSuccess && own == peer
  }
}
