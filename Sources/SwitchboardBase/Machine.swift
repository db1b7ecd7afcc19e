internal import CProcess
import Glibc
import Switchboard

/// The machine that figures were measured on: figures without it mean little.
public struct Machine: Hashable, Sendable, CustomStringConvertible {
  /// The processor's model, as the kernel names it.
  public let processor: String
  /// How many processors this process may use.
  public let processors: Int
  /// The kernel's release.
  public let kernel: String

  /// This machine.
  public static var current: Machine {
    let model = contents(of: "/proc/cpuinfo").split(separator: "\n")
      .first { $0.hasPrefix("model name") }?.split(separator: ":").last
    return Machine(
      processor: model.map { String($0.drop { $0 == " " }) } ?? "unknown processor",
      processors: max(1, allowedProcessors.count), kernel: release)
  }

  /// The kernel's release, as `uname -r` has it.
  private static var release: String { named(\.release) }
  /// The machine's name, as `uname -n` has it.
  package static var name: String { named(\.nodename) }

  private static func named<Field>(_ field: KeyPath<utsname, Field>) -> String {
    var names = utsname()
    guard unsafe uname(&names) == 0 else { return "unknown" }
    return unsafe withUnsafeBytes(of: names[keyPath: field]) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// The processors that this process may use, from the lowest on: pinned to some, or in a set of
  /// them, these and not all of the machine.
  package static var allowedProcessors: [Int] {
    // Room for 8,192; what the kernel knows of more processors than that, it refuses to tell.
    var mask = [UInt64](repeating: 0, count: 128)
    let size = mask.count * 8
    guard unsafe cp_processors(&mask, Int32(size)) == 0 else {
      return Array(0..<max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }
    return (0..<size * 8).filter { mask[$0 / 64] >> UInt64($0 % 64) & 1 == 1 }
  }

  /// A hash of the program that runs: builds that differ have others.
  package static var program: String {
    let file = unsafe open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "unknown" }
    defer { close(file) }
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    var words = [UInt64](repeating: 0, count: 1 << 16)
    while case let count = unsafe read(file, &words, words.count * 8), count > 0 {
      // FNV-1a over words; what is behind the end of the file is what stood there before.
      for word in words.prefix((count + 7) / 8) { hash = (hash ^ word) &* 0x100_0000_01B3 }
    }
    return String(hash, radix: 16)
  }

  /// Numbers as the kernel lists them: `0-3,8`.
  package static func listed(_ numbers: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for number in numbers {
      if let last = ranges.last, last.upperBound + 1 == number {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
      .joined(separator: ",")
  }

  /// `AMD EPYC, 2 processors, Linux 6.18.5`
  public var description: String {
    "\(processor), \(processors) processor\(processors == 1 ? "" : "s"), Linux \(kernel)"
  }

  /// What figures depend on, by name, for a report.
  public static var facts: [(name: String, value: String)] {
    let machine = current
    let choice = Server.BackendName.auto.choice()
    return [
      ("processor", machine.processor), ("processors", Figures.grouped(machine.processors)),
      ("memory", memory), ("system", "\(distribution), Linux \(machine.kernel)"),
      ("io_uring", choice.reason ?? "used"),
      ("open descriptors", Figures.grouped(Linux().descriptorLimit().value) + " for each process"),
      ("listen queue", setting("net/core/somaxconn")),
      ("local ports", setting("net/ipv4/ip_local_port_range")),
      ("build", isDebugBuild ? "debug, not optimised" : "release"),
      ("connections", "loopback; client and server share the processors"),
    ]
  }

  private static var memory: String {
    let pages = Double(sysconf(Int32(_SC_PHYS_PAGES)))
    let bytes = pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    return bytes > 0 ? Figures.fixed(bytes / 0x1p30, places: 1) + " GiB" : "unknown"
  }

  private static var distribution: String {
    let line = contents(of: "/etc/os-release").split(separator: "\n")
      .first { $0.hasPrefix("PRETTY_NAME=") }
    return line.map { String($0.dropFirst(12).filter { $0 != "\"" }) } ?? "unknown distribution"
  }

  /// A kernel setting, its words one space apart.
  private static func setting(_ path: String) -> String {
    let words = contents(of: "/proc/sys/\(path)").split { $0 == "\n" || $0 == "\t" || $0 == " " }
    return words.isEmpty ? "unknown" : words.joined(separator: " ")
  }

  /// Whether this is an unoptimised build.
  public static var isDebugBuild: Bool {
    #if DEBUG
    true
    #else
    false
    #endif
  }

  /// A warning that the figures are those of an unoptimised build; nil for an optimised one.
  public static var buildNote: String? {
    isDebugBuild
      ? "This is a debug build: for figures that count, use `swift run -c release`." : nil
  }

  /// The beginning of a file; empty if there is none.
  package static func contents(of path: String) -> String {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 8192)
    let count = unsafe read(file, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }
}
