import Glibc
import Switchboard
import SwitchboardArticle
import SwitchboardLoad
import Synchronization
import TestSupport
import Testing

/// Stops the whole server once, at its two-hundredth request.
private struct Stalling: Session {
  let count: RequestCount

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    let before = count.total
    count.add(1)
    if before == 200 { usleep(300_000) }
    connection.write(bytes)
  }
}

/// Answers wrongly, or closes, after some replies.
private struct Faulty: Session {
  enum Fault { case wrong, surplus, closes, silent }
  let fault: Fault
  let count: RequestCount
  let enough: @Sendable () -> Void
  private var replies = 0

  /// - Parameter enough: Called when forty requests have come, over all connections.
  init(_ fault: Fault, _ count: RequestCount, enough: @escaping @Sendable () -> Void) {
    (self.fault, self.count, self.enough) = (fault, count, enough)
  }

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    replies += 1
    count.add(1)
    if count.total == 40 { enough() }
    guard replies > 5 else { return connection.write(bytes) }
    switch fault {
    case .wrong: for index in bytes.indices { connection.write(bytes[index] &+ 1) }
    case .surplus:
      connection.write(bytes)
      connection.write(0)
    case .closes: connection.close()
    case .silent: break
    }
  }
}

/// A run that others can stop.
final class RunToStop: Sendable {
  private let current = Mutex<LoadRun?>(nil)

  func run(_ options: LoadOptions) throws -> LoadResult {
    let run = LoadRun(options)
    current.withLock { $0 = run }
    return try run.run()
  }
  func stop() { current.withLock { $0 }?.stop() }
}

/// Notes where peers come from.
private struct Noting: Session {
  let peers: Peers

  final class Peers: Sendable {
    private let hosts = Mutex<[String]>([])
    func add(_ host: String) { hosts.withLock { $0.append(host) } }
    var all: [String] { hosts.withLock { $0 } }
  }

  mutating func opened(_ connection: inout Connection) {
    peers.add(connection.peerAddress?.host ?? "")
  }
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    connection.write(bytes)
  }
}

extension LoadGenerator {
  @Test
  func `A stall shows in what counts from the due moment, and hardly in what counts from the send`()
    throws
  {
    try serving(Stalling(count: RequestCount())) { port, _ in
      let result = try load(port) {
        $0.speaking = .echo
        $0.connections = 2
        $0.rates = [1000]
        $0.warmUp = .zero
        $0.duration = .seconds(1)
      }
      #expect(result.failures == LoadFailures())
      #expect(result.requests + result.window.unsent == 1000)
      #expect(result.latency.count == 1000)
      let long = { (latency: LatencyHistogram) in
        latency.entries.reduce(0) { $0 + ($1.nanoseconds >= 150_000_000 ? $1.count : 0) }
      }
      // Those due in the first half of the stall cannot be answered before it is over.
      #expect(long(result.latency) >= 149)
      #expect(long(result.uncorrected) < long(result.latency))
    }
  }

