import Glibc
import SwitchboardBase

/// What the kernel's books say of a process.
public struct ProcessFigures: Hashable, Sendable {
  /// Bytes of memory it has in use.
  public var resident: Int
  public var threads: Int
  /// How often its present threads have been taken from a processor, or have left it to wait.
  public var switches: Int
  /// Seconds of processor time, those of threads that have ended among them.
  public var processorTime: Double

  /// A process's; all zero when it has gone.
  public init(of pid: Int32) {
    let folder = "/proc/\(pid)"
    resident =
      ProcessFigures.value("Rss:", in: Machine.contents(of: folder + "/smaps_rollup")) << 10
    let tasks = ProcessFigures.names(in: folder + "/task")
    threads = tasks.count
    switches = tasks.reduce(0) { sum, task in
      let status = Machine.contents(of: "\(folder)/task/\(task)/status")
      return sum + ProcessFigures.value("voluntary_ctxt_switches:", in: status)
        + ProcessFigures.value("nonvoluntary_ctxt_switches:", in: status)
    }
    processorTime = ProcessFigures.processorTime(of: pid)
  }

  private static func processorTime(of pid: Int32) -> Double {
    var clock = clockid_t()
    var time = timespec()
    guard unsafe clock_getcpuclockid(pid, &clock) == 0, unsafe clock_gettime(clock, &time) == 0
    else {
      return 0
    }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Waits until its memory does not change any more, at most two seconds, and answers its figures.
  static func settled(_ pid: Int32) -> ProcessFigures {
    var before = ProcessFigures(of: pid)
    for _ in 0..<20 {
      usleep(100_000)
      let now = ProcessFigures(of: pid)
      if now.resident == before.resident { return now }
      before = now
    }
    return before
  }

  /// Kernel memory of the whole machine by name, in bytes: `KernelStack`, `PageTables`, `Slab`.
  static func kernelMemory(_ name: String) -> Int {
    value(name + ":", in: Machine.contents(of: "/proc/meminfo")) << 10
  }

  private static func value(_ name: String, in text: String) -> Int {
    for line in text.split(separator: "\n") where line.hasPrefix(name) {
      return line.dropFirst(name.count).split { $0 == " " || $0 == "\t" }.first.flatMap { Int($0) }
        ?? 0
    }
    return 0
  }

  private static func names(in folder: String) -> [String] {
    guard let directory = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { place in
        unsafe place.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }
}
