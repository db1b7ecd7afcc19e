import Glibc
import Switchboard
import SwitchboardBase

/// What this machine offers to servers: its ways of waiting, feature by feature, and its limits.
public struct Offer: Sendable {
  /// The system and its processors: `Linux 6.18.5, processors 0-1`.
  public var system: String
  /// Every feature of io_uring.
  public var features: [RingProbe.Feature]
  /// Why the io_uring backend cannot be had; nil where it can.
  public var ringAbsence: String?
  /// What `auto` takes.
  public var chosen: Server.BackendName
  /// Name, value and what it means.
  public var limits: [(name: String, value: String, meaning: String)]

  /// Asks this machine. The limits are those in force now: raise them before.
  public static func here() -> Offer {
    let choice = Server.BackendName.auto.choice()
    let queue = setting("net/core/somaxconn").flatMap { Int($0) }
    let disabled = setting("kernel/io_uring_disabled")
    let meanings = ["0": "everybody may", "1": "one group and root may", "2": "nobody may"]
    return Offer(
      system:
        "Linux \(Machine.current.kernel), processors \(Machine.listed(Machine.allowedProcessors))",
      features: RingProbe.features(), ringAbsence: choice.reason, chosen: choice.backend,
      limits: [
        (
          "open descriptors", limit(RLIMIT_NOFILE) { Figures.grouped($0) },
          "one for each connection (ulimit -n)"
        ),
        (
          "listen queue", queue.map(Figures.grouped) ?? "unknown",
          "not accepted yet (net.core.somaxconn)"
        ),
        (
          "locked memory", limit(__RLIMIT_MEMLOCK) { Figures.grouped($0 >> 10) + " KiB" },
          "for rings on old kernels (ulimit -l)"
        ),
        (
          "io_uring_disabled", disabled ?? (hasSettings ? "none" : "unknown"),
          disabled.map { meanings[$0] ?? "unknown" }
            ?? (hasSettings ? "no such setting before Linux 6.6" : "there is no /proc to ask")
        ),
      ])
  }

  private static func setting(_ path: String) -> String? {
    Machine.contents(of: "/proc/sys/\(path)").split(separator: "\n").first.map(String.init)
  }

  /// Whether the kernel's settings can be read.
  private static var hasSettings: Bool { FileCalls.allows("/proc/sys/kernel", F_OK) }

  /// A limit of this process, in words.
  private static func limit(_ resource: __rlimit_resource, _ words: (Int) -> String) -> String {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else {
      return "unknown"
    }
    return limit.rlim_cur == rlim_t.max ? "no limit" : words(Int(clamping: limit.rlim_cur))
  }
}

extension Offer {
  /// The tables, in lines of at most 80 columns.
  ///
  /// - Parameter color: With the terminal's colours and weights.
  public func lines(color: Bool) -> [String] {
    let ink = Ink(isOn: color)
    let waiting = Offer.ways.map { name, meaning in
      (name, name == "io_uring" ? ringAbsence : nil, meaning)
    }
    var lines = [ink.painted(system, .bold), "", ink.painted("Ways to wait", .bold)]
    for (name, absence, meaning) in waiting {
      lines += row(name, width: 10, isThere: absence == nil, absence ?? meaning, ink)
    }
    lines += [
      "", ink.painted("What the io_uring backend uses, and the Linux that brought it", .bold),
    ]
    for feature in features {
      let name = feature.name.padded(to: 20) + " " + feature.since
      let purpose = feature.purpose + (feature.isNeeded ? "" : "; may be missing")
      lines += row(
        name, width: 28, isThere: feature.hindrance == nil, feature.hindrance ?? purpose, ink)
    }
    lines += ["", ink.painted("Limits", .bold)]
    for limit in limits {
      let shown = limit.name.padded(to: 19) + " " + limit.value.padded(to: 10) + " "
      lines.append("  " + shown + ink.painted(limit.meaning, .dim))
    }
    return lines + ["", "auto takes \(ink.painted(chosen.rawValue, .bold)) here."]
  }

  private static let ways = [
    ("select", "descriptors below 1,024 (FD_SETSIZE); slower with each one"),
    ("poll", "any descriptor; slower with each one"),
    ("epoll", "any descriptor, any number of them"),
    ("io_uring", "the same, and one system call for all that is to be done"),
  ]

  /// A name, whether it is there, and a remark, in as many lines as that takes.
  private func row(_ name: String, width: Int, isThere: Bool, _ remark: String, _ ink: Ink)
    -> [String]
  {
    let answer = isThere ? ink.painted("yes", .green) : ink.painted("no ", .red)
    let indent = width + 7
    let pieces = Prose.wrapped(remark, to: 79 - indent).map { isThere ? ink.painted($0, .dim) : $0 }
    return pieces.enumerated().map { number, piece in
      number == 0
        ? "  " + name.padded(to: width) + answer + "  " + piece : "".padded(to: indent) + piece
    }
  }
}
