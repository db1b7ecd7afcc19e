import Glibc
import Switchboard
import SwitchboardArticle
import TestSupport
import Testing

extension Engine {
  /// Connections that sessions make.
  @Suite struct Connecting {
    /// What outgoing connections were told.
    private final class Log: Sendable {
      struct Entries {
        var opened = 0
        var received: [UInt8] = []
        var reasons: [CloseReason] = []
        var locals: [SocketAddress] = []
        var peers: [SocketAddress] = []
      }
      private let entries = Lock(Entries())
      var now: Entries { entries.withLock { $0 } }
      @discardableResult
      func with<Result>(_ body: (inout sending Entries) -> sending Result) -> sending Result {
        entries.withLock(body)
      }
      func wait(_ holds: (Entries) -> Bool) -> Bool { eventually { holds(now) } }
    }

    /// Says something when it is connected, notes what comes, and closes after so many bytes.
    private struct Caller: Session {
      let log: Log
      var words = ""
      var wanted = 0
      private var count = 0

      init(_ log: Log, saying words: String = "", until wanted: Int = .max) {
        (self.log, self.words, self.wanted) = (log, words, wanted)
      }
      mutating func opened(_ connection: inout Connection) {
        let peer = connection.peerAddress
        log.with { entries in
          entries.opened += 1
          if let peer { entries.peers.append(peer) }
        }
        connection.write(words)
      }
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        count += bytes.count
        let some = bytes.indices.map { bytes[$0] }
        log.with { $0.received += some }
        if count >= wanted { connection.close() }
      }
      mutating func closed(_ reason: CloseReason) { log.with { $0.reasons.append(reason) } }
    }

    /// A server that listens somewhere and serves frames, and may connect with callers.
    private static func server(
      _ backend: Server.BackendName, loops: Int = 1, _ change: (inout Server) -> Void = { _ in }
    ) throws -> RunningServer {
      var server = Server(on: [.loopback(port: 0)])
      server.backend = backend
      server.loops = loops
      server.connects(as: Caller.self)
      change(&server)
      return try server.start { FramesSession() }
    }

    private static func ends(_ running: RunningServer) throws {
      running.stop()
      try running.wait()
    }

