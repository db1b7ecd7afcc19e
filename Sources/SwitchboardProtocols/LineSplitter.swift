/// A line grew beyond its limit before its ending came.
public struct LineTooLong: Error, Sendable, Hashable {
  /// The most bytes a line may have, its ending not counted.
  public let limit: Int

  /// The error of a splitter with that limit.
  public init(limit: Int) { self.limit = limit }
}

/// Cuts a stream of bytes into lines, however the stream is cut into reads.
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
  /// The most bytes a line may have, its ending not counted.
  public let limit: Int

  // The start of a line whose end has not come; without storage when empty.
  private var held: [UInt8] = []
  private var failed = false

  /// A splitter at the start of a line.
  ///
  /// - Parameter limit: The most bytes a line may have, its ending not counted; not negative.
  public init(limit: Int) {
    precondition(limit >= 0, "a limit is not negative")
    self.limit = limit
  }

  /// How many bytes are held of a line whose end has not come. At the end of a stream, anything
  /// but 0 means that the last line was cut off.
  public var heldCount: Int { held.count }

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
    if failed { throw LineTooLong(limit: limit) }
    var start = 0
    while start < input.count {
      let end = input.firstIndex(of: LineSplitter.lf, from: start)
      let piece = input.extracting(start..<end)
      if end == input.count {
        try hold(piece)
        return end
      }
      start = end + 1
      if try !finish(piece, body) { break }
    }
    return start
  }

  /// Hands out the line that `piece` ends.
  private mutating func finish(
    _ piece: Span<UInt8>, _ body: (Span<UInt8>) -> Bool
  ) throws(LineTooLong) -> Bool {
    if held.isEmpty {
      let count = length(piece)
      if count > limit { throw fail() }
      return body(piece.extracting(first: count))
    }
    try hold(piece)
    let line = held
    held = []
    return body(line.span.extracting(first: length(line.span)))
  }

  /// Adds `piece` to what is held, if that may still become a line within the limit.
  private mutating func hold(_ piece: Span<UInt8>) throws(LineTooLong) {
    let total = held.count + piece.count
    if total > limit {
      let last = piece.isEmpty ? held.last : piece[piece.count - 1]
      // One CR more may be part of the ending.
      guard total - 1 == limit && last == LineSplitter.cr else { throw fail() }
    }
    if total > held.capacity {
      // Doubling, so that a line of many small pieces is not copied for each of them.
      held.reserveCapacity(max(total, min(2 * held.capacity, limit) + 1))
    }
    for i in piece.indices { held.append(piece[i]) }
  }

  /// The length of `line` without the CR of its ending.
  private func length(_ line: Span<UInt8>) -> Int {
    let ended = !line.isEmpty && line[line.count - 1] == LineSplitter.cr
    return ended ? line.count - 1 : line.count
  }

  private mutating func fail() -> LineTooLong {
    failed = true
    held = []
    return LineTooLong(limit: limit)
  }

  private static let lf: UInt8 = 0x0A
  private static let cr: UInt8 = 0x0D
}
