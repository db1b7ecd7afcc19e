#if TLS

internal import COpenSSL
import Switchboard

/// What OpenSSL takes for the network: bytes that have come, and a connection that what it says is written into. One
/// for all connections of a loop, of which one at a time is served.
@safe
final class TLSWire {
  /// What has come and was not taken.
  private var input = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
  /// How much of it was.
  private(set) var taken = 0
  private var output: UnsafeMutablePointer<Connection>?
  /// What was said where no connection is to write it into.
  private var kept: [UInt8] = []
  /// Nothing more is given before it is asked for anew.
  var isHeldBack = false
  /// OpenSSL's name for it. Each connection has it twice, to read and to write.
  private(set) var bio: OpaquePointer?

  init() {
    guard let method = unsafe Self.method else { return }
    unsafe bio = BIO_new(method)
    unsafe BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
    unsafe BIO_set_init(bio, 1)
  }

  deinit { unsafe BIO_free(bio) }

  /// Has OpenSSL do something with bytes that have come.
  func with<Result>(
    _ bytes: Span<UInt8>, _ connection: inout Connection, _ body: () -> Result
  ) -> Result {
    unsafe withUnsafeMutablePointer(to: &connection) { pointer in
      unsafe output = pointer
      defer { unsafe output = nil }
      return with(bytes, body)
    }
  }

  /// The same where no connection is at hand: what it says is kept, for ``giveKept(to:)``.
  func with<Result>(_ bytes: Span<UInt8>, _ body: () -> Result) -> Result {
    taken = 0
    isHeldBack = false
    return unsafe bytes.withUnsafeBytes { bytes in
      unsafe input = bytes
      defer { unsafe input = UnsafeRawBufferPointer(start: nil, count: 0) }
      return body()
    }
  }

  func giveKept(to connection: inout Connection) {
    connection.write(kept.span)
    kept = []
  }

  /// The same where nothing has come.
  func with<Result>(_ connection: inout Connection, _ body: () -> Result) -> Result {
    with(Span(), &connection, body)
  }

  // ----------------------------------------------------------------------- what it asks for

  private func read(into buffer: UnsafeMutableRawPointer, atMost count: Int) -> Int {
    guard !isHeldBack else { return 0 }
    let more = unsafe min(count, input.count - taken)
    guard more > 0, let start = unsafe input.baseAddress else { return 0 }
    unsafe buffer.copyMemory(from: start + taken, byteCount: more)
    taken += more
    return more
  }

  private func write(_ bytes: UnsafeBufferPointer<UInt8>) {
    if let output = unsafe output {
      unsafe output.pointee.write(bytes.span)
    } else {
      unsafe kept.append(contentsOf: bytes)
    }
  }

  private static func of(_ bio: OpaquePointer?) -> TLSWire? {
    guard let data = unsafe BIO_get_data(bio) else { return nil }
    return unsafe Unmanaged<TLSWire>.fromOpaque(data).takeUnretainedValue()
  }

  /// One for the process, and never freed.
  private nonisolated(unsafe) static let method: OpaquePointer? = {
    let kind = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
    guard let method = unsafe BIO_meth_new(kind, "wire") else { return nil }
    unsafe BIO_meth_set_read_ex(method) { bio, buffer, count, got in
      let more = unsafe buffer.flatMap { buffer in
        unsafe TLSWire.of(bio).map { unsafe $0.read(into: buffer, atMost: count) }
      }
      unsafe got?.pointee = more ?? 0
      if more ?? 0 > 0 {
        unsafe co_wants_nothing(bio)
        return 1
      }
      unsafe co_wants_read(bio)
      return 0
    }
    unsafe BIO_meth_set_write_ex(method) { bio, bytes, count, went in
      let bytes = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
      unsafe bytes.withMemoryRebound(to: UInt8.self) { unsafe TLSWire.of(bio)?.write($0) }
      unsafe went?.pointee = count
      unsafe co_wants_nothing(bio)
      return 1
    }
    unsafe BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
    return unsafe method
  }()
}

#endif
