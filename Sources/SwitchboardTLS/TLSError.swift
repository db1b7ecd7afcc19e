#if TLS

internal import COpenSSL

/// Why certificates, keys or options of TLS cannot be used. One line, with what to do about it.
public struct TLSError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong, and what to do about it.
  public let description: String

  init(_ description: String) { self.description = description }
}

/// What OpenSSL has to say of what it was asked for last, on this thread.
enum OpenSSLErrors {
  /// Nothing was asked for yet.
  static func clear() { ERR_clear_error() }

  /// The last of them, in words; nil where there is none.
  static func take() -> (text: String, reason: Int32, library: Int32)? {
    let code = ERR_peek_last_error()
    ERR_clear_error()
    guard code != 0 else { return nil }
    let words = unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) }
    return (words ?? "error \(code)", co_reason(code), co_library(code))
  }

  /// The same, behind what it was about.
  static func words(or otherwise: String) -> String { take()?.text ?? otherwise }
}

#endif
