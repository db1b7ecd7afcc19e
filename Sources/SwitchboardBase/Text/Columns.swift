/// Figures in rows and columns, for a terminal.
package enum Columns {
  /// How wide each column has to be; those of the first row are all that there are.
  package static func widths(_ rows: [[String]]) -> [Int] {
    (rows.first ?? []).indices.map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
  }

  /// Cells in columns of these widths, `gap` spaces apart: names at the left, figures at the right.
  ///
  /// - Parameter names: How many of the first columns are names.
  package static func line(
    _ cells: [String], _ widths: [Int], names: Int = 0, gap: Int = 2
  ) -> String {
    zip(cells, widths).enumerated().map { column, cell in
      cell.0.padded(to: cell.1, atLeft: column >= names)
    }.joined(separator: String(repeating: " ", count: gap))
  }
}
