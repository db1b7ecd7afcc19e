/// Figures in rows and columns, for a terminal.
package enum Columns {
  /// How wide each column has to be; those of the first row are all that there are.
  package static func widths(_ rows: [[String]]) -> [Int] {
    (rows.first ?? []).indices.map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
  }

  /// A table where there is no room for its columns: each row's name, and below it the figures, each behind
  /// what its column is called.
  package static func records(_ header: [String], _ rows: [[String]], width: Int) -> [String] {
    rows.flatMap { row in
      let figures = zip(header, row).dropFirst().filter { !$0.1.isEmpty }
        .map { $0.0.isEmpty ? $0.1 : "\($0.0) \($0.1)" }
      return [row.first ?? ""]
        + Prose.wrapped(figures.joined(separator: ", "), to: width - 2).map { "  " + $0 }
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
