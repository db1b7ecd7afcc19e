import Glibc
import Switchboard
import TestSupport
import Testing

extension Conformance {
  /// What a reactor does besides serving: connecting, watching, alarms, waking.
  @Suite struct ReactorFace {
    // ---------------------------------------------------------------------- connecting

    @Test("A connection that was begun stands, and is closed once", arguments: Backend.allCases)
    func connect(_ backend: Backend) throws {
      try withServer(backend) { server in
        try withReactor(backend, handler: Probe()) { reactor in
          _ = try reactor.connect(to: server.addresses[0])
          #expect(try reactor.turn { $0.connected == 1 })
          server.waker.stop()
          #expect(try reactor.turn { $0.closed.map(\.reason) == [.finished] })
        }
      }
    }

    @Test("Connecting needs no room among the accepted", arguments: Backend.allCases)
    func connectMany(_ backend: Backend) throws {
      var options = ReactorOptions()
      options.maxConnections = 2
      try withServer(backend) { server in
        try withReactor(backend, options: options, handler: Probe()) { reactor in
          for _ in 0..<100 { _ = try reactor.connect(to: server.addresses[0]) }
          #expect(try reactor.turn { $0.connected == 100 })
        }
      }
    }

    @Test("A refused connection is closed with the reason", arguments: Backend.allCases)
    func refused(_ backend: Backend) throws {
      // Bound and not listening: nobody else can get the port meanwhile.
      let idle = try PlainListener(backlog: nil)
      let address = SocketAddress.loopback(port: idle.port)
      try withReactor(backend, handler: Probe()) { reactor in
        _ = try reactor.connect(to: address)
        #expect(try reactor.turn { $0.closed.count == 1 })
        let refused = SystemError(.connect, Errno(rawValue: ECONNREFUSED), on: .address(address))
        let entries = reactor.record.entries.with { $0 }
        #expect(entries.closed.map(\.reason) == [.connectFailed(refused)])
        #expect(entries.connected == 0)
        #expect(reactor.isFinished)
      }
    }

    @Test("A connection attempt nobody answers ends in time", arguments: Backend.allCases)
    func connectTimeout(_ backend: Backend) throws {
      // A queue that is full lets further attempts wait.
      let full = try PlainListener(backlog: 0)
      let fillers = (0..<4).map { _ in full.beginConnecting() }
      defer { for filler in fillers { Glibc.close(filler) } }
      let address = SocketAddress.loopback(port: full.port)
      var options = ReactorOptions()
      options.connectTimeout = .milliseconds(100)
      try withReactor(backend, options: options, handler: Probe()) { reactor in
        let start = reactor.kernel.now()
        _ = try reactor.connect(to: address)
        #expect(try reactor.turn { $0.closed.count == 1 })
        #expect(reactor.kernel.now().since(start) >= .milliseconds(100))
        let late = SystemError(.connect, Errno(rawValue: ETIMEDOUT), on: .address(address))
        #expect(reactor.record.entries.with { $0.closed.map(\.reason) } == [.connectFailed(late)])
      }
    }

    // ------------------------------------------------------------------------- watching

    @Test("A watched pipe is reported until the answer ends it", arguments: Backend.allCases)
    func watchPipe(_ backend: Backend) throws {
      let pipe = Pipe()
      try withReactor(backend, handler: Probe(readingWatched: 2)) { reactor in
        reactor.kernel.ledger.adopt(pipe.reading)
        _ = try reactor.watch(pipe.reading, .read)
        #expect(!reactor.isFinished)
        for count in 1...2 {
          pipe.write()
          #expect(try reactor.turn { $0.watched.count == count })
        }
        #expect(reactor.record.entries.with { $0.watched } == [.read, .read])
        // The second answer ended the watch: what comes now is not reported.
        pipe.write()
        try reactor.turn(until: reactor.kernel.now() + .milliseconds(20))
        #expect(reactor.record.entries.with { $0.watched.count } == 2)
        #expect(reactor.isFinished)
        #expect(pipe.isOpen)
        reactor.kernel.ledger.closing(Descriptor(rawValue: pipe.reading))
      }
    }

    @Test("The end of a watched pipe is reported", arguments: Backend.allCases)
    func watchHangUp(_ backend: Backend) throws {
      let pipe = Pipe()
      try withReactor(backend, handler: Probe()) { reactor in
        reactor.kernel.ledger.adopt(pipe.reading)
        _ = try reactor.watch(pipe.reading, .read)
        pipe.closeWriting()
        #expect(try reactor.turn { $0.watched.count == 1 })
        reactor.kernel.ledger.closing(Descriptor(rawValue: pipe.reading))
      }
    }

