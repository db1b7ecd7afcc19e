import Testing

@testable import Switchboard

extension EveryCall {
  /// Calls that an ordinary conversation does not reach.
  @Suite struct Apart {
    @Test("A refused connection is gone, whatever its close answers", arguments: FaultWorld.engines)
    func refusing(_ world: FaultWorld) throws {
      for errno in ["EINTR", "EIO", "ENOSPC", "EDQUOT"].map({ Errno(named: $0) }) {
        let fired = Lock(0)
        let faults = CallFaults { point, _ in
          let isClose =
            world.isRing
            ? point == .operation(.close)
            : point == .call(.close)
              && SiteFinder.shared.site(of: .close)?.name == "Proactor.close · close"
          // The only close of a ring in this conversation, until it ends.
          guard isClose, fired.withLock({ $0 == 0 }) else { return nil }
          fired.withLock { $0 += 1 }
          return errno
        }
        var options = sweepOptions
        options.maxConnectionsPerAddress = 1
        let report = try serve(world, faults, options, session: SweepSession()) { server in
          let first = try server.client()
          #expect(try first.receive(exactly: 1) == Array("+".utf8))
          #expect(try server.client().receiveToEnd() == [])
          #expect(fired.withLock { $0 } == 1)
          try first.send("Ehello")
          #expect(try first.receive(exactly: 5) == Array("hello".utf8))
        }
        #expect(report.isClean, "\(world.rawValue), \(errno.symbol): \(report)")
        #expect(report.opened == 1)
      }
    }

    /// What a client saw of a session that said bye and closed, where the ring could not
    /// half-close.
    private func leave(
      failing install: Errno? = nil, _ call: Errno? = nil, close: Errno? = nil, linger: Duration
    ) throws -> (report: FaultReport, calls: Int) {
      let faults = CallFaults { point, _ in
        if point == .operation(.shutdown) { return Errno(named: "ECANCELED") }
        if point == .operation(.install) { return install }
        if point == .call(.shutdown) { return call }
        guard point == .call(.close), let close,
          SiteFinder.shared.site(of: .close)?.name == "URing.installed · close"
        else { return nil }
        return close
      }
      var options = sweepOptions
      options.lingerTimeout = linger
      let report = try serve(.ring, faults, options, session: SweepSession()) { server in
        for _ in 0..<3 {
          let client = try server.client()
          #expect(try client.receive(exactly: 1) == Array("+".utf8))
          try client.send([SweepMode.close])
          #expect(try client.receiveToEnd() == Array("bye".utf8))
        }
      }
      return (report, faults.calls(.call(.shutdown)))
    }

    /// A kernel that can create no thread cancels a ring's half-close.
    @Test("A peer learns at once that a connection has ended, also where the ring cannot tell it")
    func finishing() throws {
      for close in [nil] + ["EINTR", "EIO", "ENOSPC", "EDQUOT"].map({ Errno(named: $0) }) {
        // Nobody would wait so long.
        let seen = try leave(close: close, linger: .seconds(3600))
        #expect(seen.report.isClean, "\(seen.report)")
        #expect(seen.calls == 3)
      }
    }

    @Test("A peer that cannot be told that a connection has ended learns it when that is closed")
    func finishingLate() throws {
      let late = Duration.milliseconds(50)
      for errno in ["EMFILE", "ENFILE", "ENOMEM", "EBADF"].map({ Errno(named: $0) }) {
        #expect(try leave(failing: errno, linger: late).report.isClean)
      }
      for errno in ["ENOTCONN", "ENOBUFS"].map({ Errno(named: $0) }) {
        #expect(try leave(failing: nil, errno, linger: late).report.isClean)
      }
    }

    /// Whether a peer has read something meanwhile is asked of an ordinary descriptor.
    @Test("An idle connection of a ring is closed, though nobody can say whether its peer reads")
    func idling() throws {
      let refused = ["EMFILE", "ENFILE", "ENOMEM", "EBADF"].map { Errno(named: $0) }
      let closes = ["EINTR", "EIO", "ENOSPC", "EDQUOT"].map { Errno(named: $0) }
      for (install, close) in refused.map({ ($0, nil) }) + closes.map({ (nil, $0) })
        as [(Errno?, Errno?)]
      {
        let faults = CallFaults { point, _ in
          if point == .operation(.install) { return install }
          guard point == .call(.close), let close,
            SiteFinder.shared.site(of: .close)?.name == "Ring.takeBack · close"
          else { return nil }
          return close
        }
        var options = sweepOptions
        options.idleTimeout = .milliseconds(20)
        let report = try serve(.ring, faults, options, session: SweepSession()) { server in
          let heard = try server.client().receiveToEnd()
          #expect(heard == Array("+".utf8))
        }
        #expect(report.isClean, "\(report)")
        #expect(faults.calls(.operation(.install)) > 0)
      }
    }

