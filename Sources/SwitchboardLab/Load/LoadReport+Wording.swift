// How the report's lines are broken, put in columns and coloured.

extension LoadReport {
  func wrapped(_ text: String, after label: String? = nil) -> [String] {
    under(alarming(label ?? "Note".padded(to: 13)), text)
  }

  func rows(_ name: String, _ text: String) -> [String] { under(label(name), text) }

  /// Text behind a label of thirteen columns, and below itself.
  func under(_ label: String, _ text: String) -> [String] {
    LoadReport.broken(text, width - 13).enumerated().map { number, row in
      (number == 0 ? label : String(repeating: " ", count: 13)) + row
    }
  }

  /// Text broken between words.
  static func broken(_ text: String, _ width: Int) -> [String] {
    var rows: [String] = []
    for word in text.split(separator: " ") {
      if let last = rows.last, last.count + 1 + word.count <= width {
        rows[rows.count - 1] = last + " " + word
      } else {
        rows.append(String(word))
      }
    }
    return rows
  }

  func perSecond(_ rate: Double) -> String {
    rate < 100
      ? Figures.fixed(rate, places: 1) + " requests/s"
      : Figures.grouped(Figures.whole(rate)) + " requests/s"
  }

  func seconds(_ value: Double) -> String {
    Figures.fixed(value, places: value == value.rounded() ? 0 : 2) + " s"
  }

  static func bytes(_ value: Double) -> String {
    switch value {
    case ..<1e3: Figures.fixed(value, places: 0) + " B"
    case ..<1e6: Figures.fixed(value / 1e3, places: 1) + " kB"
    case ..<1e9: Figures.fixed(value / 1e6, places: 1) + " MB"
    default: Figures.fixed(value / 1e9, places: 2) + " GB"
    }
  }

  func label(_ text: String) -> String { bold(text.padded(to: 13)) }
  func bold(_ text: String) -> String { styled(text, "1") }
  func strong(_ text: String) -> String { styled(text, "1;32") }
  func faint(_ text: String) -> String { styled(text, "2") }
  func tinted(_ text: String) -> String { styled(text, "36") }
  func alarming(_ text: String) -> String { styled(text, "1;33") }
  func styled(_ text: String, _ code: String) -> String {
    color && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
