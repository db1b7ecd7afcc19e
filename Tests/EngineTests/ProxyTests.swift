import SwitchboardArticle
import TestSupport
import Testing

@testable import Switchboard

extension Engine {
  /// Connections that begin with a header of the PROXY protocol.
  @Suite struct Proxying {
    /// What sessions and the operator were told.
    final class Told: Sendable {
      struct Guest: Hashable {
        var peer, local, realPeer, later, laterReal: SocketAddress?
        var header: ProxyHeader?
      }
      private let state = Lock<(guests: [Guest], notices: [LoopNotice], calls: [String])>(
        ([], [], []))
      var guests: [Guest] { state.withLock { $0.guests } }
      var notices: [LoopNotice] { state.withLock { $0.notices } }
      var calls: [String] { state.withLock { $0.calls } }
      func add(_ guest: Guest) { state.withLock { $0.guests.append(guest) } }
      func add(_ notice: LoopNotice) { state.withLock { $0.notices.append(notice) } }
      func add(_ call: String) { state.withLock { $0.calls.append(call) } }
    }

    /// Sends everything back, and notes what it is told.
    struct Guest: Session {
      let told: Told
      var known: Told.Guest

      init(_ accepted: borrowing Accepted, _ told: Told) {
        self.told = told
        known = Told.Guest(
          peer: accepted.peer, local: accepted.local, realPeer: accepted.realPeer,
          header: accepted.proxied)
      }

      mutating func opened(_ connection: inout Connection) { told.add("opened") }
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        known.later = connection.peerAddress
        known.laterReal = connection.realPeerAddress
        told.add(known)
        told.add("received \(bytes.count)")
        connection.write(bytes)
      }
      mutating func ended(_ connection: inout Connection) {
        told.add("ended")
        connection.close()
      }
      mutating func closed(_ reason: CloseReason) { told.add("closed") }
    }

    static let source = address("192.0.2.1", 1000)
    static let destination = address("2001:db8::2", 443)
    static let loopback = AddressPrefix("127.0.0.0/8")!

    static func serve(
      _ backend: Server.BackendName, _ proxy: ProxyProtocol,
      _ change: (inout Server) -> Void = { _ in },
      _ body: (UInt16, RunningServer, Told) throws -> Void
    ) throws {
      let told = Told()
      var server = Server()
      server.backend = backend
      if backend == .pool { server.loops = 16 }
      change(&server)
      server.listen(on: .loopback(port: 0), proxyProtocol: proxy) { Guest($0, told) }
      let running = try server.start { told.add($0) }
      defer { running.stop() }
      try body(running.addresses[0].port, running, told)
      running.stop()
      try running.wait()
      #expect(told.calls.count { $0 == "opened" } == told.calls.count { $0 == "closed" })
    }

    static func header(_ version: ProxyHeader.Version) throws -> [UInt8] {
      var header = ProxyHeader(from: source, to: destination, version: version)
      header.add(.authority, Array("example.org".utf8))
      return try header.encoded(checksum: true)
    }

    @Test(
      "The peer is whom the header tells of, and the real one can be asked for",
      arguments: Server.BackendName.alone, [ProxyHeader.Versions.v1, .v2, .any])
    func addresses(_ backend: Server.BackendName, _ versions: ProxyHeader.Versions) throws {
      try Self.serve(backend, ProxyProtocol(versions, from: [Self.loopback])) { port, _, told in
        let version = versions == .v1 ? ProxyHeader.Version.v1 : .v2
        let client = try Client(to: port)
        try client.send(try Self.header(version) + Array("hello".utf8))
        #expect(try client.receive(exactly: 5) == Array("hello".utf8))
        let guest = try #require(told.guests.first)
        #expect(guest.peer == Self.source && guest.later == Self.source)
        #expect(guest.local == Self.destination)
        let real = SocketAddress.loopback(port: client.port)
        #expect(guest.realPeer == real && guest.laterReal == real)
        #expect(guest.header?.version == version)
        #expect(guest.header?.authority == (version == .v2 ? "example.org" : nil))
        #expect(told.notices == [])
      }
    }

