import Glibc
import Switchboard
import SwitchboardBase

/// What many seeds came to.
struct SimulationTally {
  private let clock = ContinuousClock()
  private let start = ContinuousClock().now
  private var passed = 0
  private(set) var failed = 0
  private(set) var different = 0
  private var calls = 0
  private var operations = 0
  private var events = 0
  private var bytes = 0
  private var faults = 0
  private var nanoseconds: UInt64 = 0
  private(set) var branches = BranchCounts()
  private var byKind = [Int](repeating: 0, count: Fault.Kind.allCases.count)

  var elapsed: Duration { clock.now - start }

  mutating func add(_ report: SimulationReport) {
    passed += 1
    calls += report.calls
    operations += report.operations
    events += report.events
    bytes += report.bytes
    faults += report.faults.count
    nanoseconds += report.nanoseconds
    branches.add(report.branches)
    for fault in report.faults { byKind[Int(fault.kind.rawValue)] += 1 }
  }

  /// A seed did not pass; who says why has a line of its own for it.
  mutating func fail() { failed += 1 }

  /// Two runs of a seed were not the same.
  mutating func differs() { different += 1 }

  private var seconds: Double { max(elapsed / .seconds(1), 1e-6) }

  private func perSecond(_ count: Int) -> String { grouped(Int(Double(count) / seconds)) }

  private func grouped(_ number: Int) -> String { Figures.grouped(number) }

  private func counted(_ number: Int, _ noun: String) -> String { Figures.counted(number, noun) }

  /// From so many seeds on all branches are to be reached.
  private static let telling = 5000

  /// Whether so many seeds, chosen from all that there are, left a branch out.
  var leavesOut: Bool { passed >= Self.telling && !branches.unreached.isEmpty }

  /// The verdict and the figures.
  var lines: [String] {
    let ratio = Int(Double(nanoseconds) / 1e9 / seconds)
    var lines = ["faults by kind:"]
    for kind in Fault.Kind.allCases {
      lines.append("  \("\(kind)".inWords): \(grouped(byKind[Int(kind.rawValue)]))")
    }
    let unreached = branches.unreached
    let reached = Branch.allCases.count - unreached.count
    lines.append("branches of care: \(reached) of \(Branch.allCases.count) reached")
    for branch in Branch.allCases {
      lines.append("  \("\(branch)".inWords): \(grouped(branches[branch]))")
    }
    if !unreached.isEmpty {
      let names = unreached.map { "\($0)".inWords }.joined(separator: ", ")
      lines.append("not reached: \(names)")
    }
    lines += [
      "\(counted(passed + failed, "seed")) in \(Figures.brief(elapsed)): a second has "
        + "\(perSecond(passed + failed)) of them, \(perSecond(calls)) calls, "
        + "\(perSecond(events)) events and \(perSecond(faults)) faults",
      "\(counted(calls, "call")), \(counted(bytes, "byte")) checked, \(counted(faults, "fault")); "
        + "virtual to real time \(grouped(ratio)) to 1",
    ]
    if operations > 0 {
      lines.append(
        "\(counted(operations, "operation")) \(operations == 1 ? "was" : "were") submitted to rings, "
          + "\(perSecond(operations)) a second; a call that carries several is one call")
    }
    if different > 0 {
      lines.append("\(counted(different, "seed")) ran differently the second time")
    }
    lines.append(
      failed == 0
        ? "every seed passed"
        : "\(grouped(failed)) of \(counted(passed + failed, "seed")) failed")
    // Short ones stay as they are, with their indents.
    return lines.flatMap { line in
      line.count <= Output.width
        ? [line] : Prose.hanging(line, behind: "", indent: 2, to: Output.width)
    }
  }
}

/// Tells which seed was running when the process trapped: a trap cannot be caught, but a line can
/// still be written.
enum TrapReport {
  nonisolated(unsafe) private static let buffer = UnsafeMutablePointer<UInt8>.allocate(
    capacity: 512)
  nonisolated(unsafe) private static var count = 0

  static func set(_ line: String) {
    count = 0
    for byte in line.utf8.prefix(512) {
      buffer[count] = byte
      count += 1
    }
  }

  static func install() {
    for number in [SIGILL, SIGTRAP, SIGSEGV, SIGABRT] {
      signal(number) { number in
        _ = write(2, TrapReport.buffer, TrapReport.count)
        signal(number, SIG_DFL)
        raise(number)
      }
    }
  }
}
