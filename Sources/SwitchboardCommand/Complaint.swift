import ArgumentParser
import SwitchboardBase

/// What is wrong with a command line, in one line: which subcommand, what it did not understand,
/// and where its options are told.
struct Complaint {
  /// The whole line.
  let line: String

  /// Nil where the error is none: help was asked for, or everything has been said.
  init?(about error: any Error, _ arguments: [String]) {
    guard !Main.exitCode(for: error).isSuccess else { return nil }
    let message = Complaint.joined(Complaint.message(for: error, arguments))
    guard !message.isEmpty else { return nil }
    let command = Complaint.command(in: arguments)
    let meant = Complaint.meant(by: arguments).map { "; did you mean '\($0)'?" } ?? ""
    line = "\(command): \(Complaint.continued(message))\(meant) (see '\(command) --help')"
  }

  /// The parser takes `-1` for an option and says that the one before it has no value. Written as
  /// `--connections=-1` it is a value, and the option says itself what is wrong with it.
  private static func message(for error: any Error, _ arguments: [String]) -> String {
    let message = Main.message(for: error)
    let attached = attachingNegatives(arguments)
    guard attached != arguments else { return message }
    do {
      _ = try Main.parseAsRoot(attached)
      return message
    } catch {
      return Main.message(for: error)
    }
  }

  /// The same arguments, with negative numbers attached to the options before them.
  static func attachingNegatives(_ arguments: [String]) -> [String] {
    var attached: [String] = []
    for argument in arguments {
      let isNegative = argument.first == "-" && argument.dropFirst().first?.isNumber == true
      if isNegative, let last = attached.last, last.first == "-", !last.contains("=") {
        attached[attached.count - 1] = "\(last)=\(argument)"
      } else {
        attached.append(argument)
      }
    }
    return attached
  }

  /// In one line. A list, one item a line, gets commas.
  private static func joined(_ message: String) -> String {
    var joined = ""
    var isInList = false
    for line in message.split(whereSeparator: \.isNewline) {
      let text = line.trimmingPrefix(while: \.isWhitespace)
      let isItem = text.hasPrefix("- ")
      joined += joined.isEmpty ? "" : isItem && isInList ? ", " : " "
      joined += isItem ? text.dropFirst(2) : text
      isInList = isItem
    }
    return joined
  }

  /// As the second half of a sentence.
  private static func continued(_ message: String) -> String {
    // Of values without an option's name the parser says so in a sentence that has ended.
    let message = message.replacing("is invalid.:", with: "is invalid:")
    let isWord = message.dropFirst().first.map { $0.isLowercase || $0 == " " } == true
    let begun = isWord ? message.prefix(1).lowercased() + message.dropFirst() : message
    return begun.hasSuffix(".") ? String(begun.dropLast()) : begun
  }

  /// The subcommand that was probably meant where the word in its place is none.
  private static func meant(by arguments: [String]) -> String? {
    var command: any ParsableCommand.Type = Main.self
    var names = [Main._commandName]
    for argument in arguments {
      let subcommands = command.configuration.subcommands
      guard let next = subcommands.first(where: { $0._commandName == argument }) else {
        let nearest = Spellings.nearest(to: argument, of: subcommands.map { $0._commandName })
        return nearest.map { (names + [$0]).joined(separator: " ") }
      }
      command = next
      names.append(argument)
    }
    return nil
  }

  /// The subcommand that was meant, as it is written.
  static func command(in arguments: [String]) -> String {
    var command: any ParsableCommand.Type = Main.self
    var names = [Main._commandName]
    for argument in arguments {
      let subcommands = command.configuration.subcommands
      guard let next = subcommands.first(where: { $0._commandName == argument }) else { break }
      command = next
      names.append(argument)
    }
    return names.joined(separator: " ")
  }
}
