import ArgumentParser
import Switchboard
import SwitchboardBase

/// Where load goes: a server of a host and a port, or a Unix-domain socket. A URL says what is asked for as well.
struct LoadTarget: Hashable {
  enum Place: Hashable {
    case server(HostPort)
    case socket(SocketAddress)
  }

  let place: Place
  /// What a URL asks for, from the slash on; nil where none was written.
  var path: String?
  /// Whether a URL was written.
  var isURL = false

  /// What a request of HTTP says of its host, as it was written.
  var host: String {
    guard case .server(let server) = place else { return "localhost" }
    let isBare = server.name.contains(":") && !server.name.hasPrefix("[")
    let name = isBare ? "[\(server.name)]" : server.name
    return server.port == LoadTarget.usualPort ? name : "\(name):\(server.port)"
  }

  /// What a certificate is expected to be for.
  var name: String {
    guard case .server(let server) = place else { return "localhost" }
    return server.name
  }

  /// The port of a URL that names none.
  static let usualPort: UInt16 = 80
}

/// The servers of a load: as every subcommand takes them, or a URL, or Unix-domain sockets.
struct LoadTargetArguments: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "The server, such as localhost:9090, [::1]:9090, 9090 on this machine, "
        + "http://localhost:8080/path, or unix:/run/service.sock.",
      valueName: "host:port"))
  var host: String

  @Argument(help: .hidden, transform: Read.port)
  var port: UInt16?

  /// All that were named, with commas between.
  func all() throws -> [LoadTarget] {
    guard port == nil, host.contains("://") || host.contains("unix:") else {
      return try Read.servers(host, port).map { LoadTarget(place: .server($0)) }
    }
    return try Read.targets(host)
  }
}

extension Read {
  /// Servers and sockets, with commas between; or one URL, which may have commas of its own.
  static func targets(_ text: String) throws -> [LoadTarget] {
    if text.contains("://") { return [try url(text)] }
    return try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      let part = String(part)
      if let address = try unixSocket(part) { return LoadTarget(place: .socket(address)) }
      return LoadTarget(place: .server(try servers(part)[0]))
    }
  }

  /// `http://host:port/path`; a port of 80 and a path of `/` need not be written.
  private static func url(_ text: String) throws -> LoadTarget {
    let scheme = "http://"
    guard text.hasPrefix(scheme) else {
      throw ValidationError("'\(text)' is not spoken here: give http://host:port/path.")
    }
    let rest = text.dropFirst(scheme.count)
    let authority = String(rest.prefix { !"/?#".contains($0) })
    let path = rest.dropFirst(authority.count)
    guard !authority.contains(","), !path.contains(",\(scheme)") else {
      throw ValidationError(
        "'\(text)' is more than one URL: give one, or host:port,host:port with '--path'.")
    }
    guard !authority.contains("@"), !path.contains("#") else {
      throw ValidationError(
        "'\(text)' has a user's name or a fragment: leave it out, or say it with '--header'.")
    }
    // An IPv6 address has colons of its own, within brackets.
    let behind = authority.hasPrefix("[") ? authority.drop { $0 != "]" } : authority[...]
    let server =
      behind.contains(":")
      ? HostPort(authority) : HostPort(host: authority, port: LoadTarget.usualPort)
    guard let server, !authority.isEmpty, server.port > 0 else {
      throw ValidationError(
        "'\(text)' has no host, or a port that is none: give http://host:port/path.")
    }
    var target = LoadTarget(place: .server(server))
    target.isURL = true
    if let first = path.first { target.path = first == "/" ? String(path) : "/" + String(path) }
    return target
  }
}
