import Switchboard
import SwitchboardArticle
import TestSupport
import Testing

/// The root of the suite. Its tests run one after the other: some fill descriptor sets and accept
/// queues, and all of them share two cores with a server each.
@Suite("Every backend", .serialized, .timeLimit(.minutes(15)))
struct Conformance {}

/// A reactor that serves in a thread of its own while a test talks to it.
final class Server {
  let reactor: AnyReactor
  let addresses: [SocketAddress]
  var port: UInt16 { addresses[0].port }
  var record: Record { reactor.record }
  var ledger: Ledger { reactor.kernel.ledger }
  var waker: Waker<AuditedKernel> { reactor.waker }
  private let ended = Monitor<String?>(nil)
  private let joined = Monitor<Int>(0)

  fileprivate init(_ reactor: AnyReactor, _ addresses: [SocketAddress], dualStack: Bool)
    throws
  {
    self.reactor = reactor
    self.addresses = try addresses.map { try reactor.listen(on: $0, dualStack: dualStack) }
  }

  /// A client that has the greeting already.
  func client(_ family: SocketAddress.Family = .v4) throws -> Client {
    try Client(to: port, family: family).greeted()
  }

  /// Waits until the reactor's run has ended.
  func hasEnded(milliseconds: Int = longestWait * 1000) -> Bool {
    ended.wait(milliseconds: milliseconds) { $0 != nil }
  }

  fileprivate func start() throws -> LoopThread {
    let (reactor, ended) = (reactor, ended)
    return try LoopThread {
      do {
        try reactor.run()
        ended.with { $0 = "" }
      } catch { ended.with { $0 = "\(error)" } }
    }
  }

  fileprivate func end(_ thread: consuming LoopThread) {
    waker.stop()
    guard hasEnded() else {
      Issue.record("the reactor does not stop")
      return
    }
    thread.join()
    #expect(ended.with { $0 } == "")
  }
}

/// Serves frames, or what `handler` makes, on a backend while `body` runs; then stops, and checks
/// what holds for every run: each peer closed exactly once, and every descriptor too.
func withServer(
  _ backend: Backend, options: ReactorOptions = ReactorOptions(), stale: Bool = false,
  on addresses: [SocketAddress] = [.loopback(port: 0)], dualStack: Bool = false,
  _ body: (Server) throws -> Void
) throws {
  try withServer(
    backend, options: options, stale: stale, on: addresses, dualStack: dualStack,
    handler: FramesServer<AuditedKernel>(), body)
}

func withServer<Handler: ReactorHandler & ~Copyable>(
  _ backend: Backend, options: ReactorOptions = ReactorOptions(), stale: Bool = false,
  on addresses: [SocketAddress] = [.loopback(port: 0)], dualStack: Bool = false,
  handler: @autoclosure @escaping () -> Handler, _ body: (Server) throws -> Void
) throws where Handler.System == AuditedKernel {
  let (ledger, record) = try serve()
  expectCleanEnd(ledger, record)

  func serve() throws -> (Ledger, Record) {
    let reactor = try backend.reactor(options: options, stale: stale, handler)
    let server = try Server(reactor, addresses, dualStack: dualStack)
    let thread = try server.start()
    do {
      try body(server)
      server.end(thread)
    } catch {
      server.end(thread)
      throw error
    }
    return (server.ledger, server.record)
  }
}

/// Drives a reactor without a thread of its own; then checks the same.
func withReactor<Handler: ReactorHandler & ~Copyable>(
  _ backend: Backend, options: ReactorOptions = ReactorOptions(),
  handler: @autoclosure @escaping () -> Handler,
  _ body: (AnyReactor) throws -> Void
) throws where Handler.System == AuditedKernel {
  let (ledger, record) = try drive()
  expectCleanEnd(ledger, record)

  func drive() throws -> (Ledger, Record) {
    let reactor = try backend.reactor(options: options, handler)
    try body(reactor)
    reactor.waker.stop()
    try reactor.run()
    return (reactor.kernel.ledger, reactor.record)
  }
}

/// At the end nothing is open, nobody is left, and nothing happened twice.
private func expectCleanEnd(_ ledger: Ledger, _ record: Record) {
  #expect(ledger.entries.with { $0.open } == [])
  #expect(ledger.entries.with { $0.mistakes } == [])
  #expect(record.entries.with { $0.mistakes } == [])
  #expect(record.entries.with { $0.closed.count - $0.failedAttempts == $0.connected })
}

extension AnyReactor {
  /// Turns until something holds, in vain after ``longestWait``.
  func turn(until holds: (Record.Entries) -> Bool) throws -> Bool {
    let limit = kernel.now() + .seconds(longestWait)
    while !record.entries.with({ holds($0) }) {
      if kernel.now() >= limit { return false }
      try turn(until: limit)
    }
    return true
  }
}
