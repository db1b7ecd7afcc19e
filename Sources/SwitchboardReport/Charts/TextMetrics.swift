import SwitchboardBase

/// How wide text is drawn, without a font at hand.
///
/// A reader's browser takes the system's own sans-serif font, and nobody knows which. So each
/// character counts as wide as in the wider of two that mark the range, DejaVu Sans and Arial: what
/// has room by this table has room everywhere.
public enum TextMetrics {
  /// The fonts that drawings ask for.
  public static let fonts =
    "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'DejaVu Sans',sans-serif"
  /// How far letters reach above the baseline, in sizes.
  public static let ascent = 0.95
  /// How far letters reach below the baseline, in sizes.
  public static let descent = 0.25
  /// From baseline to baseline, in sizes.
  public static let lineHeight = 1.3

  /// The most that a text takes in breadth, in the unit of `size`.
  public static func width(_ text: String, size: Double, isBold: Bool = false) -> Double {
    let table = isBold ? bold : regular
    var sum = 0
    for scalar in text.unicodeScalars {
      let place = Int(scalar.value) - 32
      sum += table.indices.contains(place) ? table[place] : 1000
    }
    return Double(sum) / 1000 * size
  }

  /// A text in lines no wider than `width`, broken at spaces. A single word may be wider.
  public static func wrapped(
    _ text: String, to width: Double, size: Double, isBold: Bool = false
  ) -> [String] {
    Prose.wrapped(text) { self.width($0, size: size, isBold: isBold) <= width }
  }

  /// Advances of the characters from the space to the tilde, in thousandths of the size.
  private static let regular = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 556, 1015, 684, 686, 722, 770, 667,
    611, 778, 752, 295, 500, 667, 557, 863, 748, 787, 667, 787, 722, 667, 611, 732, 684, 989, 685,
    667, 685, 390, 337, 390, 838, 556, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579,
    278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
  ]
  private static let bold = [
    348, 456, 521, 838, 696, 1002, 872, 306, 457, 457, 523, 838, 380, 415, 380, 365, 696, 696, 696,
    696, 696, 696, 696, 696, 696, 696, 400, 400, 838, 838, 838, 611, 1000, 774, 762, 734, 830, 683,
    683, 821, 837, 372, 556, 775, 637, 995, 837, 850, 733, 850, 770, 720, 682, 812, 774, 1103, 771,
    724, 725, 457, 365, 457, 838, 556, 500, 675, 716, 593, 716, 678, 435, 716, 712, 343, 343, 665,
    343, 1042, 712, 687, 716, 716, 493, 595, 478, 712, 652, 924, 645, 652, 582, 712, 365, 712, 838,
  ]
}
