import Foundation
import Testing

@testable import Switchboard

/// One call site, one kind of its calls.
struct SweptSite: Hashable, Comparable, Sendable {
  var site: Site
  var variant: String

  static func < (a: SweptSite, b: SweptSite) -> Bool {
    (a.site, a.variant) < (b.site, b.variant)
  }
  var name: String { variant.isEmpty ? site.name : "\(site.name) (\(variant))" }

  /// Where a call comes from; nil where that is not in the library.
  init?(_ point: FaultPoint, _ detail: UInt64) {
    switch point {
    case .call(let call):
      guard let found = SiteFinder.shared.site(of: call) else { return nil }
      site = found
      variant = call == .epollControl ? SweptSite.registration(detail) : ""
    case .operation(let operation):
      guard let found = SweptSite.preparation(of: operation, detail) else { return nil }
      (site, variant) = found
    }
  }

  init(_ site: Site, _ variant: String = "") { (self.site, self.variant) = (site, variant) }

  private static func registration(_ detail: UInt64) -> String {
    let own = detail & 8 != 0 ? "own" : "connection"
    return switch detail & 7 {
    case 1: "add, " + own
    case 2: "remove, " + own
    default: "change"
    }
  }

  /// Where an operation is prepared. That is not seen in a submission, but there is one place for
  /// each, where the operation's kind and its target tell.
  private static func preparation(of operation: RingOperation, _ detail: UInt64) -> (Site, String)?
  {
    let isOfAccept = detail & 0xFF == URing<Linux>.Tag.accept.rawValue
    let (file, function, name, variant): (String, String, String, String) =
      switch operation {
      case .accept: ("URing+Accepting", "URing.arm", "accept", "one")
      case .acceptMany: ("URing+Accepting", "URing.arm", "accept", "multishot")
      case .acceptNow: ("URing+Accepting", "URing.arm", "accept_now", "")
      case .pollListener: ("URing+Accepting", "URing.arm", "poll_once", "")
      case .receive: ("URing+Arming", "URing.armReceive", "receive", "")
      case .receiveOnce: ("URing+Arming", "URing.armWaiting", "receive_once", "")
      case .sendNow: ("URing+Sending", "URing.sendOutput", "send_now", "")
      case .send: ("URing+Sending", "URing.send", "send", "")
      case .shutdown: ("URing+Finishing", "URing.shutdownSending", "shutdown", "")
      case .close: ("URing+Receiving", "URing.closeFile", "close", "")
      case .cancel where isOfAccept: ("URing+Accepting", "URing.cancelAccepts", "cancel", "")
      case .cancel: ("URing", "URing.cancel", "cancel", "")
      case .cancelAll: ("URing+Receiving", "URing.close", "cancel_all", "")
      case .poll: ("URing", "URing.poll", "poll", "")
      case .hangUp: ("URing+Pausing", "URing.watchHangUp", "hang_up", "")
      case .ask: ("URing+Pausing", "URing.askWhy", "ask", "")
      case .room: ("URing+Files", "URing.awaitRoom", "room", "")
      case .install: ("URing+Finishing", "URing.finishApart", "install", "")
      case .installForFile: ("URing+Files", "URing.askForDescriptor", "install", "")
      case .peerName: ("RingContext", "Ring.ask", "peer_name", "")
      case .adopt: ("RingContext", "Ring.ask", "adopt", "")
      }
    let site = Site(file: "Ring/\(file).swift", function: function, requirement: "ring " + name)
    return Sites.found.all.contains(site) ? (site, variant) : nil
  }
}

/// What clients saw of a server.
struct Conversation {
  /// What went wrong, and with whom.
  var failures: [String] = []
  /// Whether a client that came afterwards got everything.
  var isServedAfterwards = false
  var hasAddress = true
}

extension FaultyServer {
  /// Talks to the server in each way that it knows, one client after another, while one more is
  /// connected all the time.
  func converse(_ world: FaultWorld) -> Conversation {
    var seen = Conversation()
    let idle = attempt("idle", &seen) { _ in try greeted() }
    for mode in [SweepMode.echo, SweepMode.address, SweepMode.big, SweepMode.close] {
      attempt(String(UnicodeScalar(mode)), &seen) { try talk(mode, &$0) }
    }
    if world.isReactor {
      state.withLock { $0.waker }?.wake()
    } else {
      attempt("A", &seen) { try talk(SweepMode.abort, &$0) }
      attempt("F", &seen) { try talk(SweepMode.file, &$0) }
      attempt("P", &seen) { try talk(SweepMode.pause, &$0) }
      attempt("H", &seen) { try talk(SweepMode.halt, &$0) }
      if !hasEnded, !runsJobs() { seen.failures.append("a job was not run") }
    }
    var later = Conversation()
    attempt("later", &later) { try talk(SweepMode.echo, &$0) }
    seen.isServedAfterwards = later.failures.isEmpty
    attempt("idle", &seen) { seen in
      guard let idle else { return }
      // Others came after it, so its address is no longer the one that the last accept told.
      try idle.send([SweepMode.address] + Array("ping".utf8))
      let reply = try idle.receive(exactly: 5)
      guard reply.dropFirst() == Array("ping".utf8)[...] else { throw Garbled() }
      seen.hasAddress = seen.hasAddress && reply[0] == UInt8(ascii: "N")
    }
    return seen
  }

  struct Garbled: Error {}

  @discardableResult
  private func attempt<Result>(
    _ name: String, _ seen: inout Conversation, _ body: (inout Conversation) throws -> Result
  ) -> Result? {
    do { return try body(&seen) } catch {
      seen.failures.append("\(name): \(error)")
      return nil
    }
  }

  private func greeted(receiveBuffer: Int32? = nil) throws -> Client {
    let client = try client(receiveBuffer: receiveBuffer)
    guard try client.receive(exactly: 1) == Array("+".utf8) else { throw Garbled() }
    return client
  }

  private func talk(_ mode: UInt8, _ seen: inout Conversation) throws {
    let client = try greeted(receiveBuffer: mode == SweepMode.big ? 32768 : nil)
    try client.send([mode])
    switch mode {
    case SweepMode.address: seen.hasAddress = try client.receive(exactly: 1) == Array("N".utf8)
    case SweepMode.big:
      let reply = try client.receive(exactly: SweepMode.bigReply.count)
      guard reply == SweepMode.bigReply else { throw Garbled() }
    case SweepMode.file:
      let reply = try client.receive(exactly: SweepFile.reply.count)
      guard reply == SweepFile.reply else { throw Garbled() }
    case SweepMode.close:
      guard try client.receiveToEnd() == Array("bye".utf8) else { throw Garbled() }
      return
    case SweepMode.abort:
      guard try client.receiveToEnd().isEmpty else { throw Garbled() }
      return
    case SweepMode.halt:
      guard try client.receive(exactly: 1) == Array("H".utf8) else { throw Garbled() }
      // It has stopped receiving by then.
      if !hasEnded { _ = runsJobs() }
      return client.reset()
    default: break
    }
    for word in ["hello", "again"] {
      try client.send(word)
      guard try client.receive(exactly: 5) == Array(word.utf8) else { throw Garbled() }
    }
    client.finishSending()
    guard try client.receiveToEnd().isEmpty else { throw Garbled() }
  }
}
