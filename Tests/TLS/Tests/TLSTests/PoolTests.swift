import SwitchboardTesting
import Testing

@testable import Switchboard
@testable import SwitchboardTLS

/// A pool of one thread, which does nothing before it is let go.
private final class StoppedPool {
  let pool: OffloadPool
  private let gate = Semaphore()

  init(limit: Int = 1024) throws {
    pool = try OffloadPool(threads: 1, limit: limit)
    let gate = gate
    _ = pool.submit { gate.wait() }
  }

  func letGo() { gate.signal() }

  deinit {
    gate.signal()
    pool.close()
  }
}

@Suite("Handshakes that a pool computes", .serialized)
struct PoolTests {
  /// A caller whose hello waits for the pool.
  private func waiting(_ port: UInt16) throws -> TLSCaller {
    let caller = try TLSCaller(beginning: port)
    try caller.flush()
    return caller
  }

  private func shake(_ caller: TLSCaller) throws {
    while !caller.end.isOpen { try caller.pump() }
    try caller.send([200])
    #expect(try caller.receive(1) == [200])
  }

  @Test("The loop serves others while handshakes wait for a thread", arguments: backends)
  func othersAreServed(_ backend: Server.BackendName) throws {
    let stopped = try StoppedPool()
    let open = try OffloadPool(threads: 1)
    defer { open.close() }
    try serve(backend, pool: open) { server, _ in
      var slow = (try? Certificates.usualServer()) ?? ServerTLS()
      slow.handshakePool = stopped.pool
      server.listen(on: .loopback(port: 0), tls: slow) { _ in Echo(reasons: Log<CloseReason>()) }
    } _: { port, handle, _ in
      let slow = try #require(handle.addresses.last?.port)
      let callers = try (0..<10).map { _ in try waiting(slow) }
      for _ in 0..<3 { try shake(try TLSCaller(beginning: port).flushed()) }
      stopped.letGo()
      for caller in callers { try shake(caller) }
    }
  }

  @Test(
    "What comes, and ends, while a handshake is computed is taken behind it", arguments: backends)
  func piecesMeanwhile(_ backend: Server.BackendName) throws {
    let stopped = try StoppedPool()
    try serve(backend, pool: stopped.pool) { port, _, reasons in
      let caller = try TLSCaller(beginning: port)
      let cut = try TLSCaller(beginning: port)
      try caller.flush(40)
      try cut.flush()
      cut.endWire()
      let gone = try waiting(port)
      gone.reset()
      stopped.letGo()
      try shake(caller)
      try cut.waitForWire()
      #expect(reasons.all.isEmpty)
    }
  }

  @Test("One that waits for too long is ended, and its work is not done", arguments: backends)
  func late(_ backend: Server.BackendName) throws {
    let stopped = try StoppedPool()
    try serve(backend, pool: stopped.pool) { _, tls in
      tls.handshakeTimeout = .milliseconds(50)
    } _: { port, _, reasons in
      let callers = try (0..<3).map { _ in try waiting(port) }
      for caller in callers { try caller.waitForWire() }
      stopped.letGo()
      #expect(callers.allSatisfy { !$0.end.isOpen })
      #expect(reasons.all.isEmpty)
    }
  }

  @Test("Where no more may wait for the pool a handshake is refused at once", arguments: backends)
  func full(_ backend: Server.BackendName) throws {
    let stopped = try StoppedPool(limit: 3)
    try serve(backend, pool: stopped.pool) { port, _, _ in
      let callers = try (0..<5).map { _ in try waiting(port) }
      try eventually { callers.filter(\.isCutOff).count >= 2 }
      let others = callers.filter { !$0.isCutOff }
      #expect(others.count >= 2)
      stopped.letGo()
      for caller in others { try shake(caller) }
      try shake(try waiting(port))
    }
  }

  @Test("Certificates may be renewed while handshakes with the old ones wait", arguments: backends)
  func renewal(_ backend: Server.BackendName) throws {
    let stopped = try StoppedPool()
    var identities: [TLSIdentity] = []
    try serve(backend, pool: stopped.pool) { _, tls in
      identities = tls.identities
    } _: { port, _, _ in
      let old = try (0..<3).map { _ in try waiting(port) }
      for identity in identities { try identity.reload() }
      let new = try (0..<3).map { _ in try waiting(port) }
      stopped.letGo()
      for caller in old + new { try shake(caller) }
    }
  }

  @Test("A server ends while handshakes wait", arguments: backends)
  func end(_ backend: Server.BackendName) throws {
    let stopped = try StoppedPool()
    var callers: [TLSCaller] = []
    try serve(backend, pool: stopped.pool) { port, handle, _ in
      callers = try (0..<10).map { _ in try waiting(port) }
      handle.stop()
      for caller in callers { try caller.waitForWire() }
    }
    stopped.letGo()
  }
}

extension TLSCaller {
  fileprivate func flushed() throws -> TLSCaller {
    try flush()
    return self
  }
}
