import Foundation
import Testing

@testable import Switchboard

/// The table of what happens when a call fails, made of the sources and the rules that the sweep
/// checks.
enum ErrnoTable {
  /// Calls that are not made through a loop's kernel, and why that is well.
  static let direct: [String: String] = [
    "Socket.localAddress · localAddress":
      "its caller is told: the client, which then sends no header",
    "EndSignals.init · eventDescriptor": "a server that drains on signals does not start",
    "EndSignals.init · close": "what could not be used is gone",
    "EndSignals.take · read": "nobody has asked the process to end",
    "EndSignals.deinit · close": "the descriptor is gone",
    "Listener.init · duplicate":
      "a server with several loops on one socket, or with an inherited one, does not start",
    "SharedFile.init · duplicate": "whoever wanted to send the file is told",
    "Listener.init · get": "a server on an inherited socket does not start",
    "Listener.init · setNonBlocking": "a server on an inherited socket does not start",
    "DescriptorContext.localAddress · localAddress": "a session that asks is told of no address",
    "Ring.localAddress · localAddress": "a session that asks is told of no address",
    "RingContext.adopt · close": "the ring holds the connection by itself",
    "EventLoop.connected · close": "what the backend did not take is gone, and the session is told",
    "DescriptorContext.peerCredentials · peerCredentials": "nobody is told who the peer is",
    "Ring.peerCredentials · peerCredentials": "nobody is told who the peer is",
    "RingTrial.converse · ring accept": "tries the ring out; every failure is a finding",
    "RingTrial.receive · ring receive": "tries the ring out; every failure is a finding",
    "RingTrial.receive · ring cancel_all": "tries the ring out; every failure is a finding",
  ]

  /// Why a site's calls are not failed one by one, if they are not.
  static func reason(_ site: Site) -> String? {
    if site.file.hasPrefix("Blocking/") {
      return "a blocking model, for comparison: it calls the system itself and is not swept"
    }
    if site.file == "Server/Outgoing.swift" {
      return "an attempt to connect fails with it, and its session is told; it is not swept"
    }
    if site.file == "Kernel/SocketFile.swift" {
      return
        "a server on a Unix-domain socket does not start, or its file stays behind; it is not swept"
    }
    return direct[site.name]
  }

  static func text() -> String {
    var lines = [
      "# Every call, and every way in which it may fail", "",
      "Each row is a place in `Sources/Switchboard` where the library calls the system, and what it does",
      "about each error number. A test makes this table from the sources and from the rules that the",
      "sweep checks on every backend (`Tests/EngineTests/Faults/`), and fails when a call site has no",
      "row or this file is not what it makes. `swift test --filter EveryCall` runs the sweep, and",
      "`SWITCHBOARD_WRITE_TABLE=1 swift test --filter ErrnoTable` writes this file.", "",
      "| file | call site | error numbers | what happens |", "|---|---|---|---|",
    ]
    for site in Sites.found.all.sorted() {
      if let reason = reason(site) {
        lines.append("| `\(site.file)` | \(site.name) | any | \(reason) |")
        continue
      }
      for rule in Rule.all where rule.mayCover(site) {
        let name = rule.variant.map { "\(site.name) (\($0))" } ?? site.name
        let errnos = rule.errnos.map(\.symbol).joined(separator: ", ")
        lines.append("| `\(site.file)` | \(name) | \(errnos) | \(rule.effect.rawValue) |")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  @Suite("The table of error numbers")
  struct ErrnoTableTests {
    @Test("Every call site has a rule")
    func complete() {
      #expect(Sites.found.all.count > 40)
      for site in Sites.found.all where ErrnoTable.reason(site) == nil {
        #expect(
          Rule.all.contains { $0.mayCover(site) },
          "\(site.file): nothing says what happens when \(site.name) fails: add a Rule")
      }
    }

    @Test("The document is what the sources and the rules make")
    func document() throws {
      let file = Sites.root.appending(path: "docs/errno-table.md")
      if ProcessInfo.processInfo.environment["SWITCHBOARD_WRITE_TABLE"] != nil {
        try ErrnoTable.text().write(to: file, atomically: true, encoding: .utf8)
      }
      let written = try String(contentsOf: file, encoding: .utf8)
      #expect(written == ErrnoTable.text(), "write it anew: see its head")
    }
  }
}

extension Rule {
  /// Whether it is about a site, for one kind of its calls at least.
  func mayCover(_ site: Site) -> Bool {
    guard let variant else { return covers(site, "") }
    guard covers(site, variant) else { return false }
    // Connections are registered edge-triggered by the one poller, and level-triggered by the other.
    let isEdge = site.function.hasPrefix("EdgeEpoll")
    return isEdge ? ["add, connection", "remove, connection"].contains(variant) : true
  }
}
