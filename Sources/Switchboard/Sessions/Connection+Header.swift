extension Connection {
  /// What a server behind is to be told of the connection that was just opened: as its own proxy told, or where it
  /// comes from and where it arrived.
  mutating func header(_ version: ProxyHeader.Version) -> [UInt8] {
    var header = ProxyHeader(.proxy)
    let arrived = proxied?.destination ?? loop.localAddress(descriptor)
    if let peer = peerAddress, let arrived { header = ProxyHeader(from: peer, to: arrived) }
    if let proxied { header.values = proxied.values }
    header.version = version
    let told = try? header.encoded()
    // What came may be as long as a header may be, and an address be said in more bytes.
    header.values = ProxyValues()
    return told ?? (try? header.encoded()) ?? []
  }
}
