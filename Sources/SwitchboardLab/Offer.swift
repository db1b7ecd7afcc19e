import Glibc
import Switchboard

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
    var lines = [ink.bold(system), "", ink.bold("Ways to wait")]
    for (name, absence, meaning) in waiting {
      lines += row(name, width: 10, isThere: absence == nil, absence ?? meaning, ink)
    }
    lines += ["", ink.bold("What the io_uring backend uses, and the Linux that brought it")]
    for feature in features {
      let name = Offer.padded(feature.name, 20) + feature.since
      let purpose = feature.purpose + (feature.isNeeded ? "" : "; may be missing")
      lines += row(
        name, width: 27, isThere: feature.hindrance == nil, feature.hindrance ?? purpose, ink)
    }
    lines += ["", ink.bold("Limits")]
    for limit in limits {
      let shown = Offer.padded(limit.name, 20) + Offer.padded(limit.value, 11)
      lines.append("  " + shown + ink.dim(limit.meaning))
    }
    return lines + ["", "auto takes \(ink.bold(chosen.rawValue)) here."]
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
    let head = "  " + Offer.padded(name, width) + (isThere ? ink.green("yes") : ink.red("no "))
    let indent = String(repeating: " ", count: width + 7)
    let pieces = Offer.wrapped(remark, to: 79 - indent.count).map { isThere ? ink.dim($0) : $0 }
    return pieces.enumerated().map { ($0 == 0 ? head + "  " : indent) + $1 }
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  private static func wrapped(_ text: String, to width: Int) -> [String] {
    var lines = [""]
    for word in text.split(separator: " ") {
      let last = lines[lines.count - 1]
      if last.isEmpty {
        lines[lines.count - 1] = String(word)
      } else if last.count + 1 + word.count <= width {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}

/// The terminal's colours and weights, or none (ECMA-48, SGR).
private struct Ink {
  let isOn: Bool
  func bold(_ text: String) -> String { painted(text, 1) }
  func dim(_ text: String) -> String { painted(text, 2) }
  func red(_ text: String) -> String { painted(text, 31) }
  func green(_ text: String) -> String { painted(text, 32) }

  private func painted(_ text: String, _ code: Int) -> String {
    isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
