import Switchboard
import TestSupport
import Testing

extension Engine {
  /// Connections that belong together, and what each is told of the other.
  @Suite struct Partners {
    /// What sessions were told, in order.
    private final class Told: Sendable {
      private let words = Lock<[String]>([])
      var now: [String] { words.withLock { $0 } }
      func add(_ word: String) { words.withLock { $0.append(word) } }
      func wait(_ wanted: [String]) -> Bool { eventually { now == wanted } }
      func has(_ wanted: String) -> Bool { eventually { now.contains(wanted) } }
    }

    /// Does what a test says when it is opened, and notes what it is told.
    private struct Half: Session {
      typealias Act = @Sendable (inout Connection) -> Void
      let name: String
      let told: Told
      var opened: Act = { _ in }
      var closing: @Sendable (CloseReason?, inout Connection) -> Void = { $1.close() }

      mutating func opened(_ connection: inout Connection) {
        told.add("\(name) opened")
        opened(&connection)
      }
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        told.add("\(name) received")
        connection.forward(bytes)
      }
      mutating func ended(_ connection: inout Connection) {
        told.add("\(name) ended")
        connection.forwardEnd()
      }
      mutating func partnerOpened(_ connection: inout Connection) {
        told.add("\(name)'s partner opened")
      }
      mutating func partnerClosed(_ reason: CloseReason?, _ connection: inout Connection) {
        let why =
          switch reason {
          case nil: "never was"
          case .notConnected?, .connectFailed?: "was not connected"
          case .some(let reason): "closed, \(reason)"
          }
        told.add("\(name)'s partner \(why)")
        closing(reason, &connection)
      }
      mutating func closed(_ reason: CloseReason) {
        if case .notConnected = reason { return told.add("\(name) not connected") }
        if case .connectFailed = reason { return told.add("\(name) refused") }
        told.add("\(name) closed")
      }
    }

    private static func serve(
      _ backend: Server.BackendName, _ half: @escaping @Sendable () -> Half,
      _ body: (UInt16) throws -> Void
    ) throws {
      var server = Server(on: [.loopback(port: 0)])
      server.backend = backend
      let running = try server.start(session: half)
      defer { running.stop() }
      try body(running.addresses[0].port)
      running.stop()
      try running.wait()
    }

