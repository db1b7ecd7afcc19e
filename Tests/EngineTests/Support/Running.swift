import Glibc
import Testing

@testable import Switchboard

/// The root of the suite. Its tests run one after the other: they share two cores with a server
/// each.
@Suite("The engine", .serialized, .timeLimit(.minutes(15)))
struct Engine {}

extension Server.BackendName {
  /// Each way to wait for many connections in one thread.
  static let loops: [Server.BackendName] = [.select, .poll, .epoll, .ioUring]
  /// Each way to serve several clients at once.
  static let each: [Server.BackendName] = loops + [.threads, .pool]
  /// Each way to serve, for tests that have one client at a time: a sequential server says nothing
  /// to a second one before the first has gone.
  static let alone: [Server.BackendName] = each + [.sequential]
}

extension Connection {
  var asksToPause: Bool { requests.contains(.pause) }
  var asksToResume: Bool { requests.contains(.resume) }
  var asksToClose: Bool { !requests.isDisjoint(with: [.close, .abort]) }
}

/// A server that runs in a thread of its own while a test talks to it.
final class Running: Sendable {
  let journal: Journal
  let handle: ServerHandle
  fileprivate let outcome: Lock<String?>
  var port: UInt16 { handle.addresses[0].port }

  fileprivate init(_ journal: Journal, _ handle: ServerHandle) {
    self.journal = journal
    self.handle = handle
    outcome = Lock(nil)
  }

  func client(receiveBuffer: Int32? = nil) throws -> Client {
    try Client(to: port, receiveBuffer: receiveBuffer)
  }

  /// Waits until every callback that has begun is over, and its output on its way.
  func isPastCallbacks() -> Bool {
    let gate = Gate()
    let taken = handle.loops.count { $0.run { gate.count() } }
    return eventually { gate.total == taken }
  }

  /// Waits until the server's run has ended.
  func hasEnded() -> Bool {
    eventually { outcome.withLock { $0 != nil } }
  }
}

/// Options that differ from the defaults.
func options(_ change: (inout ServerOptions) -> Void) -> ServerOptions {
  var options = ServerOptions()
  change(&options)
  return options
}

/// Serves while `body` runs; then stops, and checks what holds for every run: each session that was
/// opened is closed, exactly once, and was told nothing that it must not be.
func serve<S: Session>(
  _ backend: Server.BackendName, loops: Int = 1,
  _ options: ServerOptions = ServerOptions(),
  journal: Journal = Journal(),
  session: @autoclosure @escaping @Sendable () -> S, _ body: (Running) throws -> Void
) throws {
  var server = Server(on: [.loopback(port: 0)])
  server.backend = backend
  // A pool serves as many at once as it has threads: enough for every test.
  server.loops = backend == .pool ? 256 : loops
  server.options = options
  let (configured, shared) = (server, Shared())
  let thread = try LoopThread {
    var ending = ""
    do throws(SystemError) {
      try configured.run(
        notice: { notice in journal.with { $0.notices.append(notice) } },
        ready: { shared.put(Running(journal, $0)) },
        session: { Watched(session(), journal) })
    } catch { ending = "\(error)" }
    shared.end(ending)
  }
  let started = eventually { shared.running != nil || shared.ending != nil }
  guard started, let running = shared.running else {
    Issue.record("the server does not start: \(shared.ending ?? "")")
    if started { thread.join() }
    return
  }
  let result = Result { try body(running) }
  running.handle.stop()
  guard running.hasEnded() else {
    Issue.record("the server does not stop")
    return
  }
  thread.join()
  try result.get()
  #expect(shared.ending == "")
  let entries = journal.now
  #expect(entries.mistakes == [])
  #expect(entries.closed == entries.opened)
}

/// What the server's thread and the test's pass each other.
private final class Shared: Sendable {
  private let state = Lock<(running: Running?, ending: String?)>((nil, nil))
  var running: Running? { state.withLock { $0.running } }
  var ending: String? { state.withLock { $0.ending } }
  func put(_ running: Running) { state.withLock { $0.running = running } }
  func end(_ text: String) {
    state.withLock {
      $0.ending = text
      $0.running?.outcome.withLock { $0 = text }
    }
  }
}

/// The same with a script for a session.
func serve(
  _ backend: Server.BackendName, loops: Int = 1,
  _ options: ServerOptions = ServerOptions(),
  journal: Journal = Journal(), script: Scripted.Script,
  _ body: (Running) throws -> Void
) throws {
  try serve(
    backend, loops: loops, options, journal: journal, session: Scripted(script), body)
}

extension ConnectionHandle {
  /// Which loop it is on.
  var loop: AnyObject { box }
}
