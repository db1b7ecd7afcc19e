/// The frames protocol: between `^` and `$` every byte is answered by its successor.
///
/// A server greets with ``greeting``. After that, bytes outside a frame are ignored, `^` opens a
/// frame, `$` closes it, and every byte `b` inside is answered at once by `b + 1`, where 0xFF is
/// answered by 0x00. A `^` inside a frame is a byte like any other, answered by `_`. Frames do
/// not nest and have no greatest length, and no sequence of bytes is an error.
///
/// One Boolean is the whole state of a connection. However a stream is cut into reads, the
/// replies, put together, are the same.
///
/// ```swift
/// var frames = Frames()
/// var replies = [UInt8](capacity: 8) { output in
///   let request: [UInt8] = Array("^abc$de^".utf8)
///   _ = frames.step(request.span, into: &output)
/// }
/// // replies spell "bcd", and frames.inFrame is true
/// ```
///
/// The protocol is the one served in Eli Bendersky's "Concurrent Servers" articles
/// (<https://eli.thegreenplace.net/2017/concurrent-servers-part-1-introduction/>).
///
/// A value; any thread may use it, one at a time. Nothing here allocates, blocks or traps on
/// what a peer sent.
public struct Frames: Sendable, Hashable {
  /// What a server sends before it reads: `*`.
  public static let greeting: UInt8 = 0x2A
  /// Opens a frame: `^`.
  public static let opening: UInt8 = 0x5E
  /// Closes a frame: `$`.
  public static let closing: UInt8 = 0x24

  /// Whether the next byte is inside a frame.
  public var inFrame: Bool

  /// The state of a new connection, outside any frame.
  public init() { inFrame = false }

  /// Answers `input` into `output`, and says how much of `input` that took.
  ///
  /// Replies are appended; what `output` holds already is left alone. When `output` is full,
  /// stepping stops: the bytes not taken are to be given again, in front of what follows them,
  /// once there is room. There are never more replies than bytes, so an `output` with
  /// `freeCapacity >= input.count` takes everything.
  ///
  /// - Parameters:
  ///   - input: Bytes from the peer, of any number.
  ///   - output: Where the replies go, with any free capacity, none included.
  /// - Returns: The number of bytes taken from the start of `input`, from 0 to `input.count`. It
  ///   is less than `input.count` only if `output` is full and the next byte needs an answer.
  public mutating func step(_ input: Span<UInt8>, into output: inout OutputSpan<UInt8>) -> Int {
    // Only appending makes room in an OutputSpan. So room for every reply is made once, as
    // zeros, and given back where no reply was written: some 4 ns, and 9 more per KiB.
    let start = output.count
    output.append(repeating: 0, count: min(input.count, output.freeCapacity))
    let made = output.count
    var replies = output.mutableSpan
    let (taken, end) = step(input, into: &replies, from: start)
    output.removeLast(made - end)
    return taken
  }

  /// Answers `input` into `output[start...]`, and says how much of `input` that took and where
  /// the replies end.
  ///
  /// For a caller that has a buffer of initialised bytes. This is faster than an `OutputSpan`,
  /// which must be filled before it can be written by vectors. When `output` is full, stepping
  /// stops as it does there. Nothing in front of `start` or from the end of the replies
  /// on is written.
  ///
  /// - Parameters:
  ///   - input: Bytes from the peer, of any number.
  ///   - output: Where the replies go.
  ///   - start: Where in `output` the replies begin, from 0 to `output.count`.
  /// - Returns: The number of bytes taken from the start of `input`, and the index in `output`
  ///   behind the last reply.
  public mutating func step(
    _ input: Span<UInt8>, into output: inout MutableSpan<UInt8>, from start: Int
  ) -> (taken: Int, end: Int) {
    precondition(start >= 0 && start <= output.count, "replies begin outside the output")
    var i = 0
    var o = start
    while i < input.count {
      guard inFrame || skipToFrame(input, &i) else { break }
      if worthwhile(input, i) {
        let blocks = output.putBlocks(of: input, from: i, at: o, until: Frames.closing)
        i += blocks
        o += blocks
      }
      // Searched no further than there is room, or little room and a long frame would make a
      // caller's loop quadratic.
      let full = i + min(input.count - i, output.count - o)
      let end = input.extracting(first: full + 1).firstIndex(of: Frames.closing, from: i)
      let next = min(end, full)
      output.put(successorsOf: input.extracting(i..<next), at: o)
      o += next - i
      i = next
      if next < end { break }
      if end < input.count { closeFrame(&i) }
    }
    return (i, o)
  }

  /// Answers the first `count` bytes in place, and says how many replies there are.
  ///
  /// The replies are left at the start of `bytes`, in order; after them, up to `count`, the
  /// bytes are unspecified. At and after `count` nothing is read or written.
  ///
  /// - Parameters:
  ///   - bytes: Bytes from the peer; on return, the replies to them.
  ///   - count: How many of `bytes` came from the peer. Clamped to `0...bytes.count`.
  /// - Returns: The number of replies, from 0 to `count`.
  public mutating func stepInPlace(_ bytes: inout MutableSpan<UInt8>, count: Int) -> Int {
    let count = max(0, min(count, bytes.count))
    var i = 0
    var o = 0
    while i < count {
      guard inFrame || skipToFrame(bytes.span.extracting(first: count), &i) else { break }
      if worthwhile(bytes.span.extracting(first: count), i) {
        let blocks = bytes.moveBlocks(from: i, to: o, limit: count, until: Frames.closing)
        i += blocks
        o += blocks
      }
      let end = bytes.span.extracting(first: count).firstIndex(of: Frames.closing, from: i)
      bytes.move(successorsOf: end - i, from: i, to: o)
      o += end - i
      i = end
      if end < count { closeFrame(&i) }
    }
    return o
  }

  /// Moves `i` past the next `^`, or to the end. False if there was none.
  @inline(__always)
  private mutating func skipToFrame(_ input: Span<UInt8>, _ i: inout Int) -> Bool {
    // Frames mostly follow each other directly, and then the search is not needed.
    if input[i] != Frames.opening { i = input.firstIndex(of: Frames.opening, from: i + 1) }
    guard i < input.count else { return false }
    i += 1
    inFrame = true
    return true
  }

  /// Whether a block is left and the frame does not end right here, as in a stream of short ones.
  @inline(__always)
  private func worthwhile(_ input: Span<UInt8>, _ i: Int) -> Bool {
    input.count - i >= Block.count && Vector(input, at: i).matches(Frames.closing).isEmpty
  }

  /// Moves `i` past the `$` that is there.
  @inline(__always)
  private mutating func closeFrame(_ i: inout Int) {
    i += 1
    inFrame = false
  }
}