    @Test(
      "A partner is told of after it stands, and before anything is received",
      arguments: Server.BackendName.loops)
    func opening(_ backend: Server.BackendName) throws {
      let (told, behind) = (Told(), try Listening())
      let target = ConnectTarget.address(.loopback(port: behind.port))
      let half: @Sendable () -> Half = {
        Half(name: "A", told: told) { connection in
          connection.connectPartner(to: target) { Half(name: "B", told: told) }
        }
      }
      try Self.serve(backend, half) { port in
        let client = try Client(to: port)
        try client.send("x")
        #expect(try behind.accept().receive(exactly: 1) == [0x78])
        #expect(told.has("B ended"))
        #expect(
          Array(told.now.prefix(4)) == ["A opened", "B opened", "A's partner opened", "A received"])
      }
    }

    @Test(
      "Another is tried where one fails, and nothing is lost meanwhile",
      arguments: Server.BackendName.loops)
    func again(_ backend: Server.BackendName) throws {
      let (told, behind) = (Told(), try Listening())
      let dead = try Listener(on: .loopback(port: 0), system: Linux()).address.port
      let half: @Sendable () -> Half = {
        Half(
          name: "A", told: told,
          opened: { connection in
            connection.connectPartner(to: .address(.loopback(port: dead))) {
              Half(name: "B", told: told)
            }
          },
          closing: { reason, connection in
            guard case .notConnected = reason else { return connection.close() }
            connection.connectPartner(to: .address(.loopback(port: behind.port))) {
              Half(name: "C", told: told)
            }
          })
      }
      try Self.serve(backend, half) { port in
        let client = try Client(to: port)
        try client.send("abc")
        let server = try behind.accept()
        #expect(try server.receive(exactly: 3) == Array("abc".utf8))
        let first = ["A opened", "B not connected", "A's partner was not connected", "C opened"]
        #expect(Array(told.now.prefix(4)) == first)
        try server.send("answer")
        server.close()
        #expect(try client.receive(exactly: 6) == Array("answer".utf8))
      }
    }

    @Test(
      "Two that are there already, and a third that comes too late",
      arguments: Server.BackendName.loops)
    func pairing(_ backend: Server.BackendName) throws {
      let (told, links) = (Told(), Lock<[Link]>([]))
      let names = Lock(["A", "B", "C"])
      let half: @Sendable () -> Half = {
        Half(name: names.withLock { $0.removeFirst() }, told: told) { connection in
          let own = connection.link
          let first = links.withLock { links in
            links.append(own)
            return links[0]
          }
          if first != own { connection.pair(with: first) }
        }
      }
      try Self.serve(backend, half) { port in
        let a = try Client(to: port)
        #expect(told.has("A opened"))
        let b = try Client(to: port)
        #expect(told.has("A's partner opened"))
        let c = try Client(to: port)
        // A has a partner, so this one is told that it has none, and closes.
        #expect(try c.receiveToEnd() == [])
        #expect(told.has("C's partner never was"))
        try a.send("from a")
        #expect(try b.receive(exactly: 6) == Array("from a".utf8))
        try b.send("from b")
        #expect(try a.receive(exactly: 6) == Array("from b".utf8))
        a.finishSending()
        #expect(try b.receiveToEnd() == [])
        b.close()
        #expect(try a.receiveToEnd() == [])
      }
    }

    @Test(
      "A link to who has gone, or to itself, is a partner that never was",
      arguments: Server.BackendName.loops)
    func gone(_ backend: Server.BackendName) throws {
      let (told, links) = (Told(), Lock<[Link]>([]))
      let half: @Sendable () -> Half = {
        Half(name: "A", told: told) { connection in
          let own = connection.link
          let first = links.withLock { links in
            links.append(own)
            return links[0]
          }
          connection.pair(with: first)
        }
      }
      try Self.serve(backend, half) { port in
        for _ in 0..<2 {
          let rest = try Client(to: port).receiveToEnd()
          #expect(rest == [])
        }
        #expect(told.now.count { $0 == "A's partner never was" } == 2)
      }
    }

    @Test(
      "Where there are no loops there are no partners",
      arguments: [Server.BackendName.threads, .pool, .sequential])
    func blocking(_ backend: Server.BackendName) throws {
      let told = Told()
      let half: @Sendable () -> Half = {
        Half(name: "A", told: told) { connection in
          connection.connectPartner(to: .address(.loopback(port: 9))) {
            Half(name: "B", told: told)
          }
        }
      }
      try Self.serve(backend, half) { port in
        let rest = try Client(to: port).receiveToEnd()
        #expect(rest == [])
        #expect(told.wait(["A opened", "B refused", "A's partner was not connected", "A closed"]))
      }
    }

    @Test(
      "A partner that must not be is refused to its one that asks twice",
      arguments: Server.BackendName.loops)
    func twice(_ backend: Server.BackendName) throws {
      let (told, behind) = (Told(), try Listening())
      let target = ConnectTarget.address(.loopback(port: behind.port))
      let half: @Sendable () -> Half = {
        Half(
          name: "A", told: told,
          opened: { connection in
            for name in ["B", "C"] {
              connection.connectPartner(to: target) { Half(name: name, told: told) }
            }
          }, closing: { _, _ in })
      }
      try Self.serve(backend, half) { port in
        let client = try Client(to: port)
        let server = try behind.accept()
        #expect(told.has("A's partner was not connected"))
        #expect(told.has("A's partner opened"))
        try client.send("x")
        #expect(try server.receive(exactly: 1) == [0x78])
        #expect(told.now.contains("C not connected"))
      }
    }
  }
}
