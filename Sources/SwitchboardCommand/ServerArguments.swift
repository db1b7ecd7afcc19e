import ArgumentParser
import Switchboard
import SwitchboardBase

/// A server to connect to, or several, as every subcommand takes them: `localhost:9090`, `[::1]:9090`,
/// `localhost 9090`, or `9090` on this machine.
struct ServerArguments: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "The server, such as localhost:9090, [::1]:9090, or 9090 on this machine.",
      valueName: "host:port"))
  var host: String

  @Argument(help: .hidden, transform: Read.port)
  var port: UInt16?

  /// All that were named, with commas between.
  func all() throws -> [HostPort] { try Read.servers(host, port) }

  /// The one that there may be.
  func one() throws -> HostPort {
    let found = try all()
    guard found.count == 1 else {
      throw ValidationError("Give one '<host:port>': '\(host)' are \(found.count).")
    }
    return found[0]
  }
}

extension Read {
  /// Servers to connect to; one, where its port stands apart.
  static func servers(_ host: String, _ port: UInt16?) throws -> [HostPort] {
    guard let port else { return try servers(host) }
    // An IPv6 address has more colons than one.
    guard host.contains("]:") || host.count(where: { $0 == ":" }) == 1 else {
      return [HostPort(host: host, port: port)]
    }
    throw ValidationError("Give one port: '\(host)' has one, and '\(port)' is another.")
  }

  /// Servers to connect to, with commas between.
  static func servers(_ text: String) throws -> [HostPort] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let server = HostPort(String(part)), server.port > 0 else {
        throw ValidationError("'\(part)' is no server: give host:port, such as localhost:9090.")
      }
      return server
    }
  }
}
