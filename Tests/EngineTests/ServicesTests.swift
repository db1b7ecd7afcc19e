import Glibc
import Switchboard
import SwitchboardArticle
import TestSupport
import Testing

extension Engine {
  /// Several session types on one server, each on listeners of its own.
  @Suite struct Services {
    /// Answers each receive with its length in decimal, and posts with their square.
    private struct Counter: Session {
      typealias Message = Int
      let told: Lock<[ConnectionHandle<Int>]>

      mutating func opened(_ connection: inout Connection) {
        let handle = connection.handle(for: Counter.self)
        told.withLock { $0.append(handle) }
        connection.write("#")
      }
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        connection.write("\(bytes.count).")
      }
      mutating func posted(_ message: Int, _ connection: inout Connection) {
        connection.write("\(message * message).")
      }
    }

    /// Says what is known of it, and says posts.
    private struct Introduction: Session {
      typealias Message = String
      let text: String
      let told: Lock<[ConnectionHandle<String>]>

      mutating func opened(_ connection: inout Connection) {
        let handle = connection.handle(for: Introduction.self)
        told.withLock { $0.append(handle) }
        connection.write(text)
      }
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        connection.write(bytes)
      }
      mutating func posted(_ message: String, _ connection: inout Connection) {
        connection.write(message)
      }
    }

    /// What the sessions of one loop count together.
    private final class Tally { var count = 0 }

    private static func server(_ backend: Server.BackendName, loops: Int = 1) -> Server {
      var server = Server()
      server.backend = backend
      server.loops = backend == .pool ? 64 : loops
      return server
    }

    @Test("Each listener has its sessions", arguments: Server.BackendName.each)
    func types(_ backend: Server.BackendName) throws {
      let counters = Lock<[ConnectionHandle<Int>]>([])
      let introductions = Lock<[ConnectionHandle<String>]>([])
      var server = Self.server(backend)
      server.listen(on: .loopback(port: 0)) { _ in Counter(told: counters) }
      server.listen(on: .loopback(port: 0), .loopback(.v6, port: 0)) { accepted in
        Introduction(
          text: "\(accepted.listener) \(accepted.peer!) \(accepted.local!).", told: introductions)
      }
      server.addresses = [.loopback(port: 0)]
      let running = try server.start { FramesSession() }
      let ports = running.addresses.map(\.port)
      #expect(ports.count == 4 && ports[2] == ports[3])

      let frames = try Client(to: ports[0]).greeted()
      let counter = try Client(to: ports[1])
      let families: [SocketAddress.Family] = [.v4, .v6]
      for round in 0..<3 {
        for family in families {
          let listener = family == .v4 ? 2 : 3
          let client = try Client(to: ports[listener], family: family)
          let local = SocketAddress.loopback(family, port: ports[listener])
          let text = "\(listener) \(client.address) \(local)."
          #expect(try client.receive(exactly: text.utf8.count) == Array(text.utf8))
          try client.send("abc")
          #expect(try client.receive(exactly: 3) == Array("abc".utf8))
          let handle = try #require(introductions.withLock { $0.last })
          #expect(handle.post("posted \(round)"))
          #expect(try client.receive(exactly: 8) == Array("posted \(round)".utf8))
        }
      }
      #expect(try frames.ask("^in$") == "jo")
      #expect(try counter.receive(exactly: 1) == Array("#".utf8))
      #expect(try counter.receive(afterSending: "12345", count: 2) == "5.")
      #expect(counters.withLock { $0.last }?.post(12) == true)
      #expect(try counter.receive(exactly: 4) == Array("144.".utf8))
      running.drain()
      try running.wait()
    }

    @Test("Sessions of a loop share what is the loop's own", arguments: Server.BackendName.loops)
    func loopLocal(_ backend: Server.BackendName) throws {
      let loops = Lock<[Int]>([])
      var server = Self.server(backend, loops: 2)
      for _ in 0..<2 {
        server.listen(on: .loopback(port: 0)) { accepted in
          let tally = accepted.loopLocal {
            loops.withLock { $0.append(0) }
            return Tally()
          }
          tally.count += 1
          return Introduction(text: "\(tally.count).", told: Lock([]))
        }
      }
      let running = try server.start()
      var counts: [String] = []
      for number in 0..<24 {
        let client = try Client(to: running.addresses[number % 2].port)
        var text = ""
        while text.last != "." { text += String(decoding: try client.receive(), as: UTF8.self) }
        counts.append(text)
      }
      // One tally a loop that had somebody: counted up without a gap, on each for itself.
      let tallies = loops.withLock { $0.count }
      #expect((1...2).contains(tallies))
      #expect(counts.count { $0 == "1." } == tallies)
      #expect(Set(counts).count >= 12)
      running.stop()
      try running.wait()
    }

    @Test("Who serves nothing, or too much, is told so")
    func numbers() throws {
      var server = Server()
      #expect(throws: SystemError.self) { try server.start() }
      do { try server.run() } catch { #expect("\(error)".contains("call it before running")) }
      for _ in 0...256 {
        server.listen(on: .loopback(port: 0)) { _ in Introduction(text: "", told: Lock([])) }
      }
      do {
        try server.run()
        Issue.record("it runs")
      } catch { #expect("\(error)".contains("at most 256")) }
    }

    @Test("What keeps a server from starting is thrown where it is started")
    func start() throws {
      let first = try Server(on: [.loopback(port: 0)]).start { FramesSession() }
      let taken = first.addresses[0]
      do {
        _ = try Server(on: [taken]).start { FramesSession() }
        Issue.record("two servers on one port")
      } catch { #expect(error.errno.symbol == "EADDRINUSE") }
      #expect(try Client(to: taken.port).greeted().ask("^a$") == "b")
      first.stop()
      try first.wait()
      // And again, by whoever else waits.
      try first.wait()
    }

    @Test("A running server that nobody holds ends")
    func dropped() throws {
      var port: UInt16 = 0
      do {
        let running = try Server(on: [.loopback(port: 0)]).start { FramesSession() }
        port = running.addresses[0].port
        _ = try Client(to: port).greeted()
      }
      #expect(eventually { (try? Client(to: port).greeted()) == nil })
    }
  }
}
