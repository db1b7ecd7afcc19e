import SwitchboardBase

/// How work is going, on standard error: one line, drawn anew on a terminal and written below the last
/// elsewhere. The only one that the command has; results have standard output for themselves.
struct ProgressLine: Sendable {
  private let isQuiet: Bool

  /// A line that nothing stands in yet.
  ///
  /// - Parameter isQuiet: Show nothing.
  init(isQuiet: Bool = false) { self.isQuiet = isQuiet }

  /// Shows this in place of what stood there before.
  func show(_ text: String) { if !isQuiet { Output.progress(text) } }

  /// Takes the line away.
  func clear() { if !isQuiet { Output.endProgress() } }
}
