/// Reads commands in Redis' protocol as a server gets them: arrays of bulk strings, and inline commands.
///
/// ```swift
/// var place = 0
/// while !connection.hasWrittenMuch,
///   try reader.next(in: bytes, from: &place, into: &arguments)
/// {
///   answer(arguments, of: bytes, &connection)
/// }
/// connection.leave(bytes.extracting(place...))
/// ```
///
/// A command that lies within one piece is lent where it is: nothing is copied or allocated. The beginning of a
/// command whose end has not come is left in the input while it is short, to be given again with what follows. A
/// longer one the reader takes, and goes on where it stopped, so that each byte is copied once and looked at
/// once however many pieces it comes in. Memory is taken for bytes that have come, not for those that a length
/// announces.
///
/// Source: <https://redis.io/docs/latest/develop/reference/protocol-spec/>.
///
/// A value; any thread may use it, one at a time.
public struct RESPReader: Sendable {
  /// How much a command may ask for.
  public let limits: RESPLimits
  /// The beginning of a command that is known to be longer, in bytes, is held, not left in the input.
  public let mostLeft: Int

  private var progress = RESPProgress()
  /// The beginning of a long command, as it came; without storage when empty.
  private var held: [UInt8] = []
  /// The arguments that have been found in it.
  private var found = RESPArguments()
  private var failure: RESPError?

  /// A reader at the beginning of a command.
  ///
  /// - Parameters:
  ///   - limits: How much a command may ask for.
  ///   - mostLeft: See ``mostLeft``; not negative.
  public init(limits: RESPLimits = RESPLimits(), mostLeft: Int = 4096) {
    precondition(mostLeft >= 0, "what is left is not negative")
    (self.limits, self.mostLeft) = (limits, mostLeft)
  }

  /// How many bytes are held of a command whose end has not come.
  public var heldCount: Int { held.count }

  /// Reads the next command.
  ///
  /// - Parameters:
  ///   - input: What follows the bytes that calls before have taken.
  ///   - place: How much of `input` is taken already, from 0 to `input.count`; moved behind the command. When no
  ///     further one ends in `input`, what is behind `place` afterwards has to be given again with what follows.
  ///   - arguments: Gets the command's arguments, at least one.
  /// - Returns: Whether there was a command. Arrays without arguments and empty lines are passed over.
  /// - Throws: What is wrong with the next command; every further call throws the same.
  public mutating func next(
    in input: Span<UInt8>, from place: inout Int, into arguments: inout RESPArguments
  ) throws(RESPError) -> Bool {
    if let failure { throw failure }
    do throws(RESPError) {
      if !held.isEmpty, try goOn(input, &place, into: &arguments) { return true }
      return try begin(input, &place, into: &arguments)
    } catch {
      failure = error
      (held, found) = ([], RESPArguments())
      throw error
    }
  }

  /// Commands of which nothing is held.
  private mutating func begin(
    _ input: Span<UInt8>, _ place: inout Int, into arguments: inout RESPArguments
  ) throws(RESPError) -> Bool {
    while place < input.count, input.count &- place >= progress.needed {
      progress = RESPProgress(at: place)
      arguments.clear()
      if try progress.advance(in: input, limits, into: &arguments) {
        place = progress.place
        progress.needed = 0
        if arguments.count > 0 { return true }
      } else {
        try keepBeginning(input, &place)
        return false
      }
    }
    return false
  }

  /// A command has not come whole: it stays where it is, or is held.
  private mutating func keepBeginning(
    _ input: Span<UInt8>, _ place: inout Int
  ) throws(RESPError) {
    if input.count &- place <= mostLeft, progress.needed <= mostLeft { return }
    progress = RESPProgress()
    var nothing = RESPArguments()
    _ = try goOn(input, &place, into: &nothing)
  }

  /// The command whose beginning is held, or is to be held from here on.
  private mutating func goOn(
    _ input: Span<UInt8>, _ place: inout Int, into arguments: inout RESPArguments
  ) throws(RESPError) -> Bool {
    var bytes: [UInt8] = []
    swap(&bytes, &held)
    bytes.append(copying: input.extracting(place...), most: limits.command)
    place = input.count
    guard bytes.count >= progress.needed,
      try progress.advance(in: bytes.span, limits, into: &found)
    else {
      swap(&bytes, &held)
      return false
    }
    // What is behind the command came with the last piece.
    let rest = bytes.count - progress.place
    place -= rest
    bytes.removeLast(rest)
    swap(&arguments, &found)
    if arguments.own == nil { arguments.own = bytes }
    (found, progress) = (RESPArguments(), RESPProgress())
    return arguments.count > 0
  }
}