    @Test(
      "Accepting that fails for a while pauses without spinning, and resumes with nobody closing",
      arguments: FaultWorld.swept)
    func exhausted(_ world: FaultWorld) throws {
      for symbol in ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"] {
        let faults = CallFaults()
        let points: [FaultPoint] = [.call(.accept), .operation(.accept), .operation(.acceptMany)]
        for point in points { faults.fail(point, chance: 1, with: [Errno(named: symbol)]) }
        let report = try serve(world, faults, session: SweepSession()) { server in
          let waiting = try server.client()
          // One more each 5, 10, 20, 40 ms; sixteen at once where each accept is for one.
          #expect(eventually { faults.strikes >= (world == .smallRing ? 64 : 4) })
          #expect(server.calls < 100, "\(world.rawValue) spins")
          #expect(!waiting.hasInput)
          faults.cease()
          #expect(try waiting.receive(exactly: 1) == Array("+".utf8))
          try waiting.send("Eping")
          #expect(try waiting.receive(exactly: 4) == Array("ping".utf8))
        }
        #expect(report.isClean)
        let pauses = report.notices.count { if case .acceptingPaused = $0 { true } else { false } }
        #expect(pauses == 1)
        #expect(report.notices.count { $0 == .acceptingResumed } == 1)
      }
    }

    /// A sandbox answers what a firewall answers for one queued connection. It was tried again and
    /// again, without a word.
    @Test(
      "Accepting that is refused for ever is told once, and tried ever more rarely",
      arguments: FaultWorld.swept, ["EPERM", "ECONNABORTED"])
    func refused(_ world: FaultWorld, _ symbol: String) throws {
      let faults = CallFaults()
      let points: [FaultPoint] = [.call(.accept), .operation(.accept), .operation(.acceptMany)]
      for point in points { faults.fail(point, chance: 1, with: [Errno(named: symbol)]) }
      let isTold = { (notices: [LoopNotice]) in
        notices.contains { notice in
          guard case .acceptingPaused(.failed(let error)) = notice else { return false }
          return error.call == .accept && error.errno == Errno(named: symbol)
        }
      }
      let journal = Journal()
      let report = try serve(world, faults, journal: journal, session: SweepSession()) { server in
        // One that fails is gone, so there is always another.
        var (lost, seen) = ([Client](), -1)
        let comesTo = { (holds: () -> Bool) -> Bool in
          eventually {
            let now = faults.strikes
            // A strike counts before it takes anybody from the queue: the last one may be gone, too.
            let isGone = lost.last?.hasInput ?? true
            if now != seen || isGone, let client = try? server.client() {
              seen = now
              lost.append(client)
            }
            return holds()
          }
        }
        #expect(comesTo { isTold(journal.now.notices) })
        let (strikes, waits) = (faults.strikes, server.calls)
        #expect(comesTo { faults.strikes >= strikes + 3 })
        #expect(server.calls - waits < 60, "\(world.rawValue) spins")
        faults.cease()
        let served = try server.client()
        #expect(try served.receive(exactly: 1) == Array("+".utf8))
        try served.send("Eping")
        #expect(try served.receive(exactly: 4) == Array("ping".utf8))
      }
      #expect(report.isClean)
      #expect(report.notices.count { if case .acceptingPaused = $0 { true } else { false } } == 1)
      #expect(report.notices.count { $0 == .acceptingResumed } == 1)
    }

