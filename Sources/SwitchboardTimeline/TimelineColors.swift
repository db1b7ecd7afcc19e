import Switchboard

extension CallbackKind {
  /// Its colour on a light and on a dark page: of the palette of Okabe and Ito, which people with
  /// any colour vision can tell apart (<https://jfly.uni-koeln.de/color/>). A letter or the legend
  /// says the same.
  var colors: (light: String, dark: String) {
    switch self {
    case .connected: ("#56b4e9", "#56b4e9")
    case .receive: ("#0072b2", "#3d9be0")
    case .send, .drained: ("#e69f00", "#e69f00")
    case .ended: ("#d55e00", "#e8702a")
    case .alarm: ("#009e73", "#19b78b")
    case .posted: ("#c9b800", "#f0e442")
    case .drain: ("#7f7f7f", "#9a9a9a")
    case .closed: ("#b85f92", "#cc79a7")
    }
  }
}

/// The other colours of the drawings, on a light and on a dark page.
package enum TimelineColors {
  static let all: [(name: String, light: String, dark: String)] = [
    ("ink", "#1f2328", "#e6edf3"), ("faint", "#59636e", "#9198a1"), ("line", "#d1d9e0", "#30363d"),
    ("life", "#aab4be", "#57606a"), ("work", "#8c959f", "#768390"), ("wait", "#9a6700", "#d4a72c"),
    ("served", "#0072b2", "#3d9be0"),
    ("page", "#ffffff", "#0d1117"), ("panel", "#f6f8fa", "#151b23"),
  ]

  /// Declarations of custom properties, `--tl-ink` and so on.
  package static func variables(isDark: Bool) -> String {
    let kinds = CallbackKind.allCases.map { kind in
      "--tl-\(kind):\(isDark ? kind.colors.dark : kind.colors.light)"
    }
    let others = all.map { "--tl-\($0.name):\(isDark ? $0.dark : $0.light)" }
    return (others + kinds).joined(separator: ";")
  }
}
