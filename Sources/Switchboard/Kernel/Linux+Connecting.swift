// What a client needs that connects often.
extension Linux {
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
