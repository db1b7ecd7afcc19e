import Switchboard
import SwitchboardLab
import Testing

/// A loop's care through the whole life of its clock, and beside peers that ask for too much.
@Suite struct LoopCareTests {
  /// Echoes; its timer is set anew each time it goes off.
  private struct Restless: Session {
    let delay: Duration
    mutating func opened(_ connection: inout Connection) { connection.setTimer(after: delay) }
    mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
      connection.write(bytes)
    }
    mutating func elapsed(_ connection: inout Connection) { connection.setTimer(after: delay) }
  }

  /// On a clock that stands still for a millisecond at a time a loop's time is a whole number of ticks,
  /// and a timer of no length was due again as soon as it was set: for ever, in one turn.
  @Test(arguments: SimulatedWorld.Backend.allCases, [Duration.zero, .seconds(-1)])
  func `a timer set anew without a delay held up all others`(
    _ backend: SimulatedWorld.Backend, _ delay: Duration
  ) throws {
    for seed in 0..<24 as Range<UInt64> {
      try simulate(seed: seed) { world in
        world.backend = backend
        world.hasCoarseClock = true
        world.serve { Restless(delay: delay) }
        world.replies { $0 }
        world.clients(5) { client in
          for _ in 0..<4 {
            client.send("hello")
            client.awaitReplies()
            client.wait(.milliseconds(3))
          }
        }
      }
    }
  }

  /// The moments at which 32 bits of milliseconds come to their middle or their end.
  private static let wraps: [Int64] = [1 << 31, 1 << 32, 3 << 31, 1 << 33]

  /// A deadline that came to tick 0 was taken for none: the connection stayed for ever.
  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `a peer had all the time it liked where lingering ended at tick 0`(
    _ backend: SimulatedWorld.Backend
  ) throws {
    for early in 0..<40 as Range<Int64> {
      for wrap in [1 << 32, 1 << 33] as [Int64] {
        try simulate(seed: 3) { world in
          world.backend = backend
          // One tick of all these is the one from which lingering lasts to tick 0.
          world.age = .milliseconds(wrap - 2000 - early)
          SimulatedWorkload.line.serve(in: world)
          // Every fourth client keeps its end open.
          world.client(4) { client in
            client.connect(after: .zero)
            client.send("QUIT\n")
          }
        }
      }
    }
  }

  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `timers and idle deadlines keep their time through the wraps of the clock`(
    _ backend: SimulatedWorld.Backend
  ) throws {
    for wrap in Self.wraps {
      for early in [0, 1, 2, 5, 11, 29, 30, 31] as [Int64] {
        let report = try simulate(seed: UInt64(early)) { world in
          world.backend = backend
          world.age = .milliseconds(wrap - early)
          world.options.idleTimeout = .milliseconds(30)
          SimulatedWorkload.line.serve(in: world)
          world.client(1) { client in
            for length in [0, 1, 7, 20] {
              client.send("SLEEP \(length)\n")
              client.awaitReplies()
            }
          }
          // Nothing comes from it: the server must be the one that ends it.
          world.client(2) { client in client.wait(.seconds(3000)) }
        }
        #expect(report.nanoseconds < 3_000_000_000)
      }
    }
  }

  /// The kernel had taken everything, and what it sent on as the peer read was seen by nobody.
  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `a peer that read slowly and steadily was closed as idle`(
    _ backend: SimulatedWorld.Backend
  ) throws {
    for seed in 0..<10 as Range<UInt64> {
      let report = try simulate(seed: seed) { world in
        world.backend = backend
        world.options.idleTimeout = .seconds(3)
        SimulatedWorkload.probe.serve(in: world)
        world.clients(8) { client in
          client.readSlowly(500, every: .milliseconds(10))
          client.send([UInt8(ascii: "b"), 78, 32])
          client.awaitReplies()
        }
      }
      #expect(report.bytes == 8 * 16 * (78 << 8 | 32))
    }
  }

  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `bytes behind urgent ones lay unread`(_ backend: SimulatedWorld.Backend) throws {
    for seed in 0..<20 as Range<UInt64> {
      try simulate(seed: seed) { world in
        world.backend = backend
        SimulatedWorkload.echo.serve(in: world)
        world.clients(8) { client in
          for _ in 0..<6 {
            client.send("before")
            client.sendUrgent(UInt8(ascii: "!"))
            client.send("behind")
            client.awaitReplies()
          }
          client.finish()
        }
      }
    }
  }

  /// One that sends as fast as it can was told of by epoll and stood in the list of those to be received
  /// from, and had another place in that for each.
  @Test func `a peer faster than its server was received from many times in a turn`() throws {
    for seed in 0..<12 as Range<UInt64> {
      let faults = Faults.none.with(.stall, at: 0.5)
      try simulate(seed: seed, faults: faults) { world in
        world.backend = .epoll
        world.faultPhase = .seconds(60)
        world.options.highWatermark = 4 << 20
        SimulatedWorkload.echo.serve(in: world)
        world.clients(8) { client in
          for _ in 0..<20 { client.send([UInt8](repeating: 7, count: 100_000)) }
        }
      }
    }
  }
}
