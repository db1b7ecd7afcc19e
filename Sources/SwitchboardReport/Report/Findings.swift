import SwitchboardBase

/// Whether a claim held, and by which figures. Computed from a run, never written beforehand.
public struct Verdict: Hashable, Sendable {
  /// The three things that a run can say about a claim.
  public enum Outcome: String, Hashable, Sendable {
    case held = "held"
    case failed = "did not hold"
    case undecided = "could not be decided here"
  }

  public var outcome: Outcome
  /// The figures that say so, in a sentence or two.
  public var reason: String

  /// The one of those figures that comes first, with its unit; nil where there is none.
  public var figure: String? {
    let figures = Prose.figures(in: reason)
    return figures.first { $0.contains(" ") } ?? figures.first
  }

  /// A verdict by a condition.
  public init(_ holds: Bool, _ reason: String) {
    (outcome, self.reason) = (holds ? .held : .failed, reason)
  }

  private init(_ outcome: Outcome, _ reason: String) {
    (self.outcome, self.reason) = (outcome, reason)
  }

  /// The machine lacks what it takes, or the run was disturbed.
  public static func undecided(_ reason: String) -> Verdict { Verdict(.undecided, reason) }
}

/// Figures in rows and columns.
public struct Table: Hashable, Sendable {
  public var title: String
  /// The first column names its row; the others hold figures.
  public var header: [String]
  public var rows: [[String]]

  /// A table.
  public init(_ title: String, _ header: [String], _ rows: [[String]]) {
    (self.title, self.header, self.rows) = (title, header, rows)
  }

  /// In lines, columns two spaces apart: names at the left, figures at the right.
  public var lines: [String] {
    let all = [header] + rows
    let widths = Columns.widths(all)
    return all.map { row in
      let line = "  " + Columns.line(row, widths, names: 1)
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }

  /// In lines of at most so many columns: a record for each row where the columns have no room.
  public func lines(width: Int) -> [String] {
    let lines = lines
    guard lines.contains(where: { $0.count > width }) else { return lines }
    return Columns.records(header, rows, width: width - 2).map { "  " + $0 }
  }
}

/// A picture with the name of its file.
public struct NamedPicture: Sendable {
  /// Of the file, without its ending.
  public var name: String
  public var picture: any Picture

  /// A picture.
  public init(_ name: String, _ picture: any Picture) {
    (self.name, self.picture) = (name, picture)
  }
}

/// What a run found: its verdict, and what shows it.
public struct Findings: Sendable {
  /// Nil where nothing was claimed.
  public var verdict: Verdict?
  public var pictures: [NamedPicture]
  public var tables: [Table]
  /// What had to be so before the claim was looked at.
  public var controls: [Control] = []
  /// How it was measured, and what the figures leave out.
  public var notes: [String]

  /// Findings.
  public init(
    _ verdict: Verdict?, pictures: [NamedPicture] = [], tables: [Table] = [], notes: [String] = []
  ) {
    (self.verdict, self.pictures) = (verdict, pictures)
    (self.tables, self.notes) = (tables, notes)
  }
}
