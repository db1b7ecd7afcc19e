/// A frame ends with a delimiter of one or several bytes, which is no part of the payload.
///
/// Where occurrences overlap, the first one counts. To look for it costs a small, constant time for a
/// byte; only a delimiter that is long and begins again within itself, such as a hundred dashes, can be
/// made to cost its own length for a byte.
///
/// A value; any thread may use it.
public struct Delimited: Framing, Hashable {
  /// What ends a frame, one byte or more.
  public let delimiter: [UInt8]

  /// Frames that end with `delimiter`, which has one byte or more.
  public init(by delimiter: [UInt8]) {
    precondition(!delimiter.isEmpty, "a delimiter has a byte at least")
    self.delimiter = delimiter
  }

  /// Frames that end with the UTF-8 of `delimiter`, which is not empty.
  public init(by delimiter: String) { self.init(by: Array(delimiter.utf8)) }

  /// The delimiter.
  public var mostOverhead: Int { delimiter.count }

  /// Up to the first delimiter.
  public func locate(
    in bytes: Span<UInt8>, searched: Int, limit: Int
  ) throws(FramingError) -> FrameLocation {
    let delimiter = self.delimiter.span
    // One may have begun in what was searched before.
    let start = max(0, searched - (delimiter.count - 1))
    if let count = bytes.firstOccurrence(of: delimiter, from: start) {
      return .whole(payload: 0..<count, end: count + delimiter.count)
    }
    // What may be a delimiter's beginning is none of the payload.
    guard bytes.count <= limit || bytes.count - bytes.begun(of: delimiter) <= limit else {
      throw .frameTooLong(limit: limit)
    }
    return .needsMore
  }

  /// Writes the payload and the delimiter, if the payload is read again.
  public func write(
    _ payload: Span<UInt8>, to sink: (Span<UInt8>) -> Void
  ) throws(FramingError) {
    guard isReadAgain(payload) else { throw .payloadEndsFrame }
    sink(payload)
    sink(delimiter.span)
  }

  /// Whether, in the payload and the delimiter behind it, no delimiter begins before that one.
  private func isReadAgain(_ payload: Span<UInt8>) -> Bool {
    let delimiter = self.delimiter.span
    guard payload.firstOccurrence(of: delimiter, from: 0) == nil else { return false }
    for count in 1..<max(1, min(delimiter.count, payload.count + 1)) {
      // One that begins `count` bytes in front of the end.
      let over = delimiter.count - count
      if payload.extracting(last: count).equals(delimiter.extracting(first: count)),
        delimiter.extracting(last: over).equals(delimiter.extracting(first: over))
      {
        return false
      }
    }
    return true
  }
}

extension Span<UInt8> {
  /// The index of the first occurrence of `wanted` that begins at or after `start`, nil if there is none.
  fileprivate func firstOccurrence(of wanted: Span<UInt8>, from start: Int) -> Int? {
    let last = count - wanted.count
    var i = start
    while i <= last {
      i = firstIndex(of: wanted[0], from: i)
      guard i <= last else { return nil }
      if extracting(i..<i + wanted.count).equals(wanted) { return i }
      i += 1
    }
    return nil
  }

  /// How many bytes at the end, fewer than `wanted` has, are its beginning; the most where several are.
  fileprivate func begun(of wanted: Span<UInt8>) -> Int {
    var length = Swift.min(wanted.count - 1, count)
    while length > 0, !extracting(last: length).equals(wanted.extracting(first: length)) {
      length -= 1
    }
    return length
  }

  /// Whether the bytes are the same; both are as many.
  fileprivate func equals(_ other: Span<UInt8>) -> Bool {
    for i in indices where self[i] != other[i] { return false }
    return true
  }
}
