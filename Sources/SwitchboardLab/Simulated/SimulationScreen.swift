import Switchboard
import SwitchboardBase

/// Many seeds while they run: how far they are, which faults struck how often, and which seeds failed. It reads no
/// clock.
package struct SimulationScreen: Sendable {
  /// The smallest terminal that it is drawn on, in columns and rows.
  package static let least = (columns: 40, rows: 8)

  /// How many seeds are to run, and for how long at most.
  private let seeds: Int
  private let duration: Duration?
  package private(set) var done = 0
  /// The last that failed, each with what was wrong.
  private var failures: [String] = []
  private var failed = 0
  private var byKind = [Int](repeating: 0, count: Fault.Kind.allCases.count)
  private var branches = BranchCounts()
  /// The one that runs.
  private var seed: UInt64 = 0
  /// Somebody has asked for the end.
  private var isEnding = false

  /// Failures that are remembered.
  private static let most = 50

  /// Nothing has run yet.
  package init(seeds: Int, duration: Duration?) { (self.seeds, self.duration) = (seeds, duration) }

  /// A seed begins.
  package mutating func begin(_ seed: UInt64) { self.seed = seed }

  /// Says that the end has been asked for.
  package mutating func end() { isEnding = true }

  /// A seed has passed.
  package mutating func add(_ report: SimulationReport) {
    done += 1
    branches.add(report.branches)
    for fault in report.faults { byKind[Int(fault.kind.rawValue)] += 1 }
  }

  /// A seed has failed.
  ///
  /// - Parameter sentence: With the seed.
  package mutating func fail(_ sentence: String) {
    done += 1
    failed += 1
    failures.append(sentence)
    if failures.count > SimulationScreen.most { failures.removeFirst() }
  }

  // ------------------------------------------------------------------------------ in words

  /// How far it is, in a line.
  package func line(after elapsed: Duration) -> String {
    let rate = Double(done) / max(1e-6, elapsed.inSeconds)
    var line = "\(Figures.grouped(done)) of \(Figures.counted(seeds, "seed"))"
    line += ", \(Figures.grouped(failed)) failed"
    guard done > 0 else { return line }
    line += ", \(Figures.grouped(Figures.whole(rate))) a second"
    let byCount = Double(seeds - done) / rate
    let left = min(byCount, duration.map { max(0, ($0 - elapsed).inSeconds) } ?? byCount)
    line += ", \(Figures.grouped(Figures.whole(left.rounded(.up)))) s left"
    let often = Fault.Kind.allCases.max { self[$0] < self[$1] }
    if let often, self[often] > 0 { line += "; most often: \("\(often)".inWords)" }
    return line
  }

  private subscript(kind: Fault.Kind) -> Int { byKind[Int(kind.rawValue)] }

  /// The share of it that is over, from 0 to 1.
  private func share(after elapsed: Duration) -> Double {
    let byTime = duration.map { elapsed.inSeconds / max(1e-9, $0.inSeconds) } ?? 0
    return max(0, min(1, max(byTime, Double(done) / Double(max(1, seeds)))))
  }

  // -------------------------------------------------------------------------- on a screen

  /// What stands on the screen: no more than so many rows of so many columns.
  package func lines(after elapsed: Duration, columns: Int, rows: Int, color: Bool) -> [String] {
    let (ink, rows) = (Ink(isOn: color), max(0, rows))
    let bar = max(4, min(60, columns - 7))
    var progress = PaintedLine(Bars.filled(share(after: elapsed), of: bar), .blue)
    progress.add(
      (Figures.fixed(share(after: elapsed) * 100, places: 0) + " %").padded(to: 7, atLeft: true))
    var lines = [heading, progress]
    lines += Prose.wrapped(line(after: elapsed), to: max(20, columns)).map { PaintedLine($0) }
    let wrong = failures.isEmpty ? [] : failed(columns, rows: max(3, rows / 3))
    let room = rows - lines.count - wrong.count - 2
    lines += faults(columns, rows: room) + wrong
    while lines.count < rows - 1 { lines.append(PaintedLine()) }
    lines = lines.prefix(max(0, rows - 1)) + [PaintedLine("q end now, with what there is", .dim)]
    return lines.prefix(rows).map { $0.text(columns: max(0, columns), ink) }
  }

  private var heading: PaintedLine {
    PaintedLine(
      isEnding ? "simulate: ends with seed \(seed)" : "simulate: seed \(seed) runs",
      isEnding ? .boldYellow : .bold)
  }

  private func failed(_ columns: Int, rows: Int) -> [PaintedLine] {
    let told = failures.reversed().flatMap {
      Prose.hanging($0, behind: "✗ ", indent: 2, to: max(20, columns))
    }
    return [PaintedLine()] + told.prefix(rows - 1).map { PaintedLine($0, .boldRed) }
  }

  /// A bar for each kind, in as many columns as there is room for; the most frequent where not all fit.
  private func faults(_ columns: Int, rows: Int) -> [PaintedLine] {
    guard rows > 1 else { return [] }
    let reached = Branch.allCases.count - branches.unreached.count
    let sum = byKind.reduce(0, +)
    let heading = PaintedLine(
      "\(Figures.counted(sum, "fault")); \(reached) of \(Branch.allCases.count) branches of care "
        + "reached", .dim)
    let kinds = Fault.Kind.allCases.sorted { self[$0] > self[$1] }
    let sets = max(1, columns / SimulationScreen.set)
    let fitting = min(kinds.count, (rows - 1) * sets)
    let high = (fitting + sets - 1) / sets
    let width = columns / sets
    return [heading]
      + (0..<high).map { row in
        var line = PaintedLine()
        for set in 0..<sets where set * high + row < fitting {
          line.go(to: set * width)
          add(kinds[set * high + row], to: &line, within: width - 2)
        }
        return line
      }
  }

  /// Columns that a kind's name, number and bar take at least.
  private static let set = 44

  private func add(_ kind: Fault.Kind, to line: inout PaintedLine, within width: Int) {
    line.add("\(kind)".inWords.padded(to: 21))
    line.add(Figures.grouped(self[kind]).padded(to: 11, atLeft: true) + " ")
    let top = byKind.max() ?? 0
    guard top > 0, width > 36 else { return }
    let share = Double(self[kind]) / Double(top)
    line.add(Bars.filled(share, of: width - 33, rest: " "), .amber)
  }
}
