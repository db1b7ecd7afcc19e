/// Each frame has exactly so many bytes, all of them payload.
///
/// For records of one size, and for "the next n bytes" behind a head that says how many: the count may be changed
/// from frame to frame.
///
/// ```swift
/// var body = FrameReader(FixedLength(1), limit: 1 << 20)
/// body.format.count = lengthInHead
/// ```
///
/// A value; any thread may use it.
public struct FixedLength: Framing, Hashable {
  /// The bytes of a frame, 1 or more. A count beyond the reader's limit is an error of the next frame; 0 of a
  /// peer's is for the caller to look for, since nothing needs to be read then.
  public var count: Int {
    didSet { precondition(count > 0, "a frame has a byte at least") }
  }

  /// Frames of `count` bytes, 1 or more.
  public init(_ count: Int) {
    precondition(count > 0, "a frame has a byte at least")
    self.count = count
  }

  /// None.
  public var mostOverhead: Int { 0 }

  /// So many bytes.
  public func locate(
    in bytes: Span<UInt8>, searched: Int, limit: Int
  ) throws(FramingError) -> FrameLocation {
    bytes.count < count ? .needs(atLeast: count) : .whole(payload: 0..<count, end: count)
  }

  /// Writes the payload, if it has so many bytes.
  public func write(
    _ payload: Span<UInt8>, to sink: (Span<UInt8>) -> Void
  ) throws(FramingError) {
    guard payload.count == count else { throw .payloadNotExact(count: count) }
    sink(payload)
  }
}
