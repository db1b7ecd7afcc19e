/// Bytes that never change, to be sent to many: each connection that has them unsent holds a reference, and the
/// bytes are there once. Any thread.
///
/// ```swift
/// let news = SharedBytes("the same for everybody\n".utf8.span)
/// for peer in peers { peer.post(.news(news)) }
/// // In each session:
/// connection.write(news)
/// ```
@safe
public final class SharedBytes: @unchecked Sendable {
  private let start: UnsafeMutableRawBufferPointer

  /// Makes a copy, the only one.
  public init(_ bytes: Span<UInt8>) {
    unsafe start = .allocate(byteCount: bytes.count, alignment: 64)
    unsafe bytes.withUnsafeBytes { unsafe start.copyMemory(from: $0) }
  }

  /// The same of a string's UTF-8.
  public convenience init(_ text: String) { self.init(Array(text.utf8).span) }

  deinit { unsafe start.deallocate() }

  /// How many there are.
  public var count: Int { unsafe start.count }

  /// They stay where they are as long as this object lives.
  var all: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start) }
}