    @Test(
      "Cut at any byte, a header and what follows make the same calls",
      arguments: Server.BackendName.alone)
    func cuts(_ backend: Server.BackendName) throws {
      try Self.serve(backend, ProxyProtocol(from: [Self.loopback])) { port, _, told in
        for version in ProxyHeader.Version.allCases {
          let header = try Self.header(version)
          for cut in stride(from: 0, through: header.count, by: 3) {
            let before = told.calls.count
            let client = try Client(to: port)
            try client.send(Array(header.prefix(cut)))
            // What was sent first is taken before the rest comes, mostly.
            if cut % 2 == 0 { #expect(told.calls.count == before) }
            try client.send(Array(header.dropFirst(cut)) + Array("hello".utf8))
            client.finishSending()
            #expect(try client.receiveToEnd() == Array("hello".utf8))
            let wanted = ["opened", "received 5", "ended", "closed"]
            #expect(eventually { told.calls.count == before + wanted.count })
            #expect(Array(told.calls.dropFirst(before)) == wanted)
          }
        }
        #expect(told.guests.allSatisfy { $0.peer == Self.source && $0.later == Self.source })
      }
    }

    @Test(
      "What tells of nobody keeps the real address, a filled block of LOCAL too",
      arguments: Server.BackendName.alone)
    func nobody(_ backend: Server.BackendName) throws {
      let block: [UInt8] = [192, 0, 2, 1, 192, 0, 2, 2, 0, 1, 0, 2]
      let headers = [
        Array("PROXY UNKNOWN 192.0.2.1 192.0.2.2 1 2\r\n".utf8),
        ProxyHeader.signature + [0x20, 0x11, 0, 12] + block,
        ProxyHeader.signature + [0x21, 0x00, 0, 12] + block,
        ProxyHeader.signature + [0x21, 0x00, 0, 0],
      ]
      try Self.serve(backend, ProxyProtocol(from: [Self.loopback])) { port, _, told in
        for header in headers {
          let client = try Client(to: port)
          try client.send(header + [1])
          #expect(try client.receive(exactly: 1) == [1])
          let real = SocketAddress.loopback(port: client.port)
          let guest = try #require(told.guests.last)
          #expect(guest.peer == real && guest.later == real && guest.realPeer == real)
          #expect(guest.local == .loopback(port: port))
        }
      }
    }

    @Test(
      "A Unix-domain socket behind a proxy is told of by its name",
      arguments: Server.BackendName.alone)
    func unix(_ backend: Server.BackendName) throws {
      try Self.serve(backend, ProxyProtocol(from: [Self.loopback])) { port, _, told in
        let client = try Client(to: port)
        let header = ProxyHeader(from: .unix("/run/a"), to: .abstract("b"))
        try client.send(try header.encoded() + [1])
        #expect(try client.receive(exactly: 1) == [1])
        let guest = try #require(told.guests.first)
        #expect(guest.peer == .unix("/run/a") && guest.later == .unix("/run/a"))
        #expect(guest.local == .abstract("b"))
      }
    }

    @Test(
      "Whoever is not trusted, says something else, is late or breaks off gets no session",
      arguments: Server.BackendName.alone)
    func refused(_ backend: Server.BackendName) throws {
      var proxy = ProxyProtocol(.v2, from: [Self.loopback])
      proxy.timeout = .milliseconds(300)
      try Self.serve(backend, proxy) { port, _, told in
        let wrong = try Client(to: port)
        try wrong.send("GET / HTTP/1.1\r\n\r\n")
        _ = try? wrong.receiveToEnd()
        let late = try Client(to: port)
        try late.send(Array(ProxyHeader.signature.prefix(5)))
        #expect(try late.receiveToEnd() == [])
        let brokenOff = try Client(to: port)
        try brokenOff.send(Array(ProxyHeader.signature.prefix(5)))
        brokenOff.finishSending()
        #expect(try brokenOff.receiveToEnd() == [])
        #expect(eventually { told.notices.count == 3 })
        let reasons = told.notices.map { notice -> ProxyRefusal? in
          guard case .headerRefused(_, let reason, 1) = notice else { return nil }
          return reason
        }
        #expect(reasons == [.wrong(.noHeader(.v2)), .late, .cutOff])
        #expect(told.calls == [])
        // And the next one is served.
        let good = try Client(to: port)
        try good.send(try Self.header(.v2) + [7])
        #expect(try good.receive(exactly: 1) == [7])
      }
      let others = ProxyProtocol(from: [AddressPrefix("10.0.0.0/8")!])
      try Self.serve(backend, others) { port, _, told in
        for _ in 0..<12 {
          let client = try Client(to: port)
          try? client.send(try Self.header(.v1))
          #expect((try? client.receiveToEnd()) ?? [] == [])
        }
        #expect(eventually { told.notices.count == 2 })
        for (notice, number) in zip(told.notices, [1, 10]) {
          guard case .headerRefused(let peer, .untrusted, number) = notice else {
            Issue.record("\(notice)")
            continue
          }
          #expect(peer?.isLoopback ?? false)
        }
        #expect(told.calls == [])
      }
    }

    @Test(
      "Who connects and goes without a word is nobody's trouble",
      arguments: Server.BackendName.alone)
    func silent(_ backend: Server.BackendName) throws {
      try Self.serve(backend, ProxyProtocol(from: [Self.loopback])) { port, _, told in
        for round in 0..<20 {
          let client = try Client(to: port)
          if round % 3 == 0 { client.finishSending() }
          if round % 3 == 1 { client.reset() } else { client.close() }
        }
        let good = try Client(to: port)
        try good.send(try Self.header(.v1) + [7])
        #expect(try good.receive(exactly: 1) == [7])
        // A pool may have told that it was full meanwhile.
        let isTold = told.notices.contains { if case .headerRefused = $0 { true } else { false } }
        #expect(!isTold && told.guests.count == 1)
      }
    }

    @Test("The limit of an address is that of the proxied one", arguments: Server.BackendName.each)
    func limits(_ backend: Server.BackendName) throws {
      let proxy = ProxyProtocol(from: [Self.loopback])
      let limit = { (server: inout Server) in server.options.maxConnectionsPerAddress = 2 }
      try Self.serve(backend, proxy, limit) { port, _, told in
        func client(_ host: String) throws -> Client {
          let client = try Client(to: port)
          let header = ProxyHeader(from: address(host, 9), to: Self.destination)
          try client.send(try header.encoded() + [1])
          return client
        }
        // More from one real address than the limit, and no more from each proxied one.
        let clients = try (1...8).map { try client("192.0.2.\($0 % 4)") }
        for client in clients { #expect(try client.receive(exactly: 1) == [1]) }
        let tooMany = try client("192.0.2.3")
        #expect((try? tooMany.receiveToEnd()) ?? [] == [])
        #expect(eventually { told.notices == [.addressLimit(address("192.0.2.3", 9), 2)] })
        clients[2].close()
        let isServed = eventually {
          (try? client("192.0.2.3").receive(exactly: 1)) == [1]
        }
        #expect(isServed)
      }
    }

    @Test(
      "What came with the header is kept for a session that pauses at once",
      arguments: Server.BackendName.loops)
    func paused(_ backend: Server.BackendName) throws {
      struct Pausing: Session {
        mutating func opened(_ connection: inout Connection) {
          connection.pauseReading()
          connection.setTimer(after: .milliseconds(20))
          connection.write("!")
        }
        mutating func elapsed(_ connection: inout Connection) {
          connection.write("?")
          connection.resumeReading()
        }
        mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
          connection.write(bytes)
        }
      }
      var server = Server()
      server.backend = backend
      server.options.inputLimit = 1
      server.listen(
        on: .loopback(port: 0), proxyProtocol: ProxyProtocol(from: [Self.loopback])
      ) { _ in Pausing() }
      let running = try server.start()
      let client = try Client(to: running.addresses[0].port)
      try client.send(try Self.header(.v1) + Array("hello".utf8))
      client.finishSending()
      #expect(try client.receiveToEnd() == Array("!?hello".utf8))
      running.stop()
      try running.wait()
    }

    @Test("A drain does not wait for a header", arguments: Server.BackendName.alone)
    func drains(_ backend: Server.BackendName) throws {
      var proxy = ProxyProtocol(from: [Self.loopback])
      proxy.timeout = .seconds(600)
      try Self.serve(backend, proxy) { port, running, told in
        let silent = try Client(to: port)
        let begun = try Client(to: port)
        try begun.send("PROXY ")
        if backend != .sequential {
          let good = try Client(to: port)
          try good.send(try Self.header(.v2) + [1])
          #expect(try good.receive(exactly: 1) == [1])
          good.close()
        }
        running.drain()
        #expect((try? silent.receiveToEnd()) ?? [] == [])
        #expect((try? begun.receiveToEnd()) ?? [] == [])
        try running.wait()
        #expect(told.notices.allSatisfy { if case .headerRefused = $0 { false } else { true } })
      }
    }

    @Test("Options that nobody can mean are refused when the server starts")
    func options() {
      for (prefixes, timeout) in [([], Duration.seconds(3)), ([Self.loopback], .zero)] {
        var server = Server(on: [.loopback(port: 0)])
        server.proxyProtocol = ProxyProtocol(from: prefixes)
        server.proxyProtocol?.timeout = timeout
        #expect(throws: SystemError.self) { try server.run { EchoSession() } }
      }
    }
  }
}

/// An address as it is written, with a port.
private func address(_ text: String, _ port: UInt16) -> SocketAddress {
  (try? SocketAddress.resolve(text, port: port).first) ?? .any(port: 0)
}
