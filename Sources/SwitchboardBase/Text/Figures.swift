/// Numbers as people read them.
public enum Figures {
  /// A number with so many decimal places.
  public static func fixed(_ value: Double, places: Int) -> String {
    var factor = 1.0
    for _ in 0..<places { factor *= 10 }
    guard abs(value) < 1e15, abs(value) * factor < 9e18 else { return "\(value)" }
    let scaled = Int64((abs(value) * factor).rounded())
    let digits = String(scaled)
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    let sign = value < 0 && scaled != 0 ? "-" : ""
    guard places > 0 else { return sign + padded }
    return sign + padded.dropLast(places) + "." + padded.suffix(places)
  }

  /// A duration in the unit that suits it, three digits or so: `8.3 µs`, `210 µs`, `2.204 s`.
  public static func brief(_ duration: Duration) -> String {
    let seconds = duration.inSeconds
    switch seconds {
    case ..<9.95e-6:
      let tenths = (seconds * 1e7).rounded()
      let isWhole = tenths.truncatingRemainder(dividingBy: 10) == 0
      return fixed(tenths / 10, places: isWhole ? 0 : 1) + " µs"
    case ..<999.5e-6: return fixed(seconds * 1e6, places: 0) + " µs"
    case ..<9.995e-3: return fixed(seconds * 1e3, places: 2) + " ms"
    case ..<999.5e-3: return fixed(seconds * 1e3, places: 0) + " ms"
    default: return fixed(seconds, places: 3) + " s"
    }
  }

  /// A number of bytes, or of bytes a second, in the unit that suits it: `1.6 kB`.
  package static func bytes(_ value: Double) -> String {
    switch value {
    case ..<1e3: fixed(value, places: 0) + " B"
    case ..<1e6: fixed(value / 1e3, places: 1) + " kB"
    case ..<1e9: fixed(value / 1e6, places: 1) + " MB"
    default: fixed(value / 1e9, places: 2) + " GB"
    }
  }

  /// The whole number next to one of any size; the largest or smallest where it is beyond.
  public static func whole(_ value: Double) -> Int {
    Int(exactly: value.rounded()) ?? (value > 0 ? .max : value < 0 ? .min : 0)
  }

  /// A whole number with a comma every three digits: `12,000`.
  public static func grouped(_ value: Int) -> String {
    var text = ""
    for (place, digit) in String(value.magnitude).reversed().enumerated() {
      if place > 0, place % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return (value < 0 ? "-" : "") + String(text.reversed())
  }

  /// A number with its noun: `1 client`, `1,000 clients`.
  public static func counted(_ count: Int, _ noun: String) -> String {
    "\(grouped(count)) \(noun)\(count == 1 ? "" : "s")"
  }
}

extension Duration {
  /// In seconds.
  public var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
