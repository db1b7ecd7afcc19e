extension LineSplitter {
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
    var found: [UInt8]?
    let taken = try split(input.extracting(place...)) { line in
      found = [UInt8](capacity: line.count) { output in
        for index in line.indices { output.append(line[index]) }
      }
      return false
    }
    place += taken
    return found
  }
}
