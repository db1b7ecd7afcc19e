import Glibc
import Switchboard
import SwitchboardBase

/// The process that a recording names, as far as this machine knows of it.
package enum RecordedProcess: Hashable, Sendable {
  /// A process of that number runs here, and did when recording began.
  case runs
  /// There is none.
  case isGone

  /// Looks for it.
  package init(_ head: RecordingFile.Head) {
    // A recording of another machine, or of before this one was started, may be of later than now.
    guard head.process > 0, head.start <= Linux().now() else {
      self = .isGone
      return
    }
    let isThere = kill(head.process, 0) == 0 || errno == EPERM
    self = isThere && !RecordedProcess.isYounger(head) ? .runs : .isGone
  }

  /// Numbers of processes come back. Whether that one began after the recording: ages are compared, since one clock
  /// stands still while the machine sleeps.
  private static func isYounger(_ head: RecordingFile.Head) -> Bool {
    guard
      let bytes = try? InputFile.read("/proc/\(head.process)/stat", atMost: 4096, wanted: ""),
      let ticks = startTicks(String(decoding: bytes, as: UTF8.self))
    else { return false }
    var now = timespec()
    guard unsafe clock_gettime(CLOCK_BOOTTIME, &now) == 0 else { return false }
    let uptime = Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    let age = uptime - Double(ticks) / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    let recorded = Linux().now().since(head.start).inSeconds
    return age < recorded - leeway
  }

  /// Clocks that tick in hundredths, and a file that was begun a little early, in seconds.
  private static let leeway = 1.0

  /// When a process began, in ticks since the machine did: the 22nd field of proc_pid_stat(5). The second is a name
  /// in parentheses that may hold anything.
  package static func startTicks(_ stat: String) -> UInt64? {
    guard let end = stat.lastIndex(of: ")") else { return nil }
    let fields = stat[stat.index(after: end)...].split(separator: " ")
    return fields.count > 19 ? UInt64(fields[19]) : nil
  }
}
