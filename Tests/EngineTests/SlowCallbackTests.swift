import Glibc
import Testing

@testable import Switchboard

extension Engine {
  /// Callbacks that take too long, and who had to wait.
  @Suite struct SlowCallbacks {
    /// Longer than a busy machine keeps a thread from its processor: at most five are told in a second,
    /// and those that nobody meant to be slow would be among them.
    private static let limit = Duration.milliseconds(150)
    /// In microseconds: what is meant to be slow.
    private static let blocked: UInt32 = 200_000

    /// A session whose `received` blocks for so many milliseconds as the byte says.
    private func blocking() -> Scripted.Script {
      var script = Scripted.Script()
      script.received = { _, bytes, connection in
        if bytes[0] > 0 { usleep(UInt32(bytes[0]) * 1000) }
        connection.write(bytes)
      }
      return script
    }

    private func slow(_ entries: Journal.Entries) -> [SlowCallback] {
      entries.notices.compactMap { notice in
        if case .slowCallback(let callback) = notice { callback } else { nil }
      }
    }

    private func isUntold(_ notice: LoopNotice) -> Bool {
      if case .slowCallbacksUntold = notice { true } else { false }
    }

    @Test(
      "A callback that blocks is told with its connection and time",
      arguments: Server.BackendName.loops)
    func told(_ backend: Server.BackendName) throws {
      try serve(
        backend, options { $0.slowCallback = .milliseconds(20) }, script: blocking()
      ) { server in
        let (quick, blocked) = (try server.client(), try server.client())
        try quick.send([0])
        #expect(try quick.receive(exactly: 1) == [0])
        try blocked.send([60])
        #expect(try blocked.receive(exactly: 1) == [60])
        #expect(server.journal.wait { slow($0).contains { $0.number == 2 } })
        // On a busy machine others take long too, and are told as truly.
        let all = slow(server.journal.now)
        #expect(all.allSatisfy { $0.duration >= .milliseconds(20) })
        let found = all.filter { $0.number == 2 && $0.kind == .receive }
        #expect(found.map(\.peer) == [blocked.address])
        #expect(try #require(found.first).duration >= .milliseconds(60))
        #expect(found.map(\.waiting) == [0])
      }
    }

    @Test("Nothing is told where nobody asked", arguments: Server.BackendName.loops)
    func notAsked(_ backend: Server.BackendName) throws {
      try serve(backend, script: blocking()) { server in
        let client = try server.client()
        try client.send([30])
        #expect(try client.receive(exactly: 1) == [30])
        try client.send([0])
        #expect(try client.receive(exactly: 1) == [0])
        #expect(server.journal.now.notices == [])
      }
    }

    /// Four that have been served, and the callback of the first one blocks.
    private func fourClients(_ server: Running, blockingTheFirst gates: Gates) throws -> [Client] {
      let clients = try (0..<4).map { _ in try server.client() }
      for client in clients {
        try client.send([0])
        #expect(try client.receive(exactly: 1) == [0])
      }
      try clients[0].send([1])
      #expect(eventually { gates.hasBegun })
      return clients
    }

