import Switchboard
import SwitchboardBase

/// How far a row of experiments is, in a line, from the first moment on.
package struct TrialsProgress: Sendable {
  private let names: [String]
  /// What each takes, in seconds, if it is not a quick run.
  private let seconds: [Double]
  private let isQuick: Bool
  private var place = 0
  /// What those that are done were to take, and took.
  private var done: (expected: Double, took: Double) = (0, 0)
  private var began = Duration.zero

  /// None has begun.
  package init(_ trials: [(name: String, seconds: Int)], isQuick: Bool) {
    names = trials.map(\.name)
    seconds = trials.map { Double($0.seconds) }
    self.isQuick = isQuick
  }

  /// One begins, the first of them at no time.
  package mutating func begin(_ place: Int, after elapsed: Duration) {
    if place > self.place, seconds.indices.contains(self.place) {
      done.expected += seconds[self.place]
      done.took += (elapsed - began).inSeconds
    }
    (self.place, began) = (place, elapsed)
  }

  /// The line.
  ///
  /// - Parameter text: What has just been measured.
  package func line(_ text: String = "", after elapsed: Duration) -> String {
    guard names.indices.contains(place) else { return text }
    var line = names.count > 1 ? "\(place + 1) of \(names.count), " : ""
    line += names[place] + (text.isEmpty ? "" : ": " + text)
    guard let left = left(after: elapsed) else { return line }
    return line + "; about \(Figures.grouped(Figures.whole(left))) s left"
  }

  /// By what was said of each, at the pace of those that are done; not known before one is, where runs are quick.
  private func left(after elapsed: Duration) -> Double? {
    let pace = done.expected > 0 ? done.took / done.expected : isQuick ? nil : 1
    guard let pace else { return nil }
    let here = max(0, seconds[place] * pace - (elapsed - began).inSeconds)
    return here + seconds[(place + 1)...].reduce(0, +) * pace
  }
}
