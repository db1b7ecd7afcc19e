import SwitchboardBase

// How the report's lines are broken, put in columns and coloured.

extension LoadReport {
  func wrapped(_ text: String, after label: String? = nil) -> [String] {
    under(alarming(label ?? "Note".padded(to: 13)), text)
  }

  func rows(_ name: String, _ text: String) -> [String] { under(label(name), text) }

  /// Text behind a label of thirteen columns, and below itself.
  func under(_ label: String, _ text: String) -> [String] {
    Prose.hanging(text, behind: label, indent: 13, to: width)
  }

  package func perSecond(_ rate: Double) -> String {
    rate < 100
      ? Figures.fixed(rate, places: 1) + " requests/s"
      : Figures.grouped(Figures.whole(rate)) + " requests/s"
  }

  func seconds(_ value: Double) -> String {
    Figures.fixed(value, places: value == value.rounded() ? 0 : 2) + " s"
  }

  static func bytes(_ value: Double) -> String { Figures.bytes(value) }

  func label(_ text: String) -> String { bold(text.padded(to: 13)) }
  func bold(_ text: String) -> String { ink.painted(text, .bold) }
  func strong(_ text: String) -> String { ink.painted(text, .boldGreen) }
  func wrong(_ text: String) -> String { ink.painted(text, .boldRed) }
  func faint(_ text: String) -> String { ink.painted(text, .dim) }
  func tinted(_ text: String) -> String { ink.painted(text, .cyan) }
  func alarming(_ text: String) -> String { ink.painted(text, .boldYellow) }
}
