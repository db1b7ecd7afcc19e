import Glibc

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
    let release = contents(of: "/proc/sys/kernel/osrelease").split(separator: "\n").first
    return Machine(
      processor: model.map { String($0.drop { $0 == " " }) } ?? "unknown processor",
      processors: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))),
      kernel: release.map(String.init) ?? "unknown")
  }

  /// `AMD EPYC, 2 processors, Linux 6.18.5`
  public var description: String {
    "\(processor), \(processors) processor\(processors == 1 ? "" : "s"), Linux \(kernel)"
  }

  /// A warning that the figures are those of an unoptimised build; nil for an optimised one.
  public static var buildNote: String? {
    #if DEBUG
      "This is a debug build: for figures that count, use `swift run -c release`."
    #else
      nil
    #endif
  }

  /// The beginning of a file; empty if there is none.
  static func contents(of path: String) -> String {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 8192)
    let count = unsafe read(file, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }
}
