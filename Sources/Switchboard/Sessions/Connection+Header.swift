extension Connection {
  /// The connection's own address, and its port; nil when it is no longer there to ask. A system call.
  public var localAddress: SocketAddress? { loop.localAddress(descriptor) }

  /// What a server behind is to be told of the connection that was just opened: as its own proxy told, or where it
  /// comes from and where it arrived.
  mutating func header(_ version: ProxyHeader.Version) -> [UInt8] {
    var header = ProxyHeader(from: peerAddress, to: proxied?.destination ?? localAddress)
    if let proxied { header.values = proxied.values }
    header.version = version
    let told = try? header.encoded()
    // What came may be as long as a header may be, and an address be said in more bytes.
    header.values = ProxyValues()
    return told ?? (try? header.encoded()) ?? []
  }
}
