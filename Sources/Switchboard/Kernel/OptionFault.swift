/// An option with a value that nobody can mean, found when the server or reactor starts.
///
/// What is only more than there can be is no fault: more connections than descriptors, a timeout of a
/// thousand years.
public struct OptionFault: Hashable, Sendable, CustomStringConvertible {
  /// As the program writes it: `acceptBudget`.
  public let name: String
  /// What it is set to.
  public let value: String
  /// What to set it to instead.
  public let remedy: String

  package init(_ name: String, is value: some CustomStringConvertible, _ remedy: String) {
    self.name = name
    self.value = value.description
    self.remedy = remedy
  }

  /// One line, with the next action.
  public var description: String { "option \(name) is \(value); \(remedy)" }
}

/// What options are held to. Every rule stands here once, for the server and the reactor.
package enum OptionCheck {
  static func atLeast(_ least: Int, _ value: Int?, _ name: String, or other: String = "")
    throws(SystemError)
  {
    guard let value, value < least else { return }
    throw fault(OptionFault(name, is: value, "set it to \(least) or more\(other)"))
  }

  /// A time that may be none.
  static func notNegative(_ value: Duration, _ name: String) throws(SystemError) {
    guard value < .zero else { return }
    throw fault(OptionFault(name, is: value, "set it to zero or more"))
  }

  /// A time after which something is given up: at once would be always.
  static func positive(_ value: Duration?, _ name: String, or other: String = "")
    throws(SystemError)
  {
    guard let value, value <= .zero else { return }
    throw fault(OptionFault(name, is: value, "set it to more than zero\(other)"))
  }

  package static func fault(_ fault: OptionFault) -> SystemError {
    SystemError(.options, .invalid, on: .option(fault))
  }
}
