import Switchboard
import SwitchboardLab
import Testing

/// What a loop promises its sessions, to the byte and to the tick.
@Suite struct LoopPromiseTests {
  /// What sessions saw that they should not have.
  private final class Seen {
    var amiss = 0
    var closed: [CloseReason] = []
    var late: [Duration] = []
  }

  // --------------------------------------------------------------------------- sending

  /// Echoes, and says nothing of how to end.
  private struct Echoing: Session {
    let seen: Seen
    mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
      connection.write(bytes)
    }
    mutating func closed(_ reason: CloseReason) { seen.closed.append(reason) }
  }

  /// Writes so many bytes at once.
  private struct Writing: Session {
    let count: Int
    let seen: Seen
    mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
      connection.write([UInt8](repeating: 7, count: count).span)
    }
    mutating func closed(_ reason: CloseReason) { seen.closed.append(reason) }
  }

  /// What is written is held to the limit before the kernel is asked to take any of it.
  @Test(arguments: SimulatedWorld.Backend.allCases, [1000, 200_000])
  func `as much as the limit may be unsent, and no byte more`(
    _ backend: SimulatedWorld.Backend, _ limit: Int
  ) throws {
    for more in 0...1 {
      let seen = Seen()
      try simulate(seed: 5) { world in
        world.backend = backend
        world.options.outboxLimit = limit
        world.serve { Writing(count: limit + more, seen: seen) }
        world.replies { sent in
          sent.isEmpty ? [] : [UInt8](repeating: 7, count: more == 0 ? limit : 0)
        }
        world.clients(1) { client in
          client.send("?")
          if more == 0 { client.awaitReplies() }
        }
      }
      #expect((seen.closed == [.outboxFull]) == (more == 1))
    }
  }

  // -------------------------------------------------------------------------- accepting

  /// Who is there is known from accepting on, and can be asked for no more when it has gone.
  private struct Knowing: Session {
    let seen: Seen
    mutating func opened(_ connection: inout Connection) {
      if connection.peerAddress == nil { seen.amiss += 1 }
    }
    mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
  }

  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `the address of a peer that resets at once is known`(_ backend: SimulatedWorld.Backend)
    throws
  {
    let seen = Seen()
    for seed in 0..<10 as Range<UInt64> {
      try simulate(seed: seed) { world in
        world.backend = backend
        world.costs.call = .microseconds(300)
        world.serve { Knowing(seen: seen) }
        world.clients(12) { client in
          client.comeNear()
          client.connect(after: .zero)
          client.reset()
        }
      }
    }
    #expect(seen.amiss == 0)
  }

  // --------------------------------------------------------------------------- the ends

  /// A session that says nothing of draining finishes at once when it is asked to.
  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `whoever does not say what to do is finished with when the server drains`(
    _ backend: SimulatedWorld.Backend
  ) throws {
    let seen = Seen()
    let report = try simulate(seed: 2) { world in
      world.backend = backend
      world.drain = .milliseconds(50)
      world.options.drainTimeout = .seconds(20)
      world.serve { Echoing(seen: seen) }
      world.replies { $0 }
      world.clients(4) { client in
        client.send("hello")
        client.awaitReplies()
        client.wait(.seconds(60))
      }
    }
    #expect(seen.closed == Array(repeating: .finished, count: 4))
    #expect(report.nanoseconds < 5_000_000_000)
  }

  /// Goes on as if nothing had been said.
  private struct Deaf: Session {
    let seen: Seen
    mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
      connection.write(bytes)
    }
    mutating func draining(_ connection: inout Connection) { seen.amiss += 1 }
    mutating func closed(_ reason: CloseReason) { seen.closed.append(reason) }
  }

  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `whoever does not finish is asked once, and cut off when the time is over`(
    _ backend: SimulatedWorld.Backend
  ) throws {
    let seen = Seen()
    let report = try simulate(seed: 4) { world in
      world.backend = backend
      world.drain = .milliseconds(50)
      world.options.drainTimeout = .milliseconds(400)
      world.serve { Deaf(seen: seen) }
      world.replies { $0 }
      world.clients(4) { client in
        client.send("hello")
        client.awaitReplies()
        client.wait(.seconds(60))
      }
    }
    #expect(seen.closed == Array(repeating: .drainTimeout, count: 4) && seen.amiss == 4)
    #expect(report.nanoseconds < 5_000_000_000)
  }

  /// While it waits for its peer's end a connection counts what it throws away, from nothing on.
  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `a peer may still send when all is said, also to a server that has run for weeks`(
    _ backend: SimulatedWorld.Backend
  ) throws {
    for seed in 0..<10 as Range<UInt64> {
      try simulate(seed: seed) { world in
        world.backend = backend
        world.age = .seconds(4_000_000)
        SimulatedWorkload.line.serve(in: world)
        world.clients(4) { client in
          // A reset would destroy what it has not read yet.
          client.pauseReading(.milliseconds(600))
          client.send("PING\nQUIT\n")
          client.wait(.milliseconds(300))
          client.send([UInt8](repeating: 10, count: 3000))
          client.awaitReplies()
        }
      }
    }
  }

  // ------------------------------------------------------------------------------ times

  /// Says something every now and then, to whoever listens.
  private struct Speaking: Session {
    let size: Int
    private var left = 20
    init(size: Int) { self.size = size }
    mutating func opened(_ connection: inout Connection) {
      connection.setTimer(after: .milliseconds(50))
    }
    mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
    mutating func elapsed(_ connection: inout Connection) {
      connection.write([UInt8](repeating: 7, count: size).span)
      left -= 1
      if left > 0 {
        connection.setTimer(after: .milliseconds(50))
      } else {
        connection.close()
      }
    }
  }

  @Test(arguments: SimulatedWorld.Backend.allCases, [1, 70_000])
  func `whoever is sent something is not idle, nor whoever has just come`(
    _ backend: SimulatedWorld.Backend, _ size: Int
  ) throws {
    for seed in 0..<4 as Range<UInt64> {
      try simulate(seed: seed) { world in
        world.backend = backend
        world.age = .seconds(3600)
        world.options.idleTimeout = .milliseconds(120)
        world.serve { Speaking(size: size) }
        world.clients(3) { client in
          client.expect([UInt8](repeating: 7, count: 20 * size))
        }
      }
    }
  }

  /// Notes how late its timers go off.
  private struct Punctual: Session {
    let delay: Duration
    let seen: Seen
    private var due: Instant?
    private var left = 10

    init(delay: Duration, seen: Seen) { (self.delay, self.seen) = (delay, seen) }
    mutating func opened(_ connection: inout Connection) { begin(&connection) }
    mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
    mutating func elapsed(_ connection: inout Connection) {
      if let due { seen.late.append(connection.now.since(due)) }
      left -= 1
      if left > 0 { begin(&connection) } else { connection.close() }
    }
    private mutating func begin(_ connection: inout Connection) {
      due = connection.now + delay
      connection.setTimer(after: delay)
    }
  }

  /// Of a wheel with ticks of a millisecond, seen by a loop that counts in such ticks.
  @Test(arguments: SimulatedWorld.Backend.allCases, [0, 3, 40] as [Int64])
  func `timers come less than two ticks late where nothing holds them up`(
    _ backend: SimulatedWorld.Backend, _ delay: Int64
  ) throws {
    let seen = Seen()
    for seed in 0..<10 as Range<UInt64> {
      try simulate(seed: seed) { world in
        world.backend = backend
        world.serve { Punctual(delay: .milliseconds(delay), seen: seen) }
        world.clients(1) { client in client.wait(.seconds(2)) }
      }
    }
    #expect(seen.late.count == 100)
    // A poller waits for whole milliseconds; and a turn takes a moment.
    let whole: Duration = backend == .ioUring ? .zero : .milliseconds(1)
    #expect((seen.late.max() ?? .zero) < .microseconds(2100) + whole)
  }
}
