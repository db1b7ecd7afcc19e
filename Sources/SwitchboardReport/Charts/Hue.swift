/// The colours of a drawing's data, told apart by people with any colour vision: they differ in
/// lightness too, every series has a shape of its own, and every series is named beside its line.
public enum Hue: String, CaseIterable, Sendable {
  case blue, vermilion, green, purple, amber, sky, grey

  /// The colour that a way of waiting, or of serving, has in every picture.
  public static func of(_ model: String) -> Hue {
    switch model {
    case "select": .vermilion
    case "poll": .amber
    case "epoll": .blue
    case "io_uring": .green
    case "threads": .purple
    case "pool": .sky
    default: .grey
    }
  }

  /// On paper, dark enough to be read as text.
  var light: String {
    switch self {
    case .blue: "#0066ad"
    case .vermilion: "#c4440a"
    case .green: "#007a58"
    case .purple: "#9c3676"
    case .amber: "#8f6400"
    case .sky: "#1c7896"
    case .grey: "#666666"
    }
  }

  /// On a dark screen.
  var dark: String {
    switch self {
    case .blue: "#64b1f2"
    case .vermilion: "#ff8653"
    case .green: "#36c99b"
    case .purple: "#ee95cd"
    case .amber: "#e6b643"
    case .sky: "#8ad6f2"
    case .grey: "#a3a3a3"
    }
  }
}

/// What something is drawn with.
public enum Paint: Hashable, Sendable {
  /// Text that matters.
  case text
  /// Text that explains: units, ticks.
  case faint
  /// Lines that help the eye.
  case hairline
  /// Data.
  case hue(Hue)

  /// The name in the style sheet.
  var name: String {
    switch self {
    case .text: "t"
    case .faint: "f"
    case .hairline: "h"
    case .hue(let hue): hue.rawValue
    }
  }
}

/// The style sheet that all drawings share.
public enum ChartStyle {
  /// The colours as variables, and who uses them. For a page with drawings in it, and for a drawing
  /// that stands alone.
  public static var sheet: String {
    let light =
      "--sb-paper:#fff;--sb-t:#1b1b1b;--sb-f:#5c5c5c;--sb-h:#dadada;"
      + Hue.allCases.map { "--sb-\($0):\($0.light);" }.joined()
    let dark =
      "--sb-paper:#16181b;--sb-t:#ececec;--sb-f:#a9adb2;--sb-h:#3a3e43;"
      + Hue.allCases.map { "--sb-\($0):\($0.dark);" }.joined()
    let names = ["t", "f", "h"] + Hue.allCases.map(\.rawValue)
    let users = names.map {
      ".sb .f-\($0){fill:var(--sb-\($0))}.sb .s-\($0){stroke:var(--sb-\($0))}"
    }
    return ":root{\(light)}@media screen and (prefers-color-scheme:dark){:root{\(dark)}}"
      + ".sb{font-family:\(TextMetrics.fonts)}.sb .p{fill:var(--sb-paper)}"
      // A line behind a text does not strike it through.
      + ".sb text{font-variant-numeric:tabular-nums;paint-order:stroke;stroke:var(--sb-paper);"
      + "stroke-width:3px;stroke-linejoin:round}" + users.joined()
  }
}
