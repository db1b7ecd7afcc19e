#if TLS

internal import COpenSSL
import Glibc

/// Reads certificates and keys: from ordinary files of a bounded size, and never asking anybody for a password.
enum PEMFile {
  /// The largest file that is read: a chain has some KiB.
  static let most = 1 << 20

  static func bytes(_ path: String) throws(TLSError) -> [UInt8] {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw failed("open", path) }
    defer { close(file) }
    var status = stat()
    guard unsafe fstat(file, &status) == 0 else { throw failed("read", path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw TLSError("\(path) is not an ordinary file: name one that holds PEM")
    }
    guard status.st_size <= most else {
      throw TLSError("\(path) has more than \(most) bytes: name a file with certificates or a key")
    }
    var bytes = [UInt8](repeating: 0, count: most + 1)
    var count = 0
    while count < bytes.count {
      let more = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe read(file, buffer.baseAddress.map { unsafe $0 + count }, buffer.count - count)
      }
      if more < 0, errno == EINTR { continue }
      guard more >= 0 else { throw failed("read", path) }
      if more == 0 { break }
      count += more
    }
    guard count <= most else {
      throw TLSError("\(path) has more than \(most) bytes: name a file with certificates or a key")
    }
    return Array(bytes[..<count])
  }

  private static func failed(_ what: String, _ path: String) -> TLSError {
    let words = unsafe String(cString: strerror(errno))
    return TLSError("cannot \(what) \(path): \(words); name a file that this process may read")
  }

  /// Has a BIO read what a file holds.
  private static func with<Result>(
    _ path: String, _ body: (OpaquePointer) throws(TLSError) -> Result
  ) throws(TLSError) -> Result {
    let bytes = try bytes(path)
    guard let bio = unsafe BIO_new(BIO_s_mem()) else { throw TLSError("out of memory") }
    defer { unsafe BIO_free(bio) }
    let written = unsafe bytes.withUnsafeBytes {
      unsafe BIO_write(bio, $0.baseAddress, Int32(clamping: $0.count))
    }
    guard bytes.isEmpty || Int(written) == bytes.count else { throw TLSError("out of memory") }
    OpenSSLErrors.clear()
    return unsafe try body(bio)
  }

  /// The first certificate of a file, and those behind it.
  static func certificates(_ path: String) throws(TLSError) -> (
    first: OpaquePointer, others: OpaquePointer
  ) {
    unsafe try with(path) { (bio) throws(TLSError) in
      guard let first = unsafe PEM_read_bio_X509_AUX(bio, nil, noPassword, nil) else {
        let words = OpenSSLErrors.words(or: "nothing")
        throw TLSError("there is no certificate in \(path) (\(words)): name a file with one in PEM")
      }
      guard let others = unsafe co_chain() else { throw TLSError("out of memory") }
      while let next = unsafe PEM_read_bio_X509(bio, nil, noPassword, nil) {
        unsafe co_push(others, next)
      }
      let end = ERR_peek_last_error()
      guard co_is_end_of_pem(end) != 0 else {
        let words = OpenSSLErrors.words(or: "nothing")
        unsafe X509_free(first)
        unsafe co_free_chain(others)
        throw TLSError(
          "a certificate of the chain in \(path) cannot be read (\(words)): mend the file")
      }
      OpenSSLErrors.clear()
      return unsafe (first, others)
    }
  }

  static func key(_ path: String) throws(TLSError) -> OpaquePointer {
    unsafe try with(path) { (bio) throws(TLSError) in
      if let key = unsafe PEM_read_bio_PrivateKey(bio, nil, noPassword, nil) { return unsafe key }
      let words = OpenSSLErrors.words(or: "nothing")
      throw TLSError(
        "there is no private key in \(path) that can be read without a password (\(words)): "
          + "name a file with one in PEM, not encrypted")
    }
  }

}

/// Nobody is asked.
private func noPassword(
  _: UnsafeMutablePointer<CChar>?, _: Int32, _: Int32, _: UnsafeMutableRawPointer?
) -> Int32 { -1 }

#endif
