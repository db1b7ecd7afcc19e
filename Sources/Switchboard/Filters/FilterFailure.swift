/// Why a filter had to give a connection up.
public struct FilterFailure: Hashable, Sendable, CustomStringConvertible {
  /// What was wrong, in words.
  public let description: String

  /// - Parameter description: What was wrong, in words.
  package init(_ description: String) { self.description = description }
}
