import Switchboard
import SwitchboardArticle
import SwitchboardLoad
import TestSupport
import Testing

/// Echoes, and counts who comes and who goes.
private struct Visited: Session {
  let opened: RequestCount
  let closed: RequestCount

  mutating func opened(_ connection: inout Connection) { opened.add(1) }
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    connection.write(bytes)
  }
  mutating func closed(_ reason: CloseReason) { closed.add(1) }
}

extension LoadGenerator {
  /// Threads, connections and idle connections that do not divide evenly.
  static let divisions = [
    (threads: 4, connections: 2, idle: 0), (threads: 2, connections: 1, idle: 0),
    (threads: 3, connections: 1, idle: 7), (threads: 4, connections: 8, idle: 1),
    (threads: 7, connections: 5, idle: 3),
  ]

  @Test(arguments: divisions, [1, 3, 1000])
  func `Every division into threads makes all requests`(
    division: (threads: Int, connections: Int, idle: Int), requests: Int
  ) throws {
    let count = RequestCount()
    try serving(CountedFrames(count: count)) { port, _ in
      let result = try load(port) {
        $0.threads = division.threads
        $0.connections = division.connections
        $0.idle = division.idle
        $0.requests = requests
        $0.warmUp = .zero
        $0.duration = .seconds(86400)
      }
      #expect(result.requests == requests)
      #expect(count.total == requests)
      #expect(result.isFlawless)
    }
  }

  @Test(arguments: divisions)
  func `Every division into threads makes the whole rate`(
    division: (threads: Int, connections: Int, idle: Int)
  ) throws {
    try serving(EchoSession()) { port, _ in
      let result = try load(port) {
        $0.speaking = .echo
        $0.threads = division.threads
        $0.connections = division.connections
        $0.idle = division.idle
        $0.rates = [500]
        $0.warmUp = .zero
        $0.duration = .milliseconds(400)
      }
      // All that was due was sent, or counts as missed: on a busy machine.
      #expect(result.requests + result.window.unsent == 200)
      #expect(result.failures == LoadFailures())
    }
  }

  @Test func `Idle connections stand until the last thread has measured`() throws {
    let (opened, closed) = (RequestCount(), RequestCount())
    try serving(Visited(opened: opened, closed: closed)) { port, _ in
      var options = LoadOptions(on: [.loopback(port: port)])
      options.speaking = .echo
      options.connections = 1
      options.idle = 20
      options.threads = 3
      options.requests = 500
      options.warmUp = .zero
      options.duration = .seconds(86400)
      var gone = -1
      let result = try LoadRun(options).run(whenMeasured: {
        #expect(eventually { opened.total == 21 })
        gone = closed.total
      })
      #expect(gone == 0)
      #expect(result.requests == 500)
      #expect(eventually { closed.total == 21 })
    }
  }

  @Test(arguments: [(1, 1), (2, 1), (3, 8), (8, 3), (5, 17), (64, 64)])
  func `The parts of several processes are the whole load`(count: Int, connections: Int) {
    for (idle, requests) in [(0, 1), (9, 1000), (64, 7)] {
      var options = LoadOptions(on: (1...3).map { .loopback(port: $0) })
      options.connections = connections
      options.idle = idle
      options.requests = requests
      let parts = (0..<count).map { options.part($0, of: count) }
      #expect(parts.reduce(0) { $0 + $1.connections } == connections)
      #expect(parts.reduce(0) { $0 + $1.idle } == idle)
      #expect(parts.reduce(0) { $0 + ($1.requests ?? 0) } == requests)
      #expect(parts.allSatisfy { $0.connections > 0 || $0.requests == 0 })
      #expect(parts.allSatisfy { $0.connections + $0.idle < 1 || $0.mistake == nil })
      (options.requests, options.rates) = (nil, [900, 1800])
      let paced = (0..<count).map { options.part($0, of: count) }
      #expect(paced.allSatisfy { $0.connections > 0 || !$0.isOpenLoop })
      for step in 0..<2 {
        let sum = paced.reduce(0) { $0 + ($1.isOpenLoop ? $1.rates[step] : 0) }
        #expect(abs(sum - options.rates[step]) < 1e-6)
      }
    }
  }

  @Test func `The first address that answers is taken`() throws {
    let listener = try Listener(on: .loopback(port: 0), system: Linux())
    let open = listener.address
    let other = try Listener(on: .loopback(port: 0), system: Linux())
    let closed = other.address
    _ = consume other
    #expect(firstReachable([closed, open]) == open)
    #expect(firstReachable([open, closed]) == open)
    #expect(firstReachable([closed, closed, open]) == open)
    #expect(firstReachable([closed]) == closed)
    _ = consume listener
  }
}
