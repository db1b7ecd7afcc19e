import Switchboard
import SwitchboardLab
import Testing

/// Worlds with more listeners, machines, clients and bytes than a server would like.
@Suite struct WideWorldTests {
  private let everywhere: [SocketAddress] = [
    .loopback(port: 9090), .loopback(.v6, port: 9090), .loopback(port: 9091),
  ]

  @Test(arguments: [SimulatedWorld.Backend.select, .poll, .epoll])
  func `clients of every listener are served`(_ backend: SimulatedWorld.Backend) throws {
    for seed in 0..<8 as Range<UInt64> {
      try simulate(seed: seed, faults: .mild) { world in
        world.backend = backend
        world.addresses = everywhere
        world.options.maxConnections = 3
        SimulatedWorkload.echo.serve(in: world)
        world.clients(15) { client in
          client.connect(to: client.number)
          client.send("who is there")
          client.awaitReplies()
        }
      }
    }
  }

  @Test func `a client to an address where nobody listens is not served`() {
    let failure = #expect(throws: SimulationFailure.self) {
      try simulate(seed: 1) { world in
        world.addresses = [.loopback(.v6, port: 9090)]
        SimulatedWorkload.echo.serve(in: world)
        world.client(1) { $0.send("hello") }
        world.addresses = []
      }
    }
    guard case .broke(1, _) = failure?.violation else {
      Issue.record("found as \(String(describing: failure?.violation))")
      return
    }
  }

  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `no address has more connections than it may, and who is turned away is told of`(
    _ backend: SimulatedWorld.Backend
  ) throws {
    for seed in 0..<8 as Range<UInt64> {
      try simulate(seed: seed, faults: .mild) { world in
        world.backend = backend
        world.options.maxConnectionsPerAddress = 2
        SimulatedWorkload.frames.serve(in: world)
        world.clients(24) { client in
          client.connect(from: client.number % 3)
          client.send("^abc$")
          client.awaitReplies()
          client.wait(.milliseconds(client.random.below(30)))
        }
      }
    }
  }

  /// The same bytes from one machine and from another are not the same client.
  @Test func `each session is told of its own client's address`() throws {
    var lines: [String] = []
    let trace: (String) -> Void = { lines.append($0) }
    try simulate(seed: 3, trace: trace) { world in
      world.backend = .epoll
      world.options.maxConnectionsPerAddress = 1
      SimulatedWorkload.echo.serve(in: world)
      world.clients(6) { client in
        client.connect(from: client.number % 2)
        client.connect(after: .zero)
        client.send("hello")
        client.wait(.milliseconds(20))
      }
    }
    #expect(lines.contains { $0.contains("127.0.0.1") })
    #expect(lines.contains { $0.contains("127.0.0.2") })
  }

  /// A wait told of the listeners in the order in which they had been added: with one place, and one
  /// event at a time, the first had it each time.
  @Test func `with one place, and one event at a time, every listener has its turn`() throws {
    try simulate(seed: 1, faults: .none.with(.partialBatch, at: 1)) { world in
      world.backend = .epoll
      world.addresses = everywhere
      world.options.maxConnections = 1
      SimulatedWorkload.echo.serve(in: world)
      world.clients(60) { client in
        client.connect(after: .zero)
        client.connect(to: client.number)
        client.send("who is there")
        client.awaitReplies()
      }
    }
  }

  /// A ring is entered within a turn, too, for each address that is asked for.
  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `a turn that accepts many lasts as long as it does, and timers come after it`(
    _ backend: SimulatedWorld.Backend
  ) throws {
    try simulate(seed: 1) { world in
      world.backend = backend
      world.options.maxConnectionsPerAddress = 100
      world.costs.call = .microseconds(500)
      SimulatedWorkload.probe.serve(in: world)
      world.client(1) { client in
        client.connect(after: .zero)
        client.wait(.milliseconds(5))
        for _ in 0..<20 { client.send([UInt8(ascii: "t"), 1]) }
        client.awaitReplies()
      }
      world.clients(64) { client in
        client.connect(after: .milliseconds(10))
        client.send("p")
        client.awaitReplies()
      }
    }
  }

  @Test(arguments: SimulatedWorkload.allCases)
  func `the served protocols hold in wide worlds`(_ workload: SimulatedWorkload) throws {
    for seed in 1000..<1020 as Range<UInt64> {
      try simulate(seed: seed, faults: .harsh) { workload.describe($0, .wide) }
    }
  }

  @Test func `a server that costs more than its clients serves them all the same`() throws {
    for seed in 0..<4 as Range<UInt64> {
      try simulate(seed: seed) { world in
        world.backend = [.select, .poll, .epoll, .ioUring][Int(seed)]
        world.costs.call = .microseconds(2)
        world.costs.callback = .microseconds(20)
        world.costs.kibibyte = .microseconds(1)
        SimulatedWorkload.echo.serve(in: world)
        world.clients(2) { client in
          client.comeNear()
          client.send([UInt8](repeating: UInt8(client.number), count: 1 << 20))
          client.awaitReplies()
        }
        world.clients(4) { client in
          client.send("ping")
          client.awaitReplies()
        }
      }
    }
  }
}
