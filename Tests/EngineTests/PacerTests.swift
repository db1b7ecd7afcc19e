import Switchboard
import TestSupport
import Testing

/// Who is on a loop, for its pacer.
private final class Members {
  var keys: [Key] = []
}

/// Enters itself, and sends a byte whenever it is called.
private struct Player: Session {
  private var key: Key?
  private var members: Members?

  mutating func opened(_ connection: inout Connection) {
    key = connection.key
    members = connection.loopLocal { Members() }
    members?.keys.append(connection.key)
  }
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    connection.write(bytes)
  }
  mutating func elapsed(_ connection: inout Connection) { connection.write(UInt8(ascii: "!")) }
  mutating func closed(_ reason: CloseReason) {
    guard let key else { return }
    members?.keys.removeAll { $0 == key }
  }
}

/// Calls everybody again and again, with so much time in between.
private final class Metronome: LoopPacer {
  private let interval: Duration
  private var beat = Instant(nanoseconds: 0)
  private var place = 0

  init(_ interval: Duration) { self.interval = interval }

  func next(_ moment: borrowing LoopMoment) -> LoopPace {
    let keys = moment.loopLocal { Members() }.keys
    if place < keys.count {
      place += 1
      return .call(keys[place - 1])
    }
    let now = Linux().now()
    if now < beat { return .wait(until: beat) }
    (beat, place) = (now + interval, 0)
    return keys.isEmpty ? .wait(until: beat) : next(moment)
  }
}

/// Names one connection for ever, or one that is not there.
private final class Insistent: LoopPacer {
  func next(_ moment: borrowing LoopMoment) -> LoopPace {
    .call(moment.loopLocal { Members() }.keys.first ?? Key(index: 3, generation: 77))
  }
}

/// Names every connection that there may be, whether it is there or not.
private final class Guessing: LoopPacer {
  private var place: UInt32 = 0

  func next(_ moment: borrowing LoopMoment) -> LoopPace {
    if place == 16 {
      place = 0
      return .wait(until: moment.now + .microseconds(100))
    }
    place += 1
    return .call(Key(index: (place - 1) / 2, generation: place % 2 == 0 ? 1 : 3))
  }
}

extension Engine {
  /// Connections that act by themselves, when somebody says so.
  @Suite struct Pacers {
    @Test("All are called in turn, at each beat", arguments: Server.BackendName.loops)
    func beat(_ backend: Server.BackendName) throws {
      let paced = { (server: inout Server) in
        server.pace { _ in Metronome(.microseconds(300)) }
      }
      try serving(Player(), on: backend, configure: paced) { port, _ in
        let start = Linux().now()
        let callers = try (0..<5).map { _ in try Caller(to: port) }
        for caller in callers { try caller.expect("!!!!!!!!") }
        // Seven intervals at least.
        #expect(Linux().now().since(start) >= .microseconds(2100))
      }
    }

    @Test(
      "Who is called without end keeps nobody from being served, nor does who is not there",
      arguments: Server.BackendName.loops)
    func fair(_ backend: Server.BackendName) throws {
      struct Echo: Session {
        mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
          connection.write(bytes)
        }
      }
      /// Called without end, and does nothing.
      struct Idle: Session {
        mutating func opened(_ connection: inout Connection) {
          connection.loopLocal { Members() }.keys.append(connection.key)
          connection.write(UInt8(ascii: "i"))
        }
        mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
      }
      var server = Server()
      server.backend = backend
      server.listen(on: .loopback(port: 0)) { _ in Echo() }
      server.listen(on: .loopback(port: 0)) { _ in Idle() }
      server.pace { _ in Insistent() }
      let running = try server.start()
      let ports = running.addresses.map(\.port)
      let echo = try Caller(to: ports[0])
      try echo.send("before")
      try echo.expect("before")
      let idle = try Caller(to: ports[1])
      try idle.expect("i")
      try echo.send("after!")
      try echo.expect("after!")
      running.stop()
      try running.wait()
    }

    @Test("Who has not said where he comes from is not called", arguments: Server.BackendName.loops)
    func filtered(_ backend: Server.BackendName) throws {
      struct Greeter: Session {
        mutating func opened(_ connection: inout Connection) { connection.write(UInt8(ascii: ">")) }
        mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
        mutating func elapsed(_ connection: inout Connection) {
          connection.write(UInt8(ascii: "!"))
        }
      }
      let paced = { (server: inout Server) in
        server.proxyProtocol = ProxyProtocol(.v1, from: [AddressPrefix("127.0.0.0/8")!])
        server.pace { _ in Guessing() }
      }
      try serving(Greeter(), on: backend, configure: paced) { port, _ in
        let callers = try (0..<3).map { _ in try Caller(to: port) }
        try callers[0].send("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n")
        try callers[0].expect(">!!!!!!!")
        // The others were there meanwhile.
        for caller in callers.dropFirst() {
          try caller.send("PROXY UNKNOWN\r\n")
          try caller.expect(">!!!")
        }
      }
    }

    @Test("A model without loops has no pacer")
    func refused() throws {
      var server = Server()
      server.listen(on: .loopback(port: 0)) { _ in Player() }
      server.backend = .threads
      server.pace { _ in Insistent() }
      #expect {
        try server.run()
      } throws: {
        "\($0)".hasPrefix("option calls of pace is 1; choose a backend with loops")
      }
    }

    @Test("A moment is kept to the microsecond, at best", arguments: Server.BackendName.loops)
    func exact(_ backend: Server.BackendName) throws {
      // A poller's own timeouts are whole milliseconds: an interval of 300 µs would take one. That the shortest of
      // many is below a millisecond does not depend on haste.
      let shortest = Lock(Duration.seconds(1))
      final class Timing: LoopPacer {
        let shortest: Lock<Duration>
        private var (last, beats) = (Instant(nanoseconds: 0), 0)
        init(_ shortest: Lock<Duration>) { self.shortest = shortest }
        func next(_ moment: borrowing LoopMoment) -> LoopPace {
          let now = Linux().now()
          if beats > 0, now < last + .microseconds(300) {
            return .wait(until: last + .microseconds(300))
          }
          let taken = now.since(last)
          if beats > 0 { shortest.withLock { $0 = min($0, taken) } }
          (last, beats) = (now, beats + 1)
          return .wait(until: now + .microseconds(300))
        }
      }
      let paced = { (server: inout Server) in server.pace { _ in Timing(shortest) } }
      try serving(Player(), on: backend, configure: paced) { _, _ in
        #expect(eventually { shortest.withLock { $0 } < .microseconds(990) })
      }
      #expect(shortest.withLock { $0 } >= .microseconds(300))
    }
  }
}
