#if TLS

internal import COpenSSL
import Switchboard

/// One connection's TLS, between the wire and its session.
@safe
final class TLSFilter: StreamFilter {
  private let maker: TLSMaker
  private let ssl: OpaquePointer?
  /// What it is to its client; nil where it is one.
  let server: TLSServer?
  /// Its loop's, and while a pool computes its handshake one of its own.
  private var wire: TLSWire
  /// What was agreed on; nil before that.
  private(set) var details: TLSDetails?
  /// Why it cannot go on.
  private var failure: FilterFailure?
  /// How often the peer has wanted new keys since it sent anything else: by key updates, or by handshakes, which it is
  /// refused.
  private var newKeys = 0
  /// Records written since our key was new.
  private var recordsOfKey = 0

  /// More without anything between them, and a peer means no good. (OpenSSL bounds empty records by as many itself.)
  private static let mostNewKeys = 32
  /// What one key may seal: RFC 8446, 5.5 allows 2^24.5 records.
  private static let mostRecordsOfKey = 1 << 23
  private static let recordSize = 16384

  init(_ maker: TLSMaker, _ ssl: OpaquePointer?, of server: TLSServer? = nil) {
    self.maker = maker
    unsafe self.ssl = ssl
    self.server = server
    wire = maker.pool == nil ? maker.wire : TLSWire()
    guard let ssl = unsafe ssl, unsafe wire.bio != nil else {
      failure = FilterFailure("there is no memory for its TLS")
      return
    }
    goOn(over: wire)
    unsafe co_set_owner(ssl, Unmanaged.passUnretained(self).toOpaque())
    if isServer { unsafe SSL_set_accept_state(ssl) } else { unsafe SSL_set_connect_state(ssl) }
  }

  deinit { unsafe SSL_free(ssl) }

  private var isServer: Bool { server != nil }

  private func goOn(over wire: TLSWire) {
    self.wire = wire
    unsafe BIO_up_ref(wire.bio)
    unsafe SSL_set_bio(ssl, wire.bio, wire.bio)
  }

  /// Whose callback OpenSSL makes.
  static func of(_ ssl: OpaquePointer?) -> TLSFilter? {
    guard let ssl = unsafe ssl, let owner = unsafe co_owner(ssl) else { return nil }
    return unsafe Unmanaged<TLSFilter>.fromOpaque(owner).takeUnretainedValue()
  }

  // ----------------------------------------------------------------------------- handshake

  package var takesWireEndAsEnd: Bool { false }

  package func begin(_ wire: inout Connection) -> FilterStep {
    if let failure { return .failed(failure) }
    guard !isServer else { return .more }
    OpenSSLErrors.clear()
    return self.wire.with(&wire) { shakeHands() }
  }

  package func take(
    _ bytes: Span<UInt8>, used: inout Int, into plain: inout OutputSpan<UInt8>,
    _ wire: inout Connection
  ) -> FilterStep {
    if let failure { return .failed(failure) }
    OpenSSLErrors.clear()
    var step = FilterStep.more
    var count = 0
    unsafe plain.withUnsafeMutableBufferPointer { buffer, initialized in
      let room = unsafe UnsafeMutableBufferPointer(rebasing: buffer[initialized...])
      step = self.wire.with(bytes, &wire) {
        details == nil ? shakeHands() : unsafe receive(into: room, &count)
      }
      initialized += count
    }
    used = self.wire.taken
    return step
  }

  package func work(for bytes: [UInt8]) -> (any FilterWork)? { TLSHandshakeWork(self, bytes) }

  package func finish(_ work: any FilterWork, unused: inout [UInt8], _ wire: inout Connection)
    -> FilterStep
  {
    guard let work = work as? TLSHandshakeWork else { return .more }
    unused = work.unused
    self.wire.giveKept(to: &wire)
    if details != nil { goOn(over: maker.wire) }
    return work.step
  }

