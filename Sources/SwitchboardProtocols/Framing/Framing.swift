/// How a stream of bytes is divided into frames: where one begins and ends, and which of its bytes
/// are its payload.
///
/// ``Lines``, ``Delimited``, ``LengthPrefixed``, ``Netstrings`` and ``FixedLength`` are framings. A
/// ``FrameReader`` reads by any of them, so that one is exchanged for another in a single place.
///
/// **Whoever writes one of his own** says for bytes that begin where a frame begins where that frame
/// ends, and nothing else: the reader keeps what is not whole yet, and refuses payloads beyond its
/// limit. ``locate(in:searched:limit:)`` must answer by these bytes alone. Once it has found a frame
/// in some bytes, or an error, it finds the same in these and whatever follows them; so a stream
/// gives the same frames however it is cut. It is given what a peer has sent: lengths are compared
/// before anything is added to them.
public protocol Framing: Sendable {
  /// The most bytes that a frame has beside its payload. A reader never holds more than this and
  /// its limit.
  var mostOverhead: Int { get }

  /// Where the frame is that `bytes` begin with.
  ///
  /// - Parameters:
  ///   - bytes: From the first byte of a frame on; never empty. They may hold a part of it, and what
  ///     follows it as well.
  ///   - searched: How many of them the call before has looked at without finding the frame's end;
  ///     0 in the first call for a frame. Who searches for an ending goes on there.
  ///   - limit: The most bytes that a payload may have, not negative; `Int.max` is possible.
  /// - Throws: What is wrong with the frame, as early as its bytes tell: that it will be too long,
  ///   where that is known before ``FrameLocation/needs(atLeast:)`` says so.
  func locate(in bytes: Span<UInt8>, searched: Int, limit: Int) throws(FramingError)
    -> FrameLocation

  /// Writes a frame.
  ///
  /// ```swift
  /// try framing.write(payload) { connection.write($0) }
  /// ```
  ///
  /// - Parameters:
  ///   - payload: What the frame holds.
  ///   - sink: Is given the frame's bytes in order, in one piece or several, each valid for its
  ///     call only. Nothing is allocated.
  /// - Throws: Why a reader would not get that payload back; nothing has been written then.
  func write(_ payload: Span<UInt8>, to sink: (Span<UInt8>) -> Void) throws(FramingError)
}

/// What a framing finds in bytes that begin with a frame.
public enum FrameLocation: Sendable, Hashable {
  /// The frame is whole: where its payload lies, and where the next frame begins. The frame has a
  /// byte at least, its payload may have none.
  case whole(payload: Range<Int>, end: Int)
  /// The frame has so many bytes at least, and they are not all there.
  case needs(atLeast: Int)
  /// The frame's end has not come, and nobody knows how far it is.
  case needsMore
}