    @Test("To its own server, over every family", arguments: Server.BackendName.loops)
    func families(_ backend: Server.BackendName) throws {
      let path = "/tmp/sb-connecting-\(getpid())-\(UInt32.random(in: 0 ... .max))"
      let running = try Self.server(backend) {
        $0.addresses = [.loopback(port: 0), .loopback(.v6, port: 0), .unix(path), .abstract(path)]
      }
      for address in running.addresses {
        let log = Log()
        for _ in 0..<3 {
          let attempt = running.handle.loops[0].connect(to: .address(address)) {
            Caller(log, saying: "^abc$", until: 4)
          }
          #expect(attempt != nil)
        }
        #expect(log.wait { $0.reasons.count == 3 })
        #expect(log.now.opened == 3)
        #expect(log.now.reasons.allSatisfy { $0 == .finished || $0 == .peerFinished })
        #expect(log.now.received.count == 12)
        #expect(log.now.received.count { $0 == 0x2A } == 3)
        if address.family != .unix { #expect(log.now.peers == [address, address, address]) }
      }
      try Self.ends(running)
    }

    @Test("By a name, past the family that nobody serves", arguments: Server.BackendName.loops)
    func names(_ backend: Server.BackendName) throws {
      let running = try Self.server(backend)
      let port = running.addresses[0].port
      for name in ["localhost", "127.0.0.1", "LOCALHOST."] {
        let log = Log()
        running.handle.loops[0].connect(to: .host(name, port: port)) {
          Caller(log, saying: "^a$", until: 2)
        }
        #expect(log.wait { $0.reasons.count == 1 })
        #expect(log.now.received == [0x2A, 0x62])
      }
      let log = Log()
      running.handle.loops[0].connect(to: .host("", port: port)) { Caller(log) }
      #expect(log.wait { $0.reasons.count == 1 })
      #expect("\(log.now.reasons[0])".contains("give an IPv4 or IPv6 address"))
      try Self.ends(running)
    }

    /// A port that nobody listens on.
    private static func deadPort() throws -> UInt16 {
      let listener = try Listener(on: .loopback(port: 0), system: Linux())
      return listener.address.port
    }

    @Test("What fails is told once, with the reason", arguments: Server.BackendName.loops)
    func failures(_ backend: Server.BackendName) throws {
      let running = try Self.server(backend)
      let dead = try Self.deadPort()
      let targets: [(ConnectTarget, String)] = [
        (.address(.loopback(port: dead)), "ECONNREFUSED"),
        (.host("localhost", port: dead), "ECONNREFUSED"),
        (.address(.unix("/tmp/nobody-\(getpid())")), "check that a server is listening there"),
        (.address(.unix("/tmp")), "ECONNREFUSED"),
        (.address(.unix(String(repeating: "x", count: 200))), "at most 107 bytes"),
        (.address(.abstract("nobody-\(getpid())")), "ECONNREFUSED"),
      ]
      for (target, reason) in targets {
        let log = Log()
        running.handle.loops[0].connect(to: target) { Caller(log) }
        #expect(log.wait { $0.reasons.count == 1 })
        #expect("\(log.now.reasons[0])".contains(reason), "\(log.now.reasons[0])")
        #expect(log.now.opened == 0)
      }
      try Self.ends(running)
    }

    /// A listener whose queue is full, so that the kernel lets further attempts wait.
    private final class BlackHole {
      private let descriptor: Int32
      private var clients: [Int32] = []
      let address: SocketAddress

      init() throws {
        let system = Linux()
        descriptor = Int32(system.socket(.v4).value)
        let listening = Descriptor(rawValue: descriptor)
        try #require(system.bind(listening, to: .loopback(port: 0)).isSuccess)
        try #require(system.listen(listening, backlog: 0).isSuccess)
        var bound = SocketAddress.any(port: 0)
        _ = system.localAddress(listening, into: &bound)
        address = bound
        // One more than the backlog is let in; whoever comes then gets no answer.
        for _ in 0..<4 {
          let client = system.socket(.v4).value
          clients.append(Int32(client))
          _ = system.connect(Descriptor(rawValue: Int32(client)), to: bound)
        }
        #expect(eventually { isFull })
      }

      private var isFull: Bool {
        var entries = clients.map { pollfd(fd: $0, events: Int16(POLLOUT), revents: 0) }
        return poll(&entries, nfds_t(entries.count), 0) >= 1
      }

      deinit {
        for client in clients { close(client) }
        close(descriptor)
      }
    }

    private static func times(_ timeout: Duration) -> ConnectTimes {
      var times = ConnectTimes()
      times.timeout = timeout
      return times
    }

    @Test("Who gets no answer is given up in time", arguments: Server.BackendName.loops)
    func timeout(_ backend: Server.BackendName) throws {
      let hole = try BlackHole()
      let running = try Self.server(backend)
      let (log, clock) = (Log(), ContinuousClock())
      let start = clock.now
      running.handle.loops[0].connect(
        to: .address(hole.address), times: Self.times(.milliseconds(300))
      ) { Caller(log) }
      #expect(log.wait { $0.reasons.count == 1 })
      #expect(clock.now - start >= .milliseconds(300))
      guard case .notConnected(let failure)? = log.now.reasons.first else {
        Issue.record("\(log.now.reasons)")
        return
      }
      #expect(failure.reason == .timedOut(.milliseconds(300)))
      #expect(failure.attempts.map(\.address) == [hole.address])
      try Self.ends(running)
    }

    @Test("It can be cancelled, drained and stopped meanwhile", arguments: Server.BackendName.loops)
    func cancelling(_ backend: Server.BackendName) throws {
      let hole = try BlackHole()
      for ending in 0..<3 {
        let (log, running) = (Log(), try Self.server(backend))
        let attempts = (0..<5).map { _ in
          running.handle.loops[0].connect(to: .address(hole.address)) { Caller(log) }
        }
        switch ending {
        case 0:
          for attempt in attempts { attempt?.cancel() }
          for attempt in attempts { attempt?.cancel() }
          #expect(log.wait { $0.reasons.count == 5 })
          running.stop()
        case 1: running.drain()
        default: running.stop()
        }
        try running.wait()
        #expect(log.now.reasons.count == 5)
        #expect(log.now.opened == 0)
        for reason in log.now.reasons {
          if case .notConnected(let failure) = reason {
            #expect(failure.reason == .cancelled)
          } else {
            #expect(ending == 2 && reason == .stopped || ending == 1 && reason == .stopped)
          }
        }
        // And whoever comes too late.
        #expect(running.handle.loops[0].connect(to: .address(hole.address)) { Caller(log) } == nil)
      }
    }

    @Test("From an address of this machine", arguments: Server.BackendName.loops)
    func local(_ backend: Server.BackendName) throws {
      let peers = Lock<[String]>([])
      let running = try Self.server(backend) { server in
        server.listen(on: .loopback(port: 0)) { accepted in
          let host = accepted.peer?.host ?? ""
          peers.withLock { $0.append(host) }
          return FramesSession()
        }
      }
      let (log, target) = (Log(), ConnectTarget.address(running.addresses[1]))
      let from = try #require(try? SocketAddress.resolve("127.0.0.9", port: 0).first)
      running.handle.loops[0].connect(to: target, from: from) { Caller(log, until: 1) }
      #expect(log.wait { $0.reasons.count == 1 })
      #expect(peers.withLock { $0 } == ["127.0.0.9"])
      let other = try #require(try? SocketAddress.resolve("192.0.2.1", port: 0).first)
      running.handle.loops[0].connect(to: target, from: other) { Caller(log) }
      #expect(log.wait { $0.reasons.count == 2 })
      #expect("\(log.now.reasons[1])".contains("EADDRNOTAVAIL"))
      try Self.ends(running)
    }

    @Test("They count among the server's connections", arguments: Server.BackendName.loops, [1, 2])
    func limit(_ backend: Server.BackendName, loops: Int) throws {
      let target = try Self.server(.epoll)
      let running = try Self.server(backend, loops: loops) { $0.options.maxConnections = 4 }
      let loop = running.handle.loops[0]
      for round in 0..<3 {
        let log = Log()
        for _ in 0..<4 { loop.connect(to: .address(target.addresses[0])) { Caller(log) } }
        #expect(log.wait { $0.received.count == 4 })
        loop.connect(to: .address(target.addresses[0])) { Caller(log) }
        #expect(log.wait { $0.reasons.count == 1 })
        #expect("\(log.now.reasons[0])".contains("maxConnections is 4"))
        // Nobody else comes in either.
        let waiting = try Client(to: running.addresses[0].port)
        #expect(!waiting.hasInput)
        // Until there is room: the target closes one.
        if round == 0 { target.drain() }
        if round == 0 {
          try target.wait()
          #expect(log.wait { $0.reasons.count == 5 })
          #expect(try waiting.greeted().ask("^a$") == "b")
          break
        }
      }
      try Self.ends(running)
    }

    @Test("Many, opened, used and closed", arguments: Server.BackendName.loops)
    func many(_ backend: Server.BackendName) throws {
      // Both ends are this process's, and tests of `select` beside need numbers below 1,024.
      let count = backend == .select ? 15 : 50
      let running = try Self.server(backend) { $0.options.idleTimeout = .seconds(60) }
      for _ in 0..<20 {
        let log = Log()
        for _ in 0..<count {
          let loop = running.handle.loops[0]
          loop.connect(to: .address(running.addresses[0])) {
            Caller(log, saying: "^hello$", until: 6)
          }
        }
        #expect(log.wait { $0.reasons.count == count })
        #expect(log.now.opened == count)
        #expect(log.now.received.count == 6 * count)
      }
      try Self.ends(running)
    }

    /// Passes on what it gets to a server, and what that answers back.
    private struct Front: Session {
      typealias Message = [UInt8]
      let target: SocketAddress
      let log: Log
      var back: ConnectionHandle<[UInt8]>?
      var early: [UInt8] = []

      init(_ target: SocketAddress, _ log: Log) { (self.target, self.log) = (target, log) }
      mutating func opened(_ connection: inout Connection) {
        let (own, log) = (connection.handle(for: Front.self), log)
        connection.connect(to: .address(target)) { Back(own, log) }
      }
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        let some = bytes.indices.map { bytes[$0] }
        connection.loopLocal { Pairs() }.backs[connection.key]?.post(some)
      }
      mutating func posted(_ message: [UInt8], _ connection: inout Connection) {
        connection.write(message.span)
      }
    }