  /// A step of its handshake, on any thread: how many of the bytes were taken for it.
  func shakeHands(with bytes: Span<UInt8>) -> (step: FilterStep, used: Int) {
    if let failure { return (.failed(failure), 0) }
    OpenSSLErrors.clear()
    return (wire.with(bytes) { shakeHands() }, wire.taken)
  }

  private func shakeHands() -> FilterStep {
    let result = unsafe SSL_do_handshake(ssl)
    guard result == 1 else {
      noteFailure(result)
      return failure.map(FilterStep.failed) ?? .more
    }
    details = unsafe TLSDetails(ssl)
    return .opened
  }

  // ----------------------------------------------------------------------------- receiving

  private func receive(into room: UnsafeMutableBufferPointer<UInt8>, _ count: inout Int)
    -> FilterStep
  {
    while room.count - count >= Self.recordSize {
      var got = 0
      let start = unsafe room.baseAddress.map { unsafe $0 + count }
      let result = unsafe SSL_read_ex(ssl, start, room.count - count, &got)
      guard result == 1, got > 0 else {
        if unsafe SSL_get_error(ssl, result) == SSL_ERROR_ZERO_RETURN {
          return count > 0 ? .plain(isAll: false) : .ended
        }
        noteFailure(result)
        if newKeys > Self.mostNewKeys { failure = .newKeys }
        if count > 0 { return .plain(isAll: failure == nil) }
        return failure.map(FilterStep.failed) ?? .more
      }
      newKeys = 0
      count += got
    }
    return .plain(isAll: false)
  }

  /// The peer has renewed its key, or wanted that. Who does so on and on is given no more to read.
  func newKeyWasWanted() {
    newKeys += 1
    if newKeys > Self.mostNewKeys { wire.isHeldBack = true }
  }

  private func noteFailure(_ result: Int32) {
    switch unsafe SSL_get_error(ssl, result) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: break
    default:
      let verified = unsafe SSL_get_verify_result(ssl)
      failure = FilterFailure(
        TLSWords.of(OpenSSLErrors.take(), verified: verified, isServer: isServer))
    }
  }

  // ------------------------------------------------------------------------------- sending

  package func seal(_ plain: Span<UInt8>, _ wire: inout Connection) -> FilterFailure? {
    if let failure { return failure }
    guard !plain.isEmpty else { return nil }
    OpenSSLErrors.clear()
    return self.wire.with(&wire) {
      renewKey(for: plain.count)
      var went = 0
      let result = unsafe plain.withUnsafeBytes {
        unsafe SSL_write_ex(ssl, $0.baseAddress, $0.count, &went)
      }
      // The wire takes all that there is: what did not go will not.
      if result != 1 { noteFailure(result) }
      return result == 1 ? nil : failure ?? FilterFailure("its TLS could not be written")
    }
  }

  /// No key seals more than it may. Of TLS 1.2 there is no way to renew one.
  private func renewKey(for count: Int) {
    recordsOfKey += 1 + count / Self.recordSize
    guard recordsOfKey > Self.mostRecordsOfKey, unsafe SSL_version(ssl) == TLS1_3_VERSION else {
      return
    }
    renewOwnKey()
    recordsOfKey = 0
  }

  /// Renews its own key, as it does by itself in time.
  func renewKey(_ wire: inout Connection) { self.wire.with(&wire) { renewOwnKey() } }

  private func renewOwnKey() {
    unsafe SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED)
    unsafe SSL_do_handshake(ssl)
  }

  package func end(_ wire: inout Connection) {
    guard failure == nil, details != nil else { return }
    OpenSSLErrors.clear()
    self.wire.with(&wire) { _ = unsafe SSL_shutdown(ssl) }
    OpenSSLErrors.clear()
  }
}

extension FilterFailure {
  static let newKeys = FilterFailure("it wanted new TLS keys on and on")
}

#endif