    @Test(
      "A call that is refused on every connection is told once, by its name",
      arguments: FaultWorld.engines)
    func forbidden(_ world: FaultWorld) throws {
      let receives: [FaultPoint] = [
        .call(.receive), .operation(.receive), .operation(.receiveOnce),
      ]
      let sends: [FaultPoint] = [.call(.send), .operation(.sendNow), .operation(.send)]
      for (points, name, symbol) in [(receives, "recv", "EPERM"), (sends, "send", "ENOSYS")] {
        let faults = CallFaults()
        for point in points { faults.fail(point, chance: 1, with: [Errno(named: symbol)]) }
        let report = try serve(world, faults, session: SweepSession()) { server in
          for _ in 0..<5 {
            let client = try server.client()
            _ = try? client.send("Eping")
            // Closed, or reset since something was unread.
            _ = try? client.receiveToEnd()
          }
        }
        #expect(report.isClean)
        let told = report.notices.map(\.description).filter { $0.contains("connections break") }
        #expect(told.count == 1, "\(world.rawValue): \(report.notices)")
        #expect(told.first?.contains("\(name): ") ?? false)
        #expect(told.first?.contains(symbol) ?? false)
      }
    }
  }
}

extension FaultyServer {
  /// How many times the loop has waited.
  var calls: Int {
    let waits: [SystemError.Call] = [.select, .poll, .epollWait, .ringEnter]
    return waits.reduce(0) { $0 + system.faults.calls(.call($1)) }
  }
}

extension EveryCall {
  @Suite struct Drills {
    @Test(
      "Interruptions, refusals and short calls lose no byte, with fifty seeds",
      arguments: FaultWorld.allCases)
    func random(_ world: FaultWorld) throws {
      let (interrupted, blocked) = (Errno(rawValue: 4), Errno(rawValue: 11))
      var (strikes, shortened) = (0, 0)
      for seed in 0..<50 as Range<UInt64> {
        let faults = CallFaults(seed: seed)
        let calls: [SystemError.Call] = [.receive, .send, .accept, .read]
        for call in calls { faults.fail(.call(call), chance: 0.2, with: [interrupted, blocked]) }
        let waits: [SystemError.Call] = [.select, .poll, .epollWait, .ringEnter]
        for call in waits { faults.fail(.call(call), chance: 0.2, with: [interrupted]) }
        let operations: [RingOperation] = [.receive, .sendNow, .send]
        for operation in operations {
          faults.fail(.operation(operation), chance: 0.2, with: [interrupted, blocked])
        }
        faults.shorten(chance: 0.2)
        faults.endEarly(chance: 0.2)
        let report = try serve(world, faults, session: SweepSession()) { server in
          for number in 0..<4 {
            let client = try server.client()
            #expect(try client.receive(exactly: 1) == Array("+".utf8))
            let bytes = pattern(30_000, from: Int(seed) * 4 + number)
            try client.send("E")
            for start in stride(from: 0, to: bytes.count, by: 10_000) {
              let part = Array(bytes[start..<start + 10_000])
              try client.send(part)
              #expect(try client.receive(exactly: part.count) == part, "seed \(seed)")
            }
            client.finishSending()
            #expect(try client.receiveToEnd() == [])
          }
        }
        #expect(report.isClean, "\(world.rawValue), seed \(seed): \(report)")
        (strikes, shortened) = (strikes + faults.strikes, shortened + faults.shortened)
      }
      #expect(strikes > 500)
      #expect(shortened > 100)
    }

    @Test(
      "A descriptor that is closed and comes back within a batch is given no event of the old one",
      arguments: FaultWorld.engines)
    func reused(_ world: FaultWorld) throws {
      // Every client's bytes are its own; one that gets another's has been given a stale event.
      let rounds = 60
      let report = try serve(world, CallFaults(), session: SweepSession()) { server in
        var clients: [(client: Client, mark: UInt8)] = []
        for round in 0..<rounds {
          // All of these are in one batch: ends, resets, bytes, and new connections.
          let fresh = try (0..<12).map { place in
            (try server.client(), UInt8(truncatingIfNeeded: round &* 12 &+ place))
          }
          for (place, pair) in clients.enumerated() {
            if place % 3 == 0 { pair.client.reset() } else { pair.client.finishSending() }
          }
          for pair in fresh { try pair.0.send([SweepMode.echo, pair.1, pair.1, pair.1]) }
          for pair in fresh {
            let reply = try pair.0.receive(exactly: 4)
            #expect(reply == Array("+".utf8) + [pair.1, pair.1, pair.1])
          }
          clients = fresh.map { (client: $0.0, mark: $0.1) }
        }
      }
      #expect(report.isClean)
      #expect(report.opened == rounds * 12)
    }
  }
}
