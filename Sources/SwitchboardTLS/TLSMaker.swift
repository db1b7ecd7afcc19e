#if TLS

internal import COpenSSL
import Switchboard

/// What a loop has of a server's TLS, or a client's: contexts of its own, since OpenSSL's have locks, and the wire.
package class TLSMaker: FilterMaker {
  let wire = TLSWire()
  package let openingTimeout: Duration
  package let mostOpenings: Int
  package let pool: OffloadPool?

  init(timeout: Duration, most: Int, pool: OffloadPool? = nil) {
    (openingTimeout, mostOpenings, self.pool) = (timeout, most, pool)
  }

  package func makeFilter() -> any StreamFilter { unsafe TLSFilter(self, nil) }
}

/// Of a server: what it is to its clients, made anew when an identity was renewed.
final class ServerTLSMaker: TLSMaker {
  private var server: TLSServer

  init(_ options: ServerTLS) {
    server = TLSServer(options)
    super.init(
      timeout: options.handshakeTimeout, most: options.maxHandshakes, pool: options.handshakePool)
  }

  override package func makeFilter() -> any StreamFilter {
    if !server.isCurrent { server = server.renewed() }
    return unsafe TLSFilter(self, server.makeSSL(), of: server)
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
      return unsafe TLSFilter(self, nil)
    }
    return unsafe TLSFilter(self, ssl)
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
