#if TLS

internal import COpenSSL
import Switchboard

/// What OpenSSL asks while it shakes hands. Each goes to the filter of the connection it is about.
enum TLSCallbacks {
  static func install(for options: ServerTLS, on context: OpaquePointer) {
    unsafe co_set_name_callback(context) { ssl, alert, _ in unsafe TLSCallbacks.name(ssl, alert) }
    if !options.protocols.isEmpty {
      unsafe SSL_CTX_set_alpn_select_cb(
        context,
        { ssl, chosen, chosenCount, offered, count, _ in
          unsafe TLSCallbacks.choose(ssl, chosen, chosenCount, offered, count)
        }, nil)
    }
    unsafe co_set_ticket_callback(context) { ssl, name, iv, cipher, mac, isSealing in
      unsafe TLSCallbacks.ticket(ssl, name, iv, cipher, mac, isSealing)
    }
    unsafe co_set_status_callback(context) { ssl, _ in unsafe TLSCallbacks.staple(ssl) }
    unsafe installForClient(on: context)
  }

  static func installForClient(on context: OpaquePointer) {
    unsafe SSL_CTX_set_msg_callback(context) { isWritten, _, kind, bytes, count, ssl, _ in
      let (first, last) = unsafe TLSCallbacks.ends(
        of: UnsafeRawBufferPointer(start: bytes, count: count))
      if TLSCallbacks.wantsNewKey(isWritten == 1, kind, first, last) {
        unsafe TLSFilter.of(ssl)?.newKeyWasWanted()
      }
    }
  }

  private static func ends(of message: UnsafeRawBufferPointer) -> (UInt8?, UInt8?) {
    unsafe (message.first, message.last)
  }

  /// The peer renews its key, or asks for ours to be. That in TLS 1.2 it has asked to shake hands again OpenSSL tells by
  /// what it answers alone, an alert, whose last byte says which.
  private static func wantsNewKey(
    _ isWritten: Bool, _ kind: Int32, _ first: UInt8?, _ last: UInt8?
  ) -> Bool {
    isWritten
      ? kind == SSL3_RT_ALERT && last == UInt8(SSL_AD_NO_RENEGOTIATION)
      : kind == SSL3_RT_HANDSHAKE && first == UInt8(SSL3_MT_KEY_UPDATE)
  }

  private static func server(_ ssl: OpaquePointer?) -> TLSServer? {
    unsafe TLSFilter.of(ssl)?.server
  }

  // ------------------------------------------------------------------------------- the name

  /// The client asks for a name, or for none.
  private static func name(_ ssl: OpaquePointer?, _ alert: UnsafeMutablePointer<Int32>?) -> Int32 {
    guard let server = unsafe server(ssl) else { return SSL_TLSEXT_ERR_NOACK }
    guard let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else {
      return unsafe refuseUnknown(server, alert)
    }
    guard let context = server.context(for: unsafe String(cString: name)) else {
      return unsafe refuseUnknown(server, alert)
    }
    unsafe context.take(ssl)
    return SSL_TLSEXT_ERR_OK
  }

  private static func refuseUnknown(_ server: TLSServer, _ alert: UnsafeMutablePointer<Int32>?)
    -> Int32
  {
    guard server.options.refusesUnknownNames else { return SSL_TLSEXT_ERR_NOACK }
    unsafe alert?.pointee = SSL_AD_UNRECOGNIZED_NAME
    return SSL_TLSEXT_ERR_ALERT_FATAL
  }

  // ---------------------------------------------------------------------- the protocol above

  private static func choose(
    _ ssl: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ chosenCount: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ count: UInt32
  ) -> Int32 {
    guard let server = unsafe server(ssl) else { return SSL_TLSEXT_ERR_NOACK }
    let ours = server.protocols
    return unsafe ours.withUnsafeBufferPointer { ours in
      var start: UnsafeMutablePointer<UInt8>? = nil
      let found = unsafe SSL_select_next_proto(
        &start, chosenCount, ours.baseAddress, UInt32(clamping: ours.count), offered, count)
      guard found == OPENSSL_NPN_NEGOTIATED else { return SSL_TLSEXT_ERR_ALERT_FATAL }
      // It lies among ours, which outlive the connection; where it is what was offered, that is copied at once.
      unsafe chosen?.pointee = UnsafePointer(start)
      return SSL_TLSEXT_ERR_OK
    }
  }

  // -------------------------------------------------------------------------------- tickets

  private static let failed: Int32 = -1
  private static let full: Int32 = 0
  private static let good: Int32 = 1
  private static let goodAndRenew: Int32 = 2
  private static let nameCount = 16

  private static func ticket(
    _ ssl: OpaquePointer?, _ name: UnsafeMutablePointer<UInt8>?, _ iv: UnsafeMutablePointer<UInt8>?,
    _ cipher: OpaquePointer?, _ mac: OpaquePointer?, _ isSealing: Int32
  ) -> Int32 {
    guard let server = unsafe server(ssl), let name = unsafe name, let iv = unsafe iv else {
      return failed
    }
    if isSealing == 1 {
      let key = server.options.tickets.toSeal(.now)
      guard unsafe RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1 else {
        return failed
      }
      unsafe name.update(from: key.name, count: nameCount)
      return unsafe use(key, iv, cipher, mac, isSealing) ? good : failed
    }
    let known = unsafe UnsafeRawBufferPointer(start: name, count: nameCount)
    guard let (key, isOld) = unsafe server.options.tickets.toOpen(known) else { return full }
    // Of TLS 1.3 each is used once, so that nobody who listens can tell who comes again (RFC 8446, C.4).
    let (isReady, isSpent) = unsafe (
      use(key, iv, cipher, mac, isSealing), isOld || SSL_version(ssl) == TLS1_3_VERSION
    )
    guard isReady else { return failed }
    return isSpent ? goodAndRenew : good
  }

  private static func use(
    _ key: TLSTicketKeys.Key, _ iv: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer?,
    _ mac: OpaquePointer?, _ isSealing: Int32
  ) -> Bool {
    var secret = key.mac
    return unsafe secret.withUnsafeMutableBufferPointer { secret in
      unsafe co_seal_ticket(
        cipher, mac, key.cipher, secret.baseAddress, secret.count, iv, isSealing) == 1
    }
  }

  // --------------------------------------------------------------------------------- staple

  private static func staple(_ ssl: OpaquePointer?) -> Int32 {
    guard let server = unsafe server(ssl), let context = unsafe SSL_get_SSL_CTX(ssl),
      let staple = unsafe server.staple(of: context), !staple.isEmpty
    else { return SSL_TLSEXT_ERR_NOACK }
    let isTaken = unsafe staple.withUnsafeBufferPointer {
      unsafe co_set_status(ssl, $0.baseAddress, $0.count)
    }
    return isTaken == 1 ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK
  }
}

#endif
