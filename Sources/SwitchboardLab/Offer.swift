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
  /// - Parameters:
  ///   - width: Of the terminal, in columns; a smaller number than 30 counts as that.
  ///   - color: With the terminal's colours and weights.
  public func lines(width: Int = 80, color: Bool) -> [String] {
    let (ink, room) = (Ink(isOn: color), max(30, min(width, 80)) - 1)
    let waiting = Offer.ways.map { name, meaning in
      (name, name == "io_uring" ? ringAbsence : nil, meaning)
    }
    var lines = Prose.wrapped(system, to: room).map { ink.painted($0, .bold) }
    lines += ["", ink.painted("Ways to wait", .bold)]
    for (name, absence, meaning) in waiting {
      lines += row(name, width: 10, isThere: absence == nil, absence ?? meaning, ink, room)
    }
    let heading = "What the io_uring backend uses, and the Linux that brought it"
    lines += [""] + Prose.wrapped(heading, to: room).map { ink.painted($0, .bold) }
    for feature in features {
      let name = feature.name.padded(to: 20) + " " + feature.since
      let purpose = feature.purpose + (feature.isNeeded ? "" : "; may be missing")
      lines += row(
        name, width: 28, isThere: feature.hindrance == nil, feature.hindrance ?? purpose, ink, room)
    }
    lines += ["", ink.painted("Limits", .bold)]
    for limit in limits {
      let shown = limit.name.padded(to: 19) + " " + limit.value.padded(to: 10) + " "
      let pieces = Offer.remark(limit.meaning, behind: shown.count + 2, room)
      lines += Offer.joined("  " + shown, pieces.map { ink.painted($0, .dim) }, pieces)
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
  private func row(
    _ name: String, width: Int, isThere: Bool, _ remark: String, _ ink: Ink, _ room: Int
  ) -> [String] {
    let answer = isThere ? ink.painted("yes", .green) : ink.painted("no ", .red)
    let pieces = Offer.remark(remark, behind: width + 7, room)
    let shown = pieces.map { isThere ? ink.painted($0, .dim) : $0 }
    return Offer.joined("  " + name.padded(to: width) + answer + "  ", shown, pieces)
  }

  /// Less is no room for a remark.
  private static let leastRoom = 24

  /// A remark in pieces: spaces, and what stands behind them. Where there is no room beside what it
  /// belongs to it begins below.
  private static func remark(_ text: String, behind indent: Int, _ room: Int) -> [String] {
    let isBeside = room - indent >= leastRoom
    let space = isBeside ? indent : 4
    let pieces = Prose.wrapped(text, to: room - space).map { "".padded(to: space) + $0 }
    return isBeside
      ? [String((pieces.first ?? "").dropFirst(indent))] + pieces.dropFirst() : [""] + pieces
  }

  /// The head before the first piece, without spaces at its end where that says nothing.
  private static func joined(_ head: String, _ shown: [String], _ pieces: [String]) -> [String] {
    let first =
      pieces.first?.isEmpty == true ? String(head.reversed().drop { $0 == " " }.reversed()) : head
    return [first + (shown.first ?? "")] + shown.dropFirst()
  }
}
