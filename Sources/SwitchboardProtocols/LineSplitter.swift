/// A line grew beyond its limit before its ending came.
public struct LineTooLong: Error, Sendable, Hashable {
  /// The most bytes a line may have, its ending not counted.
  public let limit: Int

  /// The error of a splitter with that limit.
  public init(limit: Int) { self.limit = limit }
}

/// Cuts a stream of bytes into lines, however the stream is cut into reads: a ``FrameReader`` of
/// ``Lines``, for those who need no other framing.
///
/// A line ends with LF or with CR LF; the ending is not part of it. A CR anywhere else is a byte
/// like any other. A line may be empty.
///
/// A line that lies within one read is handed out where it is. Only the start of a line whose end
/// has not come is copied, to a buffer of at most ``limit`` bytes and a CR, which is freed when
/// the line ends: an idle connection between lines holds no memory beyond the value itself.
///
/// ```swift
/// var lines = LineSplitter(limit: 1024)
/// try lines.split(bytes) { line in
///   answer(line)
///   return true
/// }
/// ```
///
/// A value; any thread may use it, one at a time.
public struct LineSplitter: Sendable, Hashable {
  private var reader: FrameReader<Lines>

  /// A splitter at the start of a line.
  ///
  /// - Parameter limit: The most bytes a line may have, its ending not counted; not negative.
  public init(limit: Int) { reader = FrameReader(Lines(.either), limit: limit) }

  /// The most bytes a line may have, its ending not counted.
  public var limit: Int { reader.limit }

  /// How many bytes are held of a line whose end has not come. At the end of a stream, anything
  /// but 0 means that the last line was cut off.
  public var heldCount: Int { reader.heldCount }

  /// Hands out the lines that end within `input`, in order, and keeps what is left.
  ///
  /// - Parameters:
  ///   - input: The bytes that follow those of the call before.
  ///   - body: Is given a line without its ending, valid for the call only, and answers whether
  ///     to go on. Called for a line at the moment its LF is found.
  /// - Returns: The number of bytes taken: `input.count`, or, when `body` answered false, up to
  ///   the end of that line. What was not taken is to be given again.
  /// - Throws: ``LineTooLong`` once a line is longer than ``limit``, after all lines in front of
  ///   it were handed out; which lines those are does not depend on how the stream is cut. Where
  ///   the next line starts is then unknown: every further call throws the same, and nothing is
  ///   held.
  @discardableResult
  public mutating func split(
    _ input: Span<UInt8>, _ body: (Span<UInt8>) -> Bool
  ) throws(LineTooLong) -> Int {
    var place = 0
    while let line = try take(input, &place) {
      if !line.withBytes(of: input, body) { break }
    }
    return place
  }

  /// The next line of `input`, copied: for a caller whose answer to a line may change its own
  /// state, or decide whether there is to be a next one.
  ///
  /// ```swift
  /// var place = 0
  /// while let line = try lines.next(in: bytes, from: &place) { answer(line) }
  /// ```
  ///
  /// - Parameters:
  ///   - input: The bytes that follow those of the call before.
  ///   - place: How much of `input` is taken already; moved behind the line. When there is no
  ///     further line it is moved to the end, and what is left is held.
  /// - Returns: The line without its ending, nil when none ends within `input`.
  /// - Throws: ``LineTooLong``, as ``split(_:_:)`` does.
  public mutating func next(
    in input: Span<UInt8>, from place: inout Int
  ) throws(LineTooLong) -> [UInt8]? {
    try take(input, &place)?.copied(from: input)
  }

  private mutating func take(
    _ input: Span<UInt8>, _ place: inout Int
  ) throws(LineTooLong) -> Payload? {
    do throws(FramingError) {
      return try reader.next(in: input, from: &place)
    } catch {
      throw LineTooLong(limit: limit)
    }
  }
}
