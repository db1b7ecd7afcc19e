import Glibc
import Switchboard
import SwitchboardArticle
import SwitchboardLoad
import Synchronization
import TestSupport
import Testing

/// The root of the suite. Its tests run one after the other: each has a server and a generator.
@Suite("The load generator", .serialized, .timeLimit(.minutes(15)))
struct LoadGenerator {}

/// Counts, as a server does, the requests that come.
final class RequestCount: Sendable {
  private let value = Atomic<Int>(0)
  var total: Int { value.load(ordering: .relaxed) }
  func add(_ count: Int) { value.add(count, ordering: .relaxed) }
}

/// The frames protocol, with a count of the frames that were finished.
struct CountedFrames: Session {
  var inner = FramesSession()
  let count: RequestCount

  mutating func opened(_ connection: inout Connection) { inner.opened(&connection) }
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    var ends = 0
    for index in bytes.indices where bytes[index] == 0x24 { ends += 1 }
    count.add(ends)
    inner.received(bytes, &connection)
  }
}

/// A short run against a server, and a longer one as long as the machine was too busy to make a
/// single request in it.
func load(
  _ port: UInt16, _ change: (inout LoadOptions) -> Void = { _ in }
) throws -> LoadResult {
  var options = LoadOptions(on: [.loopback(port: port)])
  options.connections = 8
  options.warmUp = .milliseconds(50)
  options.duration = .milliseconds(300)
  options.timeout = .seconds(longestWait)
  change(&options)
  while true {
    let result = try LoadRun(options).run()
    let isEmpty = result.allRequests == 0 && result.failures == LoadFailures()
    if !isEmpty || options.duration > .seconds(longestWait) { return result }
    options.duration = options.duration * 5
  }
}

extension LoadGenerator {
  /// What a load may be like, for each backend.
  enum Manner: String, CaseIterable, Sendable {
    case closed, atRate, makingConnections, makingConnectionsAtRate, large, thinking

    func set(_ options: inout LoadOptions) {
      switch self {
      case .closed: options.pipeline = 3
      case .atRate: options.rates = [3000]
      case .makingConnections: options.churn = 2
      case .makingConnectionsAtRate: (options.churn, options.rates) = (1, [300])
      case .large: options.size = .fixed(300_000)
      case .thinking: options.thinkTime = .milliseconds(1)
      }
    }
  }

  @Test(arguments: backends, Manner.allCases)
  func `On each backend it counts exactly the requests that the server counts`(
    backend: Server.BackendName, manner: Manner
  ) throws {
    let count = RequestCount()
    try serving(CountedFrames(count: count)) { port, _ in
      let result = try load(port) {
        $0.backend = backend
        $0.threads = 2
        $0.idle = 3
        manner.set(&$0)
      }
      #expect(result.failures == LoadFailures())
      #expect(result.requests > 0)
      #expect(result.allRequests == count.total)
      #expect(result.latency.count == result.window.due)
      #expect(result.connected == 11)
    }
  }

  @Test(arguments: [1, 2], [1, 5])
  func `It counts exactly the requests that the server counts`(threads: Int, pipeline: Int) throws {
    let count = RequestCount()
    try serving(CountedFrames(count: count)) { port, _ in
      let result = try load(port) {
        $0.threads = threads
        $0.pipeline = pipeline
      }
      #expect(result.failures == LoadFailures())
      #expect(result.requests > 0)
      #expect(result.all.unanswered == 0)
      #expect(result.allRequests >= result.requests)
      #expect(result.allRequests == count.total)
      #expect(result.latency.count == result.window.due)
      #expect(result.threads.count == threads)
    }
  }

  @Test func `A number of requests ends a run, and not one more is made`() throws {
    let count = RequestCount()
    try serving(CountedFrames(count: count)) { port, _ in
      let result = try load(port) {
        $0.requests = 1001
        $0.threads = 2
        $0.pipeline = 3
        $0.warmUp = .zero
        $0.duration = .seconds(60)
      }
      #expect(result.requests == 1001)
      #expect(count.total == 1001)
    }
  }

  @Test(arguments: ["1", "1..5000", "exp:700", "100k"])
  func `Payloads of any size are checked`(size: String) throws {
    for speaking in [LoadProtocol.frames, .echo] {
      try serving(AnySession(speaking)) { port, _ in
        let result = try load(port) {
          $0.speaking = speaking
          $0.size = PayloadSize(size) ?? .fixed(0)
          $0.pipeline = 3
        }
        #expect(result.failures == LoadFailures())
        #expect(result.requests > 0)
      }
    }
  }

  @Test func `Lines are answered by lines`() throws {
    let services = LineServices()
    defer { services.close() }
    try serving(LineSession(services)) { port, _ in
      let result = try load(port) {
        $0.speaking = .line
        $0.size = .uniform(1...1000)
        $0.pipeline = 4
      }
      #expect(result.failures == LoadFailures())
      #expect(result.requests > 0)
    }
  }
}

/// Frames or echo, by name.
struct AnySession: Session {
  private var frames: FramesSession?
  private var echo = EchoSession()

  init(_ speaking: LoadProtocol) { frames = speaking == .frames ? FramesSession() : nil }

  mutating func opened(_ connection: inout Connection) { frames?.opened(&connection) }
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    if frames != nil {
      frames?.received(bytes, &connection)
    } else {
      echo.received(bytes, &connection)
    }
  }
}
