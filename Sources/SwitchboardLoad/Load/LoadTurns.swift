/// Loads of several sides by turns: which of them is measured when.
///
/// What a machine does changes from one minute to the next, and runs of one side that follow each other share it.
/// So the sides take turns, and each turn has them in the other order than the one before: what drifts steadily,
/// or falls to whoever comes second, falls to all alike.
public enum LoadTurns {
  /// How many runs of each side there are where nobody has said it: with one less of each a single run that is
  /// out of order leaves no verdict.
  public static let usual = RankSumTest.fewest + 1

  /// The sides in the order in which they are measured: 0, 1, 1, 0, 0, 1.
  ///
  /// - Parameters:
  ///   - turns: How often each is measured.
  ///   - sides: How many there are.
  public static func order(_ turns: Int, sides: Int) -> [Int] {
    let forth = Array(0..<sides)
    return (0..<turns).flatMap { $0 % 2 == 0 ? forth : forth.reversed() }
  }

  /// Measures each side so often, by turns; a run that ends early is the last.
  ///
  /// - Parameter run: Measures a side; gets which, and how many runs there were before, of all sides.
  /// - Returns: What each side came to; nil where one was not measured at all.
  public static func measured(
    _ turns: Int, sides: Int, _ run: (_ side: Int, _ place: Int) throws -> LoadResult
  ) rethrows -> [LoadResult]? {
    var runs = [[LoadResult]](repeating: [], count: sides)
    for (place, side) in order(turns, sides: sides).enumerated() {
      let result = try run(side, place)
      runs[side].append(result)
      if result.isEndedEarly { break }
    }
    let results = runs.compactMap { $0.count == 1 ? $0[0] : LoadResult.repeated($0) }
    return results.count == sides ? results : nil
  }
}
