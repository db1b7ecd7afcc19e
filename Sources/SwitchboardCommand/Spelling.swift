/// Command lines as they are written now: scripts may use spellings of earlier versions, which go on to work
/// and which no help mentions.
enum Spelling {
  /// An option that has another name now.
  private struct Change {
    let command: String
    let old: String
    let new: String
    /// What a bare number of the old one was counted in.
    var unit = ""
  }

  private static let changes = [
    Change(command: "load", old: "--json", new: "--out"),
    Change(command: "timeline", old: "--output", new: "--out"),
    Change(command: "timeline", old: "--clients", new: "--connections"),
    Change(command: "compare", old: "--rounds", new: "--repeat"),
    Change(command: "simulate", old: "--seconds", new: "--duration", unit: "s"),
  ]

  /// The same command line, in the present spelling.
  static func present(_ arguments: [String]) -> [String] {
    guard let command = arguments.first else { return arguments }
    var present = arguments
    for change in changes where change.command == command { present = renamed(present, change) }
    return command == "load" || command == "help" ? ofLoad(present) : present
  }

  private static func renamed(_ arguments: [String], _ change: Change) -> [String] {
    var isItsValue = false
    return arguments.map { argument in
      defer { isItsValue = argument == change.old }
      if isItsValue { return counted(argument, change) }
      if argument == change.old { return change.new }
      let start = change.old + "="
      guard argument.hasPrefix(start) else { return argument }
      return "\(change.new)=\(counted(String(argument.dropFirst(start.count)), change))"
    }
  }

  /// A value with its unit, where it has none.
  private static func counted(_ value: String, _ change: Change) -> String {
    value.last?.isNumber == true ? value + change.unit : value
  }

  /// `load` is what it does most, and its help is that of it; `merge` could stand behind options.
  private static func ofLoad(_ arguments: [String]) -> [String] {
    if ["--help", "-h", "--help-hidden"].contains(arguments.last), arguments.count == 2 {
      return arguments.first == "load" ? ["load", "run"] + arguments.dropFirst() : arguments
    }
    if arguments == ["help", "load"] { return arguments + ["run"] }
    guard arguments.first == "load", let place = arguments.firstIndex(of: "merge"), place > 1,
      case let before = arguments[place - 1],
      !before.hasPrefix("-") || before == "--quiet" || before.contains("=")
    else { return arguments }
    var moved = arguments
    moved.insert(moved.remove(at: place), at: 1)
    return moved
  }
}
