import Switchboard
import SwitchboardLab
import Testing

/// Scenarios that once failed.
@Suite struct RegressionTests {
  private func crowd(_ world: SimulatedWorld) {
    SimulatedWorkload.frames.serve(in: world)
    world.backend = .epoll
    world.clients(10) { client in
      client.send("^abc$")
      client.awaitReplies()
      client.wait(.milliseconds(30))
    }
  }

  /// The listener was taken out of epoll, could not be added again for want of memory, and nobody
  /// tried once more.
  @Test func `accepting stopped for good when the listener could not be watched again`() throws {
    for seed in 0..<20 as Range<UInt64> {
      try simulate(seed: seed, faults: .none.with(.registrationFailure, at: 0.5)) { world in
        crowd(world)
        world.options.maxConnections = 2
      }
    }
  }

  /// A connection could not be watched, accepting paused, and the next of the same turn could: the
  /// pause was over by name, but nothing was accepted any more, and its deadline ended every wait.
  @Test func `accepting stopped for good when a pause ended in the turn it began in`() throws {
    for seed in 0..<20 as Range<UInt64> {
      try simulate(seed: seed, faults: .none.with(.registrationFailure, at: 0.3)) { world in
        crowd(world)
        world.client(11) { client in
          // Somebody is there all the time.
          client.connect(after: .zero)
          client.wait(.seconds(2))
        }
      }
    }
  }

  /// The completion queue was full, so the answer to one session's question for its peer's address
  /// came late, and the next session took it for its own; or it was there twice, and a descriptor was
  /// closed that was not open.
  @Test(arguments: [1630, 150, 457, 1400] as [UInt64])
  func `a ring told a session of another's address when its queue was full`(_ seed: UInt64) throws {
    try simulate(seed: seed, faults: .harsh) { world in
      SimulatedWorkload.line.describe(world, .plain)
      world.backend = .ioUring
    }
  }

  /// Draining gathers until two turns have brought nothing. On a ring a turn brought nothing, too,
  /// when what it brought was a receive that had to be armed anew, and had not been yet.
  @Test(arguments: [3113, 3209] as [UInt64])
  func `draining left bytes behind whose receive was to be armed anew`(_ seed: UInt64) throws {
    try simulate(seed: seed, faults: .harsh) { world in
      SimulatedWorkload.allCases[Int(seed % 4)].describe(world, .plain)
      world.backend = .ioUring
    }
  }

  /// The same, as the search for the smallest scenario left it.
  @Test func `seed 3209`() throws {
    let faults = [1, 2, 3, 6, 7, 8, 9, 10, 11].map { Fault(.interrupt, on: 5, occasion: $0) }
    try simulate(seed: 3209, faults: .schedule(faults)) { world in
      world.backend = .ioUring
      world.drain = .milliseconds(24)
      SimulatedWorkload.echo.serve(in: world)
      world.client(4) { client in client.connect(after: .microseconds(13200)) }
      world.client(5) { client in
        client.connect(after: .microseconds(8300))
        client.send([UInt8](repeating: 72, count: 19))
        client.wait(.milliseconds(15))
        client.send([UInt8](repeating: 36, count: 36))
      }
    }
  }

  /// Two batches of events told of nothing but room to send, for which nobody waited. They counted as
  /// quiet turns, although bytes that had arrived were next in the kernel's list.
  @Test func `draining left bytes behind whose events came after some that meant nothing`() throws {
    let faults: [Fault] = [
      Fault(.lateWake, on: 0, occasion: 7),
      Fault(.spuriousReadiness, on: 0, occasion: 7),
      Fault(.lateWake, on: 0, occasion: 8),
      Fault(.partialBatch, on: 0, occasion: 10),
      Fault(.lateWake, on: 0, occasion: 10),
      Fault(.partialBatch, on: 0, occasion: 11),
      Fault(.partialBatch, on: 0, occasion: 12),
    ]
    try simulate(seed: 93072, faults: .schedule(faults)) { world in
      world.backend = .epoll
      world.options.idleTimeout = .milliseconds(782)
      world.backlog = 3
      world.drain = .milliseconds(34)
      SimulatedWorkload.frames.serve(in: world)
      for (number, start, sent) in [
        (1, 3900, [94, 56, 9]), (2, 13700, []), (3, 1200, [124]), (4, 5300, []), (5, 200, []),
        (6, 4000, []), (7, 17900, []),
      ] as [(Int, Int, [UInt8])] {
        world.client(number) { client in
          client.connect(after: .microseconds(start))
          client.send(sent)
          if number == 3 { client.wait(.milliseconds(24)) }
        }
      }
    }
  }

  /// A signal ended waits on the ring in which nothing had been looked at, nor submitted: two of them
  /// were two quiet turns, and draining reset clients that waited to be accepted. Linux submits and
  /// looks before a signal can end a wait, so the simulated ring does, too; and the real one goes on
  /// waiting, as pollers do.
  @Test func `draining closed its listener after two waits that a signal had ended`() throws {
    try simulate(seed: 40390, faults: .harsh) { world in
      SimulatedWorkload.allCases[40390 % 4].describe(world, .plain)
      world.backend = .ioUring
    }
  }

  /// The first of these, as the search for the smallest scenario left it.
  @Test func `seed 210`() throws {
    let faults = [
      Fault(.acceptExhaustion, on: 0, occasion: 1), Fault(.registrationFailure, on: 0, occasion: 2),
    ]
    try simulate(seed: 210, faults: .schedule(faults)) { world in
      SimulatedWorkload.line.serve(in: world)
      world.client(10) { client in client.connect(after: .microseconds(2600)) }
    }
  }

  /// The second.
  @Test func `seed 100`() throws {
    let faults = [
      Fault(.registrationFailure, on: 1, occasion: 1),
      Fault(.registrationFailure, on: 8, occasion: 1),
    ]
    try simulate(seed: 100, faults: .schedule(faults)) { world in
      SimulatedWorkload.frames.serve(in: world)
      for (number, start) in [(1, 400), (3, 2600), (7, 11100), (8, 2000)] {
        world.client(number) { client in client.connect(after: .microseconds(start)) }
      }
    }
  }
}
