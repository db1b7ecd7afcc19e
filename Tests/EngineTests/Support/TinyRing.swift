import Testing

@testable import Switchboard

/// What a ring has been through.
struct RingFindings: Sendable {
  var shortages: Int
  var highestTier: Int
  var lastTier: Int
  var outboxBytes: Int
  var mostHeld: Int
}

/// A loop on a ring of any size, in a thread of its own.
final class TinyRing: Sendable {
  fileprivate struct State {
    var port: UInt16?
    var findings: RingFindings?
    var hasEnded = false
  }

  let journal = Journal()
  let control: LoopControl<Linux>
  fileprivate let state = Lock(State())

  fileprivate init() throws { control = try LoopControl(system: Linux()) }

  func client(receiveBuffer: Int32? = nil) throws -> Client {
    try Client(to: state.withLock { $0.port } ?? 0, receiveBuffer: receiveBuffer)
  }

  /// Does something while the loop stands still in a callback.
  func holding(_ body: () throws -> Void) throws {
    let gate = Gate()
    let isTaken = control.jobs.post({ gate.hold() }, to: Key(rawValue: 0))
    #expect(isTaken)
    #expect(eventually { gate.isHeld })
    defer { gate.open() }
    try body()
  }

  fileprivate func run<S: Session>(
    _ sizes: URing<Linux>.Sizes, _ options: ServerOptions, _ make: @escaping @Sendable () -> S
  ) throws {
    let capacity = options.maxConnections ?? 2000
    let ring = try URing(sizes: sizes, connections: capacity + 64, system: Linux())
    let (journal, box) = (journal, MessageBox<S.Message>(mail: control.mail))
    let sessions = try Sessions(
      capacity: capacity + 64, box: box, make: { _ in Watched(make(), journal) })
    var loop = try EventLoop(
      backend: ring, sessions: sessions, box: box, capacity: capacity, control: control,
      options: options, notice: { notice in journal.with { $0.notices.append(notice) } })
    let listener = try Listener(on: .loopback(port: 0), system: Linux())
    let port = listener.address.port
    try loop.listen(listener)
    state.withLock { $0.port = port }
    try loop.run()
    let findings = RingFindings(
      shortages: loop.backend.buffers.shortages, highestTier: loop.backend.buffers.highestTier,
      lastTier: loop.backend.buffers.tier, outboxBytes: loop.outboxes.total,
      mostHeld: loop.backend.mostHeld)
    state.withLock { $0.findings = findings }
  }
}

/// As `serve`, on a ring of these sizes; answers what that has been through.
@discardableResult
func serve<S: Session>(
  ring sizes: URing<Linux>.Sizes, _ options: ServerOptions = ServerOptions(),
  session: @autoclosure @escaping @Sendable () -> S, _ body: (TinyRing) throws -> Void
) throws -> RingFindings {
  let tiny = try TinyRing()
  let thread = try LoopThread {
    do { try tiny.run(sizes, options, session) } catch { Issue.record("\(error)") }
    tiny.state.withLock { $0.hasEnded = true }
  }
  _ = eventually { tiny.state.withLock { $0.port != nil || $0.hasEnded } }
  let result = Result { try body(tiny) }
  tiny.control.waker.stop()
  try #require(eventually { tiny.state.withLock { $0.hasEnded } }, "the loop does not stop")
  thread.join()
  try result.get()
  let entries = tiny.journal.now
  #expect(entries.mistakes == [])
  #expect(entries.closed == entries.opened)
  let findings = try #require(tiny.state.withLock { $0.findings })
  #expect(findings.outboxBytes == 0)
  return findings
}