    @Test("Those who come while a callback blocks are counted", arguments: Server.BackendName.loops)
    func arrived(_ backend: Server.BackendName) throws {
      let gates = Gates()
      var script = Scripted.Script()
      script.received = { _, bytes, connection in
        if bytes[0] == 1 { gates.passBlocked() }
        connection.write(bytes)
      }
      try serve(
        backend, options { $0.slowCallback = Self.limit }, script: script
      ) { server in
        let clients = try fourClients(server, blockingTheFirst: gates)
        // Three ask while it blocks; one of them twice, which counts once.
        for client in clients[1...] { try client.send([0]) }
        try clients[3].send([0])
        usleep(Self.blocked)
        gates.open()
        for client in clients[1...] { #expect(try client.receive(exactly: 1) == [0]) }
        let isBlocked = { (callback: SlowCallback) in
          callback.number == 1 && callback.duration >= .microseconds(Int(Self.blocked))
        }
        #expect(server.journal.wait { slow($0).contains(where: isBlocked) })
        let found = try #require(slow(server.journal.now).last(where: isBlocked))
        #expect(found.delayed == 0)
        #expect(found.arrived == 3)
        #expect(found.cost == .zero...found.duration * 3)
      }
    }

    @Test(
      "Those who were ready before it and came after it waited for all of it",
      arguments: Server.BackendName.loops)
    func delayed(_ backend: Server.BackendName) throws {
      let gates = Gates()
      var script = Scripted.Script()
      script.received = { _, bytes, connection in
        switch bytes[0] {
        case 1: gates.passBlocked()
        case 2: usleep(Self.blocked)
        default: break
        }
        connection.write(bytes)
      }
      try serve(
        backend, options { $0.slowCallback = Self.limit }, script: script
      ) { server in
        let clients = try fourClients(server, blockingTheFirst: gates)
        // On a busy machine some may have taken long before.
        let before = slow(server.journal.now).count
        // While one blocks, three get ready, for the same turn then; each of them is slow.
        for client in clients[1...] { try client.send([2]) }
        usleep(Self.blocked)
        gates.open()
        for client in clients[1...] { #expect(try client.receive(exactly: 1) == [2]) }
        #expect(server.journal.wait { slow($0).count == before + 4 })
        let found = Array(slow(server.journal.now).dropFirst(before))
        #expect(found.map(\.arrived) == [3, 0, 0, 0])
        #expect(found.map(\.delayed) == [0, 2, 1, 0])
        let second = found[1]
        #expect(second.cost == second.duration * 2...second.duration * 2)
      }
    }

    @Test("At most five are told in a second, and how many more there were")
    func limited() throws {
      try serve(
        .epoll, options { $0.slowCallback = .zero }, script: blocking()
      ) { server in
        let client = try server.client()
        for _ in 0..<50 {
          try client.send([0])
          #expect(try client.receive(exactly: 1) == [0])
        }
        // When the second is over the next turn tells how many were not.
        #expect(
          eventually {
            guard (try? client.send([0])) != nil, (try? client.receive(exactly: 1)) == [0] else {
              return false
            }
            return server.journal.now.notices.contains(where: isUntold)
          })
        let notices = server.journal.now.notices
        let place = try #require(notices.firstIndex(where: isUntold))
        #expect(notices[..<place].count == 5)
        guard case .slowCallbacksUntold(let count) = notices[place] else { return }
        #expect(count >= 1)
      }
    }

    /// A callback that blocks until a test lets it go on.
    private final class Gates: Sendable {
      private let begun = Lock(false)
      private let isOpen = Lock(false)
      var hasBegun: Bool { begun.withLock { $0 } }
      func open() { isOpen.withLock { $0 = true } }
      func passBlocked() {
        begun.withLock { $0 = true }
        _ = eventually { isOpen.withLock { $0 } }
      }
    }
  }
}

/// The words of a slow callback's line.
@Suite struct SlowCallbackLineTests {
  private func line(delayed: Int, arrived: Int, _ duration: Duration) -> String {
    var callback = SlowCallback(
      connection: Key(index: 0, generation: 1), number: 7, peer: .loopback(port: 80),
      kind: .receive, duration: duration)
    callback.delayed = delayed
    callback.arrived = arrived
    return LoopNotice.slowCallback(callback).description
  }

  @Test func `It says who waited, for how long at least and at most`() {
    let start = "slow callback: 'received' of 127.0.0.1:80 (connection 7) took"
    #expect(
      line(delayed: 0, arrived: 0, .microseconds(52_340))
        == "\(start) 52.3 ms; nobody else waited")
    #expect(
      line(delayed: 1, arrived: 0, .milliseconds(52))
        == "\(start) 52 ms; 1 other waited 52 ms in sum")
    #expect(
      line(delayed: 2, arrived: 1, .milliseconds(52))
        == "\(start) 52 ms; 3 others waited 104 ms to 156 ms in sum")
    #expect(
      line(delayed: 0, arrived: 3, .seconds(2))
        == "\(start) 2 s; 3 others waited up to 6 s in sum")
  }
}
