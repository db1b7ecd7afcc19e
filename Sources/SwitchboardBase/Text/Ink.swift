/// The terminal's colours and weights, or none (ECMA-48, SGR).
package struct Ink: Sendable {
  /// How a text may look.
  package enum Style: String, Sendable {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case magenta = "35"
    case cyan = "36"
    case boldRed = "1;31"
    // Of 256 colours, those of the pages' drawings; to be read on black and on white.
    case sky = "38;5;74"
    case blue = "38;5;32"
    case boldBlue = "1;38;5;32"
    case orange = "38;5;172"
    case amber = "38;5;136"
    case pink = "38;5;175"
    case vermilion = "38;5;166"
    case teal = "38;5;36"
    case grey = "38;5;245"
    case boldGreen = "1;32"
    case boldYellow = "1;33"

    /// What a terminal begins it by.
    package var begin: String { "\u{1B}[\(rawValue)m" }
    /// What ends any of them.
    package static let end = "\u{1B}[0m"
  }

  private let isOn: Bool

  /// - Parameter isOn: Whether there are any (see ``Output/wantsColor``).
  package init(isOn: Bool) { self.isOn = isOn }

  /// A text in a style. Nothing looks like nothing.
  package func painted(_ text: String, _ style: Style) -> String {
    isOn && !text.isEmpty ? style.begin + text + Style.end : text
  }
}
