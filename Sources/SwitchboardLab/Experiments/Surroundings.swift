import Glibc
import Switchboard
import SwitchboardBase
import SwitchboardReport

/// How much of this machine's processors others use while something is measured: whoever shares them is
/// measured, too.
struct Surroundings {
  /// Seconds that all processors together were at work.
  private let busy: Double
  /// Seconds that this process and its children, those that have ended, were.
  private let own: Double
  private let since: Instant

  /// From now on.
  init() {
    busy = Surroundings.busySeconds(in: Machine.contents(of: "/proc/stat")) ?? -1
    own = Surroundings.ownSeconds()
    since = Linux().now()
  }

  /// The share of the processors that this process may use which others had; nil where the kernel does not
  /// tell.
  func othersShare() -> Double? {
    guard busy >= 0, let now = Surroundings.busySeconds(in: Machine.contents(of: "/proc/stat"))
    else {
      return nil
    }
    let others = (now - busy) - (Surroundings.ownSeconds() - own)
    let room = Linux().now().since(since).inSeconds * Double(Machine.allowedProcessors.count)
    return room > 0 ? max(0, others / room) : nil
  }

  /// More than this and timings are not this program's alone.
  static let mostByOthers = 0.1

  /// The control that nobody else was busy.
  func control() -> Control {
    let share = othersShare()
    return Control(
      name: "processors taken by other programs",
      wanted: "at most \(Figures.fixed(Surroundings.mostByOthers * 100, places: 0)) %",
      found: share.map { "\(Figures.fixed($0 * 100, places: 1)) %" } ?? "unknown",
      isMet: (share ?? 0) <= Surroundings.mostByOthers)
  }

  /// From the line of all processors, in ticks: user, nice, system, idle, iowait, irq, softirq, steal, and
  /// guests, which are in user already.
  static func busySeconds(in stat: String) -> Double? {
    guard let line = stat.split(separator: "\n").first, line.hasPrefix("cpu ") else { return nil }
    let ticks = line.split(separator: " ").dropFirst().prefix(8).map { Double($0) ?? 0 }
    guard ticks.count == 8 else { return nil }
    let idle = ticks[3] + ticks[4]
    return (ticks.reduce(0, +) - idle) / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
  }

  private static func ownSeconds() -> Double {
    [RUSAGE_SELF, RUSAGE_CHILDREN].reduce(0) { sum, whose in
      var usage = rusage()
      guard unsafe getrusage(__rusage_who_t(whose.rawValue), &usage) == 0 else { return sum }
      return sum + seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
  }

  private static func seconds(_ time: timeval) -> Double {
    Double(time.tv_sec) + Double(time.tv_usec) / 1e6
  }
}