    private final class Pairs { var backs: [Key: ConnectionHandle<[UInt8]>] = [:] }

    private struct Back: Session {
      typealias Message = [UInt8]
      let front: ConnectionHandle<[UInt8]>
      let log: Log

      init(_ front: ConnectionHandle<[UInt8]>, _ log: Log) { (self.front, self.log) = (front, log) }
      mutating func opened(_ connection: inout Connection) {
        let own = connection.handle(for: Back.self)
        connection.loopLocal { Pairs() }.backs[front.key] = own
      }
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        front.post(bytes.indices.map { bytes[$0] })
      }
      mutating func posted(_ message: [UInt8], _ connection: inout Connection) {
        connection.write(message.span)
      }
      mutating func closed(_ reason: CloseReason) { log.with { $0.reasons.append(reason) } }
    }

    @Test("From a callback, two types of one server talking", arguments: Server.BackendName.loops)
    func relayed(_ backend: Server.BackendName) throws {
      let (target, log) = (try Self.server(.epoll), Log())
      let address = target.addresses[0]
      var server = Server()
      server.backend = backend
      server.connects(as: Back.self)
      server.listen(on: .loopback(port: 0)) { _ in Front(address, log) }
      let running = try server.start()
      for round in 0..<5 {
        let client = try Client(to: running.addresses[0].port).greeted()
        #expect(try client.ask("^round\(round)$").count == 6)
      }
      running.stop()
      try running.wait()
      #expect(log.now.reasons.count == 5)
      try Self.ends(target)
    }

    @Test(
      "A thread for one connection makes none",
      arguments: [Server.BackendName.threads, .sequential])
    func blocking(_ backend: Server.BackendName) throws {
      let log = Log()
      var server = Server(on: [])
      server.backend = backend
      server.listen(on: .loopback(port: 0)) { _ in Front(.loopback(port: 1), log) }
      let running = try server.start()
      let client = try Client(to: running.addresses[0].port)
      #expect(log.wait { $0.reasons.count == 1 })
      #expect("\(log.now.reasons[0])".contains("connect"))
      client.close()
      running.stop()
      try running.wait()
    }
  }
}
