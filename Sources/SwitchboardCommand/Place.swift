import ArgumentParser
import Switchboard
import SwitchboardBase

/// Where something listens, as it is written: `host:port`, a port, `unix:PATH`, or `unix:@NAME`.
enum Place: Hashable {
  case port(HostPort)
  case socket(SocketAddress)

  init(_ text: String, _ use: String) throws {
    if let address = try Read.unixSocket(text) {
      self = .socket(address)
      return
    }
    // A port of this machine may have its colon before it.
    let written = text.hasPrefix(":") ? String(text.dropFirst()) : text
    guard let place = HostPort(written) else {
      throw ValidationError(
        "'\(text)' is no place to \(use): give host:port, a port, or unix:PATH, such as "
          + "127.0.0.1:9090, [::1]:9090, 9090 or unix:/run/app.sock.")
    }
    self = .port(place)
  }

  /// Where to listen.
  static func listening(_ text: String) throws -> Place { try Place(text, "listen") }

  /// Where to connect to, with commas between.
  static func upstreams(_ text: String) throws -> [ConnectTarget] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      switch try Place(String(part), "connect to") {
      case .socket(let address): return .address(address)
      case .port(let place):
        guard place.port > 0 else {
          throw ValidationError("'\(part)' has no port to connect to: give one from 1 to 65535.")
        }
        // What need not be looked up for each connection is not.
        let address = SocketAddress(inNumbers: place.name, port: place.port)
        return address.map(ConnectTarget.address) ?? .host(place.name, port: place.port)
      }
    }
  }

  /// The addresses to listen on.
  func addresses() throws -> [SocketAddress] {
    switch self {
    case .socket(let address): [address]
    case .port(let place):
      try SocketAddress.toListenOn(place.host ?? "127.0.0.1", port: place.port)
    }
  }
}

extension Read {
  /// What the kernel has room for in a Unix-domain socket's name: see unix(7).
  private static let longestPath = 107

  /// A Unix-domain socket, `unix:PATH` or `unix:@NAME`; nil for what does not begin so.
  static func unixSocket(_ text: String) throws -> SocketAddress? {
    let prefix = "unix:"
    guard text.hasPrefix(prefix) else { return nil }
    let written = text.dropFirst(prefix.count)
    let isAbstract = written.hasPrefix("@")
    let name = String(isAbstract ? written.dropFirst() : written)
    guard (1...longestPath).contains(name.utf8.count) else {
      throw ValidationError(
        "'\(text)' is no socket: give a path, such as unix:/run/app.sock, or an abstract name, such as "
          + "unix:@app, of 1 to \(longestPath) bytes.")
    }
    return isAbstract ? .abstract(name) : .unix(name)
  }
}
