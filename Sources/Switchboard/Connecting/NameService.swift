internal import CKernel

/// Whoever knows names' addresses, and may take its time: a ``Resolver`` calls it on threads of its own.
public protocol NameService: Sendable {
  /// The addresses of a name in one family, the preferred one first. May block for as long as it takes, and is
  /// called by several threads at once. Ports are passed over.
  ///
  /// - Parameters:
  ///   - name: A name, and no address: not empty, 253 bytes at most, no zero byte.
  ///   - family: Addresses of another one are passed over.
  func addresses(of name: String, _ family: SocketAddress.Family) throws(LookUpFailure.Reason)
    -> [SocketAddress]
}

/// What the system knows, by `getaddrinfo(3)`: /etc/hosts, name servers, and whatever else nsswitch.conf(5) names,
/// in the order of RFC 6724.
public struct SystemNames: NameService {
  /// The system's.
  public init() {}

  public func addresses(of name: String, _ family: SocketAddress.Family)
    throws(LookUpFailure.Reason) -> [SocketAddress]
  {
    switch Linux().addresses(of: name, family, port: 0) {
    case .addresses(let found): return found
    case .failedCall(let errno): throw .system(errno)
    case .failure(let code): throw Self.reason(code)
    }
  }

  static func reason(_ code: Int32) -> LookUpFailure.Reason {
    switch code {
    case EAI_NONAME: .noSuchName
    case Int32(CK_NO_DATA), Int32(CK_NO_ADDRESS_FAMILY): .noAddress
    case EAI_AGAIN: .serverFailing
    case EAI_FAIL: .serverRefuses
    case EAI_MEMORY: .system(.outOfMemory)
    default: .other(code)
    }
  }
}

/// What is known of names without asking anybody.
enum NameRules {
  /// The answer for what need not be looked up: an address in numbers, this machine (RFC 6761, section 6.3), what is
  /// no name. Nil for a name that somebody has to be asked for.
  static func answer(_ host: String, _ family: SocketAddress.Family, port: UInt16)
    -> Result<[SocketAddress], LookUpFailure.Reason>?
  {
    let name = SocketAddress.unbracketed(host)
    let longest = LookUpFailure.Reason.longest
    guard !name.isEmpty, !name.utf8.contains(0), withoutDot(name).utf8.count <= longest else {
      return .failure(.notAName)
    }
    guard family != .unix else { return .failure(.noAddress) }
    let lowercase = withoutDot(name).lowercased()
    if lowercase == "localhost" || lowercase.hasSuffix(".localhost") {
      return .success([.loopback(family, port: port)])
    }
    guard case .addresses(let found) = Linux().addresses(of: name, onlyNumbers: true, port: port)
    else { return nil }
    let ours = found.filter { $0.family == family }
    return ours.isEmpty ? .failure(.noAddress) : .success(ours)
  }

  private static func withoutDot(_ name: String) -> Substring {
    name.hasSuffix(".") ? name.dropLast() : name[...]
  }
}
