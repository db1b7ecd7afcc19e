import Switchboard
import SwitchboardLab
import Testing

/// Says nothing, and does not finish when it is asked to.
private struct Stubborn: Session {
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
  mutating func draining(_ connection: inout Connection) {}
}

/// What a loop does only in some circumstances happens in simulations, and ends as it must.
@Suite struct BranchTests {
  /// More seeds than are needed, by far.
  private static let most = 6000

  @Test func `some seeds together reach every branch of care`() throws {
    var reached = BranchCounts()
    for seed in 0..<UInt64(Self.most) where !reached.unreached.isEmpty {
      let every = SimulatedWorkload.allCases
      let workload = every[Int(seed % UInt64(every.count))]
      reached.add(try simulate(seed: seed, faults: .harsh) { workload.describe($0) }.branches)
    }
    #expect(reached.unreached == [])
  }

  @Test func `a plain world leaves branches out, which is told`() throws {
    let report = try simulate(seed: 1) { world in
      SimulatedWorkload.echo.serve(in: world)
      world.client(1) { $0.send("hello") }
    }
    #expect(report.branches[.peerFinished] == 1)
    #expect(report.branches.unreached.contains(.idle))
  }

  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `a peer that vanishes is closed as idle`(_ backend: SimulatedWorld.Backend) throws {
    let report = try simulate(seed: 2) { world in
      world.backend = backend
      world.options.idleTimeout = .milliseconds(200)
      SimulatedWorkload.echo.serve(in: world)
      world.client(1) { client in
        client.send("hello")
        client.awaitReplies()
        client.vanish()
      }
      world.client(2) { $0.wait(.seconds(1)) }
    }
    #expect(report.branches[.idle] >= 1)
  }

  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `a peer that never reads is cut off when draining has lasted long enough`(
    _ backend: SimulatedWorld.Backend
  ) throws {
    let report = try simulate(seed: 3) { world in
      world.backend = backend
      world.options.drainTimeout = .milliseconds(300)
      SimulatedWorkload.echo.serve(in: world)
      world.client(1) { client in
        client.stopReading()
        client.send([UInt8](repeating: 7, count: 1 << 20))
      }
    }
    #expect(report.branches[.drainTimeout] == 1)
    #expect(report.branches[.cutOff] == 1)
  }

  /// The turn in which it was asked for had begun long before.
  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `the drain timeout begins when draining is asked for`(_ backend: SimulatedWorld.Backend)
    throws
  {
    let report = try simulate(seed: 5) { world in
      world.backend = backend
      world.options.drainTimeout = .seconds(1)
      world.costs.callback = .milliseconds(60)
      world.drain = .milliseconds(250)
      world.serve { Stubborn() }
      world.clients(6) { client in
        client.connect(after: .zero)
        client.wait(.seconds(5))
      }
    }
    #expect(report.branches[.drainTimeout] == 6)
  }

  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `a server that is told to end does so at once`(_ backend: SimulatedWorld.Backend) throws {
    let report = try simulate(seed: 4) { world in
      world.backend = backend
      world.stop = .milliseconds(30)
      SimulatedWorkload.echo.serve(in: world)
      world.clients(3) { $0.wait(.seconds(60)) }
    }
    #expect(report.branches[.stopped] == 3)
  }

  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `other threads take descriptors, wake the loop and give it jobs at any moment`(
    _ backend: SimulatedWorld.Backend
  ) throws {
    for seed in 0..<10 as Range<UInt64> {
      try simulate(seed: seed, faults: .mild) { world in
        SimulatedWorkload.probe.describe(world, .plain)
        world.backend = backend
        world.machine.hasOtherThreads = true
      }
    }
  }

  /// The queue holds one more than the backlog, and a client is connected before the server knows.
  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `handshakes in two steps change nothing for clients`(_ backend: SimulatedWorld.Backend)
    throws
  {
    for seed in 0..<6 as Range<UInt64> {
      try simulate(seed: seed, faults: .mild) { world in
        SimulatedWorkload.frames.describe(world, .plain)
        world.backend = backend
        world.backlog = 1
        world.machine.handshakes = true
      }
    }
  }

  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `a process that was stopped for seconds goes on where it was`(
    _ backend: SimulatedWorld.Backend
  ) throws {
    for seed in 0..<10 as Range<UInt64> {
      try simulate(seed: seed, faults: .none.with(.frozen, at: 0.01)) { world in
        SimulatedWorkload.probe.describe(world, .plain)
        world.backend = backend
        world.options.idleTimeout = .milliseconds(500)
      }
    }
  }

  /// Shortly before its clock of 32 bits comes to its middle, its end, or its end for the second time.
  @Test(arguments: [31, 32, 33] as [Int64])
  func `a loop may have run for any time when the simulation begins`(_ bit: Int64) throws {
    for seed in 0..<4 as Range<UInt64> {
      try simulate(seed: seed, faults: .mild) { world in
        SimulatedWorkload.probe.describe(world, .plain)
        world.age = .milliseconds(1 << bit) - .milliseconds(200)
      }
    }
  }
}
