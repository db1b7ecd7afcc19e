import Switchboard
import SwitchboardLab
import Testing

/// What a ring owes its peers when its buffers, its queues or its kernel's threads run out.
@Suite struct RingWorldTests {
  private func replay(_ seed: UInt64) throws {
    try simulate(seed: seed, faults: .harsh) { world in
      SimulatedWorkload.allCases[Int(seed % 4)].describe(world, .plain)
      world.backend = .ioUring
    }
  }

  /// The question for its peer's address found the completion queue full, and the session was told
  /// that there is none.
  @Test(arguments: [17, 116, 1630, 1400] as [UInt64])
  func `a session was told of no address when the completion queue was full`(_ seed: UInt64) throws
  {
    try replay(seed)
  }

  /// The kernel could create no thread for half-closing and cancelled it; its completion was passed
  /// over, and the peer learnt of the end when the linger timeout closed the connection.
  @Test(arguments: [9, 35, 86, 280] as [UInt64])
  func `the end came late where the kernel could create no thread`(_ seed: UInt64) throws {
    try replay(seed)
  }

  /// The loop asked a turn to go on that had ended, and as many as there are buffers were armed once more.
  @Test func `of those that found no buffer half found none again while the server drained`() throws
  {
    try simulate(seed: 1_008_555, faults: .harsh) { SimulatedWorkload.frames.describe($0) }
  }

  /// What had been held for a connection was thrown away in pieces, a turn for each.
  @Test func `a loop went round and round to throw bytes away`() throws {
    try simulate(seed: 1_763_416, faults: .harsh) { SimulatedWorkload.echo.describe($0) }
  }

  /// Completions that a question had taken out of the full queue came behind those that came later, in
  /// the next turn: what lies where in a buffer goes by the order of its receives.
  @Test(arguments: [363_038, 392_455, 432_304, 460_033, 486_963, 491_013] as [UInt64])
  func `sessions were given each other's bytes`(_ seed: UInt64) throws {
    let every = SimulatedWorkload.allCases
    try simulate(seed: seed, faults: .harsh) { every[Int(seed % UInt64(every.count))].describe($0) }
  }

  /// The same with nothing else going wrong.
  @Test func `each client learns of the end at once, whatever the kernel's threads do`() throws {
    for seed in 0..<40 as Range<UInt64> {
      try simulate(seed: seed) { world in
        world.backend = .ioUring
        SimulatedWorkload.line.serve(in: world)
        world.clients(4) { client in
          client.send("PING\nQUIT\n")
          client.awaitReplies()
          client.wait(.milliseconds(client.random.below(20)))
        }
      }
    }
  }

  /// All buffers went to the one that sends as fast as it can, armed first in turn after turn.
  @Test(arguments: [1, 3])
  func `nobody with bytes waits while others send as fast as they can`(_ flooders: Int) throws {
    for seed in 0..<6 as Range<UInt64> {
      try simulate(seed: seed) { world in
        world.backend = .ioUring
        world.costs.kibibyte = .nanoseconds(1500)
        SimulatedWorkload.echo.serve(in: world)
        world.clients(flooders) { client in
          client.comeNear()
          client.send([UInt8](repeating: 7, count: 3 << 20))
          client.awaitReplies()
        }
        world.clients(6) { client in
          for number in 0..<40 as Range<UInt8> {
            client.send([number])
            client.awaitReplies()
          }
        }
      }
    }
  }

  /// Each of them was armed in each turn, and found no buffer.
  @Test(arguments: [8, 40])
  func `a crowd of large requests costs as many receives as it has bytes`(_ count: Int) throws {
    for seed in 0..<6 as Range<UInt64> {
      try simulate(seed: seed) { world in
        world.backend = .ioUring
        SimulatedWorkload.frames.serve(in: world)
        world.clients(count) { client in
          client.connect(after: .microseconds(client.number))
          client.comeNear()
          client.send(Array("^".utf8) + [UInt8](repeating: 0x61, count: 60_000) + Array("$".utf8))
          client.awaitReplies()
        }
      }
    }
  }

  /// A multishot accept takes whatever comes, and is told to end only with the next call.
  @Test func `a burst behind a multishot accept comes in as there is room, turn by turn`() throws {
    for seed in 0..<60 as Range<UInt64> {
      try simulate(seed: seed, faults: .mild) { world in
        world.backend = .ioUring
        world.backlog = 2 + Int(seed % 3)
        world.options.maxConnections = 3 + Int(seed % 5)
        world.options.acceptBudget = 1 + Int(seed % 4)
        SimulatedWorkload.echo.serve(in: world)
        world.clients(12) { client in
          client.connect(after: .microseconds(client.random.below(300)))
          client.send("here")
          client.awaitReplies()
        }
      }
    }
  }

  @Test func `every listener is served, however few places there are`() throws {
    for seed in 0..<30 as Range<UInt64> {
      for backend in SimulatedWorld.Backend.allCases {
        try simulate(seed: seed, faults: .mild) { world in
          world.backend = backend
          world.addresses = [
            .loopback(port: 9090), .loopback(port: 9091), .loopback(.v6, port: 9090),
          ]
          world.options.maxConnections = 1 + Int(seed % 4)
          SimulatedWorkload.echo.serve(in: world)
          world.clients(15) { client in
            client.connect(to: client.number % (1 + Int(seed % 3)))
            client.send("who is there")
            client.awaitReplies()
          }
        }
      }
    }
  }
}
