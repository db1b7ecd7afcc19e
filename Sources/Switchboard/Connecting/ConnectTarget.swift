/// Where an outgoing connection goes.
public enum ConnectTarget: Hashable, Sendable, CustomStringConvertible {
  /// An address, a Unix-domain socket's among them.
  case address(SocketAddress)
  /// A name, or an address in numbers, and a port. The name is looked up by the server's
  /// ``Server/resolver``, and its addresses are tried as RFC 8305 ("Happy Eyeballs") has it.
  case host(String, port: UInt16)

  /// As people write it.
  public var description: String {
    switch self {
    case .address(let address): "\(address)"
    case .host(let name, let port): name.contains(":") ? "[\(name)]:\(port)" : "\(name):\(port)"
    }
  }
}