    @Test("An unwatched descriptor is not reported and stays open", arguments: Backend.allCases)
    func unwatch(_ backend: Backend) throws {
      let pipe = Pipe()
      try withReactor(backend, handler: Probe()) { reactor in
        reactor.kernel.ledger.adopt(pipe.reading)
        let key = try reactor.watch(pipe.reading, .read)
        pipe.write()
        reactor.unwatch(key)
        reactor.unwatch(key)
        try reactor.turn(until: reactor.kernel.now() + .milliseconds(20))
        #expect(reactor.record.entries.with { $0.watched } == [])
        #expect(pipe.isOpen)
        reactor.kernel.ledger.closing(Descriptor(rawValue: pipe.reading))
      }
    }

    // -------------------------------------------------------------------------- alarms

    @Test("An alarm goes off once, and not early", arguments: Backend.allCases)
    func alarm(_ backend: Backend) throws {
      try withServer(backend) { server in
        try withReactor(backend, handler: Probe(alarm: .milliseconds(30))) { reactor in
          _ = try reactor.connect(to: server.addresses[0])
          #expect(try reactor.turn { $0.connected == 1 })
          let start = reactor.kernel.now()
          #expect(try reactor.turn { $0.alarms.count == 1 })
          let late = reactor.kernel.now().since(start)
          // Counted from the turn that connected, which began before `start`.
          #expect(late >= .milliseconds(28) && late < .seconds(longestWait))
          let later = reactor.kernel.now() + .milliseconds(60)
          while reactor.kernel.now() < later { try reactor.turn(until: later) }
          #expect(reactor.record.entries.with { $0.alarms.count } == 1)
        }
      }
    }

    @Test("An alarm that is put off or cancelled does not go off", arguments: Backend.allCases)
    func alarmMoved(_ backend: Backend) throws {
      try withServer(backend) { server in
        // The greeting, which comes at once, puts the alarm off.
        let delays = (first: Duration.milliseconds(200), then: Duration.milliseconds(400))
        try withReactor(backend, handler: Probe(alarm: delays.first, then: delays.then)) {
          reactor in
          let start = reactor.kernel.now()
          _ = try reactor.connect(to: server.addresses[0])
          #expect(try reactor.turn { $0.alarms.count == 1 })
          #expect(reactor.kernel.now().since(start) >= .milliseconds(400))
        }
      }
    }

    // -------------------------------------------------------------------------- waking

    @Test("A request from another thread ends the wait", arguments: Backend.allCases)
    func wake(_ backend: Backend) throws {
      try withReactor(backend, handler: Probe()) { reactor in
        let address = try reactor.listen(on: .loopback(port: 0), dualStack: false)
        #expect(address.port != 0)
        let waker = reactor.waker
        let thread = try LoopThread { waker.drain() }
        try reactor.run()
        thread.join()
        #expect(reactor.record.entries.with { $0.notices.last } == .drained(finished: 0, forced: 0))
      }
    }

    @Test("A reactor with nothing to wait for ends at once", arguments: Backend.allCases)
    func empty(_ backend: Backend) throws {
      try withReactor(backend, handler: Probe()) { reactor in
        #expect(reactor.isFinished)
        try reactor.run()
      }
    }
  }
}

/// Receives until the end, and sets alarms as it is told.
private struct Probe: ReactorHandler, ~Copyable {
  typealias System = AuditedKernel
  var alarm: Duration?
  var then: Duration?
  var readingWatched = 1

  init(
    alarm: Duration? = nil, then: Duration? = nil, readingWatched: Int = 1
  ) {
    self.alarm = alarm
    self.then = then
    self.readingWatched = readingWatched
  }

  mutating func peerConnected(_ peer: inout Peer<System>) -> Interest {
    if let alarm { peer.wake(after: alarm) }
    return .read
  }
  mutating func readyToReceive(_ peer: inout Peer<System>) -> Interest {
    var buffer = [UInt8](repeating: 0, count: 64)
    var room = buffer.mutableSpan
    guard let received = try? peer.socket.receive(into: &room), received != .endOfStream else {
      return []
    }
    if let then { peer.wake(after: then) }
    return .read
  }
  mutating func readyToSend(_ peer: inout Peer<System>) -> Interest { .read }
  mutating func timeElapsed(_ peer: inout Peer<System>) -> Interest { .read }
  mutating func ready(_ readiness: Readiness, watched descriptor: Descriptor) -> Interest {
    var byte: UInt8 = 0
    read(descriptor.rawValue, &byte, 1)
    readingWatched -= 1
    return readingWatched > 0 ? .read : []
  }
}
