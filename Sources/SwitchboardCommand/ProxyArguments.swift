import ArgumentParser
import Switchboard

/// Which headers of the PROXY protocol are taken, as it is written on the command line.
enum ProxyVersions: String, CaseIterable, ExpressibleByArgument {
  case v1, v2, any

  var versions: ProxyHeader.Versions {
    switch self {
    case .v1: .v1
    case .v2: .v2
    case .any: .any
    }
  }
}

/// Which header is sent, as it is written on the command line.
enum ProxyVersion: String, CaseIterable, ExpressibleByArgument {
  case v1, v2

  var version: ProxyHeader.Version { self == .v1 ? .v1 : .v2 }
}

/// The options of `switchboard serve` and `relay` for clients that come through a proxy.
struct ProxyArguments: ParsableArguments {
  @Option(
    help: """
      Connections begin with a header of the PROXY protocol, of version 1, version 2 or either, which \
      tells whose they are; others are closed. Goes with '--trust'. (default: none does)
      """)
  var proxyProtocol: ProxyVersions?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      """
      Who may send such headers: addresses and prefixes such as 10.0.0.0/8, with commas between, or \
      'unix' for Unix-domain sockets. May be given several times.
      """, valueName: "prefix,..."))
  var trust: [String] = []

  func validate() throws {
    if proxyProtocol == nil, !trust.isEmpty {
      throw ValidationError(
        "The option '--trust' goes with '--proxy-protocol': say which headers are taken.")
    }
    if proxyProtocol != nil, trust.isEmpty {
      throw ValidationError(
        "The option '--proxy-protocol' goes with '--trust': name the proxies, such as "
          + "'--trust 10.0.0.0/8', since whoever may send a header chooses whose address he has.")
    }
    _ = try prefixes()
  }

  /// What connections have to begin with; nil for nothing.
  func required() throws -> ProxyProtocol? {
    guard let proxyProtocol else { return nil }
    return ProxyProtocol(proxyProtocol.versions, from: try prefixes())
  }

  private func prefixes() throws -> [AddressPrefix] {
    let written = trust.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
    return try written.map { text in
      guard let prefix = AddressPrefix(String(text)) else {
        throw ValidationError(
          "'\(text)' is nobody to trust: give an address in numbers, a prefix whose other bits are "
            + "zero, or 'unix', such as 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32.")
      }
      return prefix
    }
  }
}
