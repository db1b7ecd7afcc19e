#if TLS

internal import COpenSSL
import Glibc
import Synchronization

/// Who a server, or a client, is: a chain of certificates, and the first one's private key. Any thread.
///
/// They can be renewed without a restart, by ``reload()``: connections from then on get the new ones, and those that
/// stand keep theirs.
public final class TLSIdentity: Sendable {
  /// What was read: for reading alone, from any thread.
  @safe
  final class Loaded: @unchecked Sendable {
    let certificate: OpaquePointer
    let chain: OpaquePointer
    let key: OpaquePointer
    /// An answer about the certificate, as its authority gave it (RFC 6960); empty for none.
    let staple: [UInt8]
    let generation: Int

    init(
      _ certificate: OpaquePointer, _ chain: OpaquePointer, _ key: OpaquePointer, _ staple: [UInt8],
      generation: Int
    ) {
      unsafe (self.certificate, self.chain, self.key) = (certificate, chain, key)
      (self.staple, self.generation) = (staple, generation)
    }

    deinit {
      unsafe X509_free(certificate)
      unsafe co_free_chain(chain)
      unsafe EVP_PKEY_free(key)
    }

    /// Whether it is a name's.
    func isOf(_ name: String, withWildcards: Bool) -> Bool {
      let flags = withWildcards ? 0 : UInt32(X509_CHECK_FLAG_NO_WILDCARDS)
      return unsafe X509_check_host(certificate, name, name.utf8.count, flags, nil) == 1
    }
  }

  private let chainFile: String
  private let keyFile: String
  private let stapleFile: String?
  private let loaded: Mutex<Loaded>

  /// Reads a chain of certificates and a key.
  ///
  /// - Parameters:
  ///   - chainFile: Certificates in PEM: the own one first, and then whoever signed the one before. At most 1 MiB.
  ///   - keyFile: The own one's private key in PEM, not encrypted.
  ///   - stapleFile: The certificate authority's answer about the own one, in DER, which clients are given that ask
  ///     (RFC 6066, 8). Nil: none.
  /// - Throws: where a file cannot be read, has not what it should, or the two do not belong together.
  public init(chain chainFile: String, key keyFile: String, staple stapleFile: String? = nil)
    throws(TLSError)
  {
    (self.chainFile, self.keyFile, self.stapleFile) = (chainFile, keyFile, stapleFile)
    loaded = Mutex(try Self.load(chainFile, keyFile, stapleFile, generation: 0))
  }

  /// One that was made and not read; it cannot be renewed.
  init(made: Loaded) {
    (chainFile, keyFile, stapleFile) = ("", "", nil)
    loaded = Mutex(made)
  }

  /// Reads the files again. Where something is wrong with them, all stays as it was.
  ///
  /// - Throws: as at the beginning.
  public func reload() throws(TLSError) {
    let generation = current.generation &+ 1
    let new = try Self.load(chainFile, keyFile, stapleFile, generation: generation)
    loaded.withLock { $0 = new }
  }

  var current: Loaded { loaded.withLock { $0 } }

  // -------------------------------------------------------------------------------- reading

  private static func load(
    _ chainFile: String, _ keyFile: String, _ stapleFile: String?, generation: Int
  ) throws(TLSError) -> Loaded {
    let staple = try stapleFile.map { (path) throws(TLSError) in try PEMFile.bytes(path) } ?? []
    let (certificate, chain) = unsafe try PEMFile.certificates(chainFile)
    let key: OpaquePointer
    do throws(TLSError) {
      unsafe key = try PEMFile.key(keyFile)
    } catch {
      unsafe X509_free(certificate)
      unsafe co_free_chain(chain)
      throw error
    }
    let loaded = unsafe Loaded(certificate, chain, key, staple, generation: generation)
    OpenSSLErrors.clear()
    guard unsafe X509_check_private_key(certificate, key) == 1 else {
      OpenSSLErrors.clear()
      throw TLSError(
        "the key in \(keyFile) is not that of the first certificate in \(chainFile): "
          + "name the file of its own key")
    }
    return loaded
  }
}

#endif
