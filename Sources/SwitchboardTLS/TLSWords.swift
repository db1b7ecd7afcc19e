#if TLS

internal import COpenSSL
import Switchboard

/// Says what went wrong in a handshake as people would.
enum TLSWords {
  static func of(
    _ error: (text: String, reason: Int32, library: Int32)?, verified: Int, isServer: Bool
  ) -> String {
    guard let error else { return "its TLS ended before it should" }
    guard error.library == ERR_LIB_SSL else { return "its TLS failed: \(error.text)" }
    switch error.reason {
    case SSL_R_HTTP_REQUEST: return "it spoke HTTP where TLS is spoken: use https"
    case SSL_R_HTTPS_PROXY_REQUEST: return "it asked for a proxy where TLS is spoken"
    case SSL_R_WRONG_VERSION_NUMBER, SSL_R_UNKNOWN_PROTOCOL, SSL_R_BAD_RECORD_TYPE:
      return isServer ? "what it sent is no TLS" : "the server speaks no TLS there"
    case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return "it speaks no version of TLS that is spoken here: 1.2 and 1.3 are"
    case SSL_R_NO_SHARED_CIPHER: return "it knows no cipher that is known here"
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      let reason = unsafe String(cString: X509_verify_cert_error_string(verified))
      return "its certificate is not believed: \(reason)"
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return "it does not believe the certificate it was shown: it knows nobody who signed that"
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return "it does not believe the certificate it was shown: that has expired"
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
      return "it does not believe the certificate it was shown, which may be another name's"
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: return "it wants to be shown a certificate"
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return "it showed no certificate, and has to"
    case SSL_R_NO_APPLICATION_PROTOCOL, SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
      return "it speaks no protocol that is spoken here (ALPN)"
    case SSL_R_TLSV1_UNRECOGNIZED_NAME: return "it has no certificate for that name"
    default: return "its TLS failed: \(error.text)"
    }
  }
}

extension TLSDetails {
  /// Of a handshake that is over.
  init(_ ssl: OpaquePointer?) {
    unsafe version = SSL_get_version(ssl).map { unsafe String(cString: $0) } ?? ""
    let suite = unsafe SSL_get_current_cipher(ssl)
    unsafe cipher = SSL_CIPHER_get_name(suite).map { unsafe String(cString: $0) } ?? ""
    var (start, count): (UnsafePointer<UInt8>?, UInt32) = (nil, 0)
    unsafe SSL_get0_alpn_selected(ssl, &start, &count)
    let chosen = unsafe UnsafeBufferPointer(start: start, count: Int(count))
    applicationProtocol = unsafe chosen.isEmpty ? nil : String(decoding: chosen, as: UTF8.self)
    unsafe serverName = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map {
      unsafe String(cString: $0)
    }
    isResumed = unsafe SSL_session_reused(ssl) == 1
    guard let certificate = unsafe SSL_get0_peer_certificate(ssl) else {
      (peerCertificate, peerName) = (nil, nil)
      return
    }
    peerCertificate = unsafe Self.bytes(of: certificate)
    peerName = unsafe Self.name(of: certificate)
  }

  private static func bytes(of certificate: OpaquePointer) -> [UInt8]? {
    var memory: UnsafeMutablePointer<UInt8>? = nil
    let count = unsafe i2d_X509(certificate, &memory)
    guard count > 0, let start = unsafe memory else { return nil }
    defer { unsafe CRYPTO_free(start, "", 0) }
    return unsafe Array(UnsafeBufferPointer(start: start, count: Int(count)))
  }

  private static func name(of certificate: OpaquePointer) -> String? {
    guard let bio = unsafe BIO_new(BIO_s_mem()) else { return nil }
    defer { unsafe BIO_free(bio) }
    let subject = unsafe X509_get_subject_name(certificate)
    guard unsafe X509_NAME_print_ex(bio, subject, 0, co_name_flags()) >= 0 else { return nil }
    var text = [UInt8](repeating: 0, count: 1024)
    let count = unsafe text.withUnsafeMutableBytes {
      unsafe BIO_read(bio, $0.baseAddress, Int32($0.count))
    }
    return String(decoding: text[..<max(0, Int(count))], as: UTF8.self)
  }
}

#endif