  @Test func `Those that think are spread, and do not come together`() throws {
    struct Crowd: Session {
      static let inside = Atomic<Int>(0)
      static let most = Atomic<Int>(0)
      private var owed: [UInt8] = []
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        let now = Crowd.inside.add(1, ordering: .relaxed).newValue
        _ = Crowd.most.max(now, ordering: .relaxed)
        for index in bytes.indices { owed.append(bytes[index]) }
        connection.setTimer(after: .milliseconds(5))
      }
      mutating func elapsed(_ connection: inout Connection) {
        Crowd.inside.add(-1, ordering: .relaxed)
        connection.write(owed.span)
        owed = []
      }
    }
    try serving(Crowd()) { port, _ in
      let result = try load(port) {
        $0.speaking = .echo
        $0.connections = 200
        $0.thinkTime = .seconds(2)
        $0.duration = .seconds(1)
      }
      #expect(result.failures == LoadFailures())
      // Each is inside for a four-hundredth of its time; together they would all be.
      #expect(Crowd.most.load(ordering: .relaxed) < 100)
    }
  }

  @Test func `Steps are told apart`() throws {
    try serving(EchoSession()) { port, _ in
      let result = try load(port) {
        $0.speaking = .echo
        $0.rates = [500, 1500]
        $0.burst = 5
        $0.ramp = .milliseconds(100)
        $0.duration = .milliseconds(400)
        $0.threads = 2
      }
      #expect(result.steps.map(\.asked) == [500, 1500])
      #expect(result.steps.reduce(0) { $0 + $1.tally.answered } == result.requests)
      #expect(result.requests + result.window.unsent == 400)
    }
  }

  @Test(arguments: [1, 3])
  func `Churn makes a connection for so many requests`(churn: Int) throws {
    let (count, peers) = (RequestCount(), Noting.Peers())
    try serving(Noting(peers: peers)) { port, _ in
      for rates in [[], [400.0]] {
        let before = peers.all.count
        let result = try load(port) {
          $0.speaking = .echo
          $0.churn = churn
          $0.rates = rates
        }
        #expect(result.failures == LoadFailures())
        #expect(result.requests > 0)
        #expect(result.connectionsMade >= result.allRequests / churn)
        // Some may still be in the server's queue.
        #expect(eventually { result.connectionsMade <= peers.all.count - before })
      }
    }
    #expect(count.total == 0)
    #expect(Set(peers.all).count > 1)
  }

  @Test func `Idle connections are held beside the others, from the addresses that were named`()
    throws
  {
    let peers = Noting.Peers()
    try serving(Noting(peers: peers)) { port, _ in
      var held = 0
      var options = LoadOptions(on: [.loopback(port: port)])
      options.speaking = .echo
      options.connections = 4
      options.idle = 200
      options.threads = 2
      options.sources = try ["127.0.0.7", "127.0.0.8"].flatMap {
        try SocketAddress.resolve($0, port: 0)
      }
      options.warmUp = .zero
      options.duration = .milliseconds(100)
      let result = try LoadRun(options).run(whenConnected: { held = peers.all.count })
      #expect(result.connected == 204)
      #expect(held <= 204)
      #expect(Set(peers.all) == ["127.0.0.7", "127.0.0.8"])
      #expect(result.requests > 0)
      #expect(result.failures == LoadFailures())
    }
  }

  @Test func `Who thinks asks less`() throws {
    try serving(EchoSession()) { port, _ in
      let result = try load(port) {
        $0.speaking = .echo
        $0.thinkTime = .milliseconds(100)
        $0.warmUp = .zero
      }
      // A first one, and one after each thought.
      #expect((8...8 * 4).contains(result.allRequests))
    }
  }

  @Test func `Connections join in one after the other`() throws {
    try serving(EchoSession()) { port, _ in
      let result = try load(port) {
        $0.speaking = .echo
        $0.ramp = .milliseconds(200)
      }
      #expect(result.failures == LoadFailures())
      #expect(result.requests > 0)
      #expect(result.series.first?.isMeasured == false)
      #expect(result.series.first.map { $0.start < -0.2 } == true)
    }
  }

  @Test func `Each wrong is named`() throws {
    let cases: [(Faulty.Fault, LoadFailure)] = [
      (.wrong, .wrongReply), (.surplus, .surplus), (.closes, .closed), (.silent, .replyTimeout),
    ]
    for (fault, kind) in cases {
      let (count, run) = (RequestCount(), RunToStop())
      try serving(Faulty(fault, count, enough: run.stop)) { port, _ in
        var options = LoadOptions(on: [.loopback(port: port)])
        options.speaking = .echo
        options.connections = 2
        options.warmUp = .zero
        options.duration = .seconds(longestWait)
        // Whoever is not silent has all the time that a busy machine takes.
        options.timeout = fault == .silent ? .milliseconds(300) : .seconds(longestWait)
        let result = try run.run(options)
        #expect(result.failures[kind] > 0)
        #expect(result.failures.own == 0)
        #expect(result.failures.examples[kind.rawValue]?.isEmpty == false)
        // It made new connections, and went on.
        #expect(result.allRequests > 10)
        #expect(!result.isFlawless)
      }
    }
  }

  @Test func `Where nobody listens, the run does not begin`() throws {
    let listener = try Listener(on: .loopback(port: 0), system: Linux())
    let address = listener.address
    _ = consume listener
    let error = #expect(throws: LoadError.self) {
      try LoadRun(LoadOptions(on: [address])).run()
    }
    #expect(error?.description.contains("connection refused") == true)
  }

  @Test(arguments: [nil, 3])
  func `So many requests are exactly so many, behind a warm-up too`(churn: Int?) throws {
    try serving(EchoSession()) { port, _ in
      var options = LoadOptions(on: [.loopback(port: port)])
      options.speaking = .echo
      (options.connections, options.pipeline, options.threads) = (64, 3, 2)
      (options.requests, options.churn) = (1001, churn)
      options.warmUp = .milliseconds(50)
      let result = try LoadRun(options).run()
      #expect(result.window.due == 1001 && result.requests == 1001)
      #expect(result.all.due > 1001 && result.isFlawless)
    }
  }

  @Test func `Where nobody greets, the run does not begin, and says what was awaited`() throws {
    try serving(EchoSession()) { port, _ in
      var options = LoadOptions(on: [.loopback(port: port)])
      options.timeout = .milliseconds(100)
      let error = #expect(throws: LoadError.self) { try LoadRun(options).run() }
      #expect(
        error?.description.contains("no greeting, or a wrong one (none within 100 ms); check")
          == true)
    }
  }

  @Test func `A run can be ended early, with what was measured until then`() throws {
    try serving(EchoSession()) { port, _ in
      var options = LoadOptions(on: [.loopback(port: port)])
      options.speaking = .echo
      options.warmUp = .zero
      options.duration = .seconds(3600)
      let run = LoadRun(options)
      let result = try run.run(progress: { if case .second = $0 { run.stop() } })
      #expect(result.requests > 0)
      #expect(result.seconds < 60)
      #expect(result.all.unanswered == 0)
    }
  }

  @Test func `Two servers share the connections`() throws {
    let counts = [RequestCount(), RequestCount()]
    try serving(CountedFrames(count: counts[0])) { first, _ in
      try serving(CountedFrames(count: counts[1])) { second, _ in
        var options = LoadOptions(on: [.loopback(port: first), .loopback(port: second)])
        options.connections = 6
        options.warmUp = .zero
        options.duration = .milliseconds(200)
        let result = try LoadRun(options).run()
        #expect(result.failures == LoadFailures())
        #expect(counts.allSatisfy { $0.total > 0 })
        #expect(result.allRequests == counts[0].total + counts[1].total)
      }
    }
  }

  @Test(
    arguments: [
      { $0.targets = [] }, { $0.connections = 0 }, { $0.pipeline = 5000 }, { $0.threads = 0 },
      { $0.rates = [0] }, { ($0.rates, $0.requests) = ([10], 5) }, { $0.duration = .zero },
      { ($0.rates, $0.thinkTime) = ([10], .seconds(1)) }, { $0.churn = 0 },
      { ($0.speaking, $0.size) = (.line, .fixed(4000)) },
    ] as [@Sendable (inout LoadOptions) -> Void])
  func `Options that contradict each other are refused`(
    change: @Sendable (inout LoadOptions) -> Void
  ) throws {
    var options = LoadOptions(on: [.loopback(port: 9)])
    change(&options)
    #expect(options.mistake != nil)
    #expect(throws: LoadError.self) { try LoadRun(options).run() }
  }
}
