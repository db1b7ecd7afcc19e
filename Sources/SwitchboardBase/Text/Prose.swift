/// Text in lines.
package enum Prose {
  /// Broken at spaces, no line longer than `width` characters unless a word is.
  package static func wrapped(_ text: String, to width: Int) -> [String] {
    wrapped(text) { $0.count <= width }
  }

  /// Broken at spaces where a line would no longer fit; a single word may not.
  package static func wrapped(_ text: String, where fits: (String) -> Bool) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      let longer = lines.last.map { $0 + " " + word }
      if let longer, fits(longer) {
        lines[lines.count - 1] = longer
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }

  /// Broken to `width` columns behind a head that takes `indent` of them, and below itself.
  package static func hanging(
    _ text: String, behind head: String, indent: Int, to width: Int
  ) -> [String] {
    let space = String(repeating: " ", count: indent)
    return wrapped(text, to: width - indent).enumerated().map { ($0 == 0 ? head : space) + $1 }
  }
}

extension String {
  /// With spaces up to a width, behind it or in front.
  package func padded(to width: Int, atLeft: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, width - count))
    return atLeft ? space + self : self + space
  }
}
