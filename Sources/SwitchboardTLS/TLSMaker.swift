#if TLS

internal import COpenSSL
import Switchboard

/// What a loop has of a server's TLS, or a client's: contexts of its own, since OpenSSL's have locks, and the wire.
package class TLSMaker: FilterMaker {
  let wire = TLSWire()
  package let openingTimeout: Duration
  package let mostOpenings: Int

  init(timeout: Duration, most: Int) { (openingTimeout, mostOpenings) = (timeout, most) }

  package func makeFilter() -> any StreamFilter { unsafe TLSFilter(self, nil, isServer: true) }
}

/// Of a server: a context for each identity, made anew when that was renewed.
final class ServerTLSMaker: TLSMaker {
  let options: ServerTLS
  private var contexts: [TLSContext] = []
  /// As they go over the wire.
  let protocols: [UInt8]

  init(_ options: ServerTLS) {
    self.options = options
    protocols = ALPN.list(options.protocols)
    super.init(timeout: options.handshakeTimeout, most: options.maxHandshakes)
    contexts = options.identities.compactMap { try? TLSContext.server(options, $0.current) }
  }

  override package func makeFilter() -> any StreamFilter {
    for place in contexts.indices {
      let current = options.identities[place].current
      guard current.generation != contexts[place].identity?.generation else { continue }
      // Where there is no memory for it, the old one stays.
      if let new = try? TLSContext.server(options, current) { contexts[place] = new }
    }
    return unsafe TLSFilter(self, contexts.first?.makeSSL(), isServer: true)
  }

  /// What a certificate's authority has said of it; nil where the context is none of these.
  func staple(of context: OpaquePointer) -> [UInt8]? {
    contexts.first { unsafe $0.isSame(context) }?.identity?.staple
  }

  /// Who has a name: exactly, or by a wildcard; nil for nobody.
  func context(for name: String) -> TLSContext? {
    for withWildcards in [false, true] {
      let fitting = contexts.first {
        $0.identity?.isOf(name, withWildcards: withWildcards) ?? false
      }
      if let fitting { return fitting }
    }
    return nil
  }
}

/// Of a client.
final class ClientTLSMaker: TLSMaker {
  private let options: ClientTLS
  private let context: TLSContext?

  init(_ options: ClientTLS) {
    self.options = options
    context = try? TLSContext.client(options)
    super.init(timeout: options.handshakeTimeout, most: .max)
  }

  override package func makeFilter() -> any StreamFilter {
    let ssl = unsafe context?.makeSSL()
    if let ssl = unsafe ssl, unsafe !name(ssl) {
      unsafe SSL_free(ssl)
      return unsafe TLSFilter(self, nil, isServer: false)
    }
    return unsafe TLSFilter(self, ssl, isServer: false)
  }

  /// Says whom it is for. Addresses in numbers are not asked for (RFC 6066, 3).
  private func name(_ ssl: OpaquePointer) -> Bool {
    let parameters = unsafe SSL_get0_param(ssl)
    if unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, options.name) == 1 { return true }
    OpenSSLErrors.clear()
    // A wildcard stands for a whole label, or for nothing.
    unsafe SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
    return unsafe co_set_host_name(ssl, options.name) == 1
      && SSL_set1_host(ssl, options.name) == 1
  }
}

/// Protocols above, as they go over the wire: each behind its length.
enum ALPN {
  static func list(_ names: [String]) -> [UInt8] {
    names.flatMap { name in [UInt8(clamping: name.utf8.count)] + name.utf8 }
  }

  static func check(_ names: [String]) throws(SystemError) {
    for name in names where !(1...255).contains(name.utf8.count) {
      throw OptionCheck.fault(OptionFault("protocols", is: name, "give each 1 to 255 bytes"))
    }
  }
}

#endif
