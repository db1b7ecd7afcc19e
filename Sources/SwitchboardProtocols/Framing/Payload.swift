/// The payload of a frame that has been read: where it lies, and if that is not in the input alone, its bytes.
///
/// A frame that came in one piece lies in the input, and nothing has been copied or allocated for it. One that
/// came in several has been put together in a block of memory that lives as long as this value.
///
/// A value; any thread may use it.
public struct Payload: Sendable {
  // Nil where the payload lies in the input.
  @usableFromInline let assembled: [UInt8]?
  @usableFromInline let range: Range<Int>

  @usableFromInline
  init(_ assembled: [UInt8]?, _ range: Range<Int>) {
    self.assembled = assembled
    self.range = range
  }

  /// How many bytes it has; 0 is possible.
  @inlinable
  public var count: Int { range.count }

  /// Lends the bytes to `body`.
  ///
  /// - Parameters:
  ///   - input: The same bytes that ``FrameReader/next(in:from:)`` was given.
  ///   - body: Is given the payload, valid for the call only.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws.
  @inlinable
  public func withBytes<Value: ~Copyable, Failure: Error>(
    of input: Span<UInt8>, _ body: (Span<UInt8>) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    if let assembled { return try body(assembled.span.extracting(range)) }
    return try body(input.extracting(range))
  }

  /// The bytes, copied: for what is kept.
  ///
  /// - Parameter input: The same bytes that ``FrameReader/next(in:from:)`` was given.
  public func copied(from input: Span<UInt8>) -> [UInt8] {
    withBytes(of: input) { bytes in
      var copy: [UInt8] = []
      copy.append(copying: bytes, most: bytes.count)
      return copy
    }
  }
}

extension [UInt8] {
  /// Appends bytes. The capacity doubles where it grows, so that many small pieces are not copied for each of
  /// them, but not beyond `most`.
  @usableFromInline
  mutating func append(copying bytes: Span<UInt8>, most: Int) {
    let total = count + bytes.count
    if total > capacity { reserveCapacity(Swift.max(total, Swift.min(2 * capacity, most))) }
    append(addingCapacity: bytes.count) { output in
      // Only appending makes room in an OutputSpan; then one loop behind one check becomes one copy.
      output.append(repeating: 0, count: bytes.count)
      var room = output.mutableSpan
      precondition(room.count == bytes.count)
      for index in bytes.indices { room[index] = bytes[index] }
    }
  }
}
