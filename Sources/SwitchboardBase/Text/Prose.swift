/// Text in lines.
package enum Prose {
  /// Broken at spaces, no line longer than `width` characters unless a word is.
  package static func wrapped(_ text: String, to width: Int) -> [String] {
    wrapped(text) { $0.count <= width }
  }

  /// Broken at spaces where a line would no longer fit; a single word may not.
  package static func wrapped(_ text: String, where fits: (String) -> Bool) -> [String] {
    var lines: [String] = []
    for word in words(text) {
      let longer = lines.last.map { $0 + " " + word }
      if let longer, fits(longer) {
        lines[lines.count - 1] = longer
      } else {
        lines.append(word)
      }
    }
    return lines
  }

  /// What stays together: words, and a number with its unit.
  private static func words(_ text: String) -> [String] {
    var words: [String] = []
    for word in text.split(separator: " ") {
      let unit = word.prefix { !",;:).".contains($0) }
      if let last = words.last, last.last?.isNumber == true, units.contains(unit) {
        words[words.count - 1] = last + " " + word
      } else {
        words.append(String(word))
      }
    }
    return words
  }

  /// The numbers in a text, with their units where they have some: `2.8 s`, `1,024`.
  package static func figures(in text: String) -> [String] {
    words(text).compactMap { word in
      let figure = word.drop { !$0.isNumber }
      let end = figure.lastIndex { $0.isNumber || $0.isLetter || $0 == "%" }
      guard let end, word.first?.isLetter != true else { return nil }
      return String(figure[...end])
    }
  }

  private static let units: Set<Substring> = [
    "%", "ns", "µs", "ms", "s", "B", "kB", "MB", "GB", "KiB", "MiB", "GiB",
  ]

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
