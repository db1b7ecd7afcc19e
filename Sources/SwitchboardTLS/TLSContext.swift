#if TLS

internal import COpenSSL
import Switchboard

/// OpenSSL's context: one loop's, for one identity.
@safe
final class TLSContext {
  private let context: OpaquePointer
  let identity: TLSIdentity.Loaded?

  private init(_ context: OpaquePointer, _ identity: TLSIdentity.Loaded?) {
    unsafe self.context = context
    self.identity = identity
  }

  deinit { unsafe SSL_CTX_free(context) }

  func makeSSL() -> OpaquePointer? { unsafe SSL_new(context) }

  func isSame(_ other: OpaquePointer) -> Bool { unsafe context == other }

  /// Has a connection be this one's from here on: the client has asked for its name.
  func take(_ ssl: OpaquePointer?) { unsafe SSL_set_SSL_CTX(ssl, context) }

  // ---------------------------------------------------------------------------------- making

  static func server(_ options: ServerTLS, _ identity: TLSIdentity.Loaded) throws(TLSError)
    -> TLSContext
  {
    let made = unsafe try make(
      TLS_server_method(), (options.leastVersion, options.mostVersion), identity, isServer: true)
    let context = unsafe made.context
    guard unsafe SSL_CTX_set_cipher_list(context, ciphers) == 1,
      unsafe co_set_group_list(context, groups) == 1
    else {
      let words = OpenSSLErrors.words(or: "for no reason given")
      throw TLSError(
        "OpenSSL does not take the usual ciphers (\(words)): allow them in its configuration")
    }
    switch options.clientCertificates {
    case .notAsked: break
    case .welcome(let trust): unsafe try believe(trust, context, SSL_VERIFY_PEER)
    case .required(let trust):
      unsafe try believe(trust, context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
    }
    // Sessions of a server that asks for certificates are good for it alone.
    let name = Array("switchboard".utf8)
    unsafe name.withUnsafeBufferPointer { name in
      _ = unsafe SSL_CTX_set_session_id_context(context, name.baseAddress, UInt32(name.count))
    }
    unsafe SSL_CTX_set_timeout(context, ticketLifetime)
    unsafe SSL_CTX_set_num_tickets(context, options.ticketsPerHandshake)
    unsafe TLSCallbacks.install(for: options, on: context)
    return made
  }

  static func client(_ options: ClientTLS) throws(TLSError) -> TLSContext {
    let made = unsafe try make(
      TLS_client_method(), (options.leastVersion, options.mostVersion), options.identity?.current,
      isServer: false)
    let context = unsafe made.context
    unsafe try believe(options.trust, context, SSL_VERIFY_PEER)
    let list = ALPN.list(options.protocols)
    let isTaken = unsafe list.withUnsafeBufferPointer { list in
      unsafe list.isEmpty
        || SSL_CTX_set_alpn_protos(context, list.baseAddress, UInt32(clamping: list.count)) == 0
    }
    guard isTaken else {
      throw TLSError("the protocols cannot be offered: give each 1 to 255 bytes")
    }
    unsafe TLSCallbacks.installForClient(on: context)
    return made
  }

  /// Of TLS 1.2, what authenticates as it encrypts, with keys that are forgotten: the rest has known attacks.
  private static let ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20"
  /// Curves that cost a server little.
  private static let groups = "X25519:P-256:P-384"

  /// A day, of the seven that RFC 8446, 4.6.1 allows.
  private static let ticketLifetime = 24 * 3600

  private static func make(
    _ method: OpaquePointer?, _ versions: (least: TLSVersion, most: TLSVersion),
    _ identity: TLSIdentity.Loaded?, isServer: Bool
  ) throws(TLSError) -> TLSContext {
    OpenSSLErrors.clear()
    guard let context = unsafe SSL_CTX_new(method) else {
      throw TLSError(
        "no context of OpenSSL is to be had: \(OpenSSLErrors.words(or: "out of memory"))")
    }
    let made = unsafe TLSContext(context, identity)
    unsafe co_set_up(context, isServer ? 1 : 0)
    guard versions.least.rawValue <= versions.most.rawValue,
      unsafe co_set_least_version(context, versions.least.rawValue) == 1,
      unsafe co_set_most_version(context, versions.most.rawValue) == 1
    else {
      throw TLSError(
        "no version from \(versions.least) to \(versions.most) can be spoken: set leastVersion and mostVersion so "
          + "that one lies between, which OpenSSL's configuration allows")
    }
    guard let identity else { return made }
    let isTaken = unsafe SSL_CTX_use_cert_and_key(
      context, identity.certificate, identity.key, identity.chain, 1)
    guard isTaken == 1 else {
      let words = OpenSSLErrors.words(or: "for no reason given")
      throw TLSError("OpenSSL refuses the certificate: \(words); use one with a larger key")
    }
    return made
  }

  private static func believe(_ trust: TLSTrust, _ context: OpaquePointer, _ mode: Int32)
    throws(TLSError)
  {
    switch trust {
    case .anybody: return unsafe SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
    case .system:
      guard unsafe SSL_CTX_set_default_verify_paths(context) == 1 else {
        throw TLSError("the system's authorities cannot be read: install ca-certificates")
      }
    case .authorities(let path):
      try PEMFile.check(path)
      guard unsafe SSL_CTX_load_verify_file(context, path) == 1 else {
        let words = OpenSSLErrors.words(or: "none")
        throw TLSError(
          "no authority's certificate can be read from \(path) (\(words)): name a file with some in PEM"
        )
      }
      if mode & SSL_VERIFY_FAIL_IF_NO_PEER_CERT != 0 {
        unsafe SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(path))
      }
    }
    unsafe SSL_CTX_set_verify(context, mode, nil)
  }
}

extension PEMFile {
  /// It can be read.
  static func check(_ path: String) throws(TLSError) { _ = try bytes(path) }
}

#endif
