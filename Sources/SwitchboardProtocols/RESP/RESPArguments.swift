/// The arguments of one command: where each of them lies.
///
/// One value serves all connections of a loop, one command after the other, so that none allocates for
/// its arguments.
///
/// A value; any thread may use it, one at a time.
public struct RESPArguments: Sendable {
  @usableFromInline var ranges: [Range<Int>] = []
  // The bytes, where they do not lie in what was read from.
  var own: [UInt8]?

  /// None.
  public init() {}

  /// How many there are, the command's name among them.
  @inlinable
  public var count: Int { ranges.count }

  /// Where an argument lies: of the bytes that ``takeOwn()`` answers, or if it answers none, of those that the
  /// reader was given.
  @inlinable
  public subscript(index: Int) -> Range<Int> { ranges[index] }

  /// The bytes of a command that came in several pieces, or of an inline one with quotes; nil for all others,
  /// whose arguments lie in the input. Asked once for each command, since they are handed over.
  public mutating func takeOwn() -> [UInt8]? {
    guard own != nil else { return nil }
    var taken: [UInt8]?
    swap(&taken, &own)
    return taken
  }

  /// How many bytes the arguments have together.
  public var byteCount: Int { ranges.reduce(0) { $0 &+ $1.count } }

  /// The same arguments with bytes of their own: for commands that are kept.
  ///
  /// - Parameter bytes: Where the arguments lie now.
  public func copied(from bytes: Span<UInt8>) -> RESPArguments {
    var (copy, all) = (RESPArguments(), [UInt8]())
    all.reserveCapacity(byteCount)
    for range in ranges {
      let start = all.count
      all.append(copying: bytes.extracting(range), most: all.capacity)
      copy.ranges.append(start..<all.count)
    }
    copy.own = all
    return copy
  }

  /// Makes ready for the next command.
  mutating func clear() {
    // A huge command's table of arguments is not kept for all those small ones.
    ranges.removeAll(keepingCapacity: ranges.capacity <= RESPArguments.mostKept)
    own = nil
  }

  private static let mostKept = 4096
}
