import Glibc
import Switchboard
import SwitchboardLoad
import Synchronization
import TestSupport
import Testing

/// Echoes so many requests, all connections together, and then none any more.
private struct Freezing: Session {
  let count: RequestCount
  let most: Int

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    count.add(1)
    if count.total <= most { connection.write(bytes) }
  }
}

/// Ends its server at the two-hundredth request.
private struct Dying: Session {
  let count: RequestCount
  let server: Servers

  final class Servers: Sendable {
    private let handle = Mutex<ServerHandle?>(nil)
    func set(_ handle: ServerHandle) { self.handle.withLock { $0 = handle } }
    func stop() { handle.withLock { $0 }?.stop() }
  }

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    count.add(1)
    if count.total == 200 { server.stop() }
    connection.write(bytes)
  }
}

extension LoadGenerator {
  /// How a run comes to its end, for a server that answers no more.
  enum Ending: String, CaseIterable, Sendable {
    case byTime, atRate, byNumber, early

    func set(_ options: inout LoadOptions) {
      options.timeout = .milliseconds(300)
      options.duration = .milliseconds(200)
      switch self {
      case .byTime: break
      case .atRate: options.rates = [1000]
      case .byNumber: (options.requests, options.duration) = (1_000_000_000, .seconds(86400))
      case .early: (options.timeout, options.duration) = (.seconds(86400), .seconds(86400))
      }
    }
  }

  // So few answers that a window brings them however busy the machine is.
  @Test(arguments: Ending.allCases, [0, 12])
  func `A server that answers no more is an error, however the run ends`(
    _ ending: Ending, answers: Int
  ) throws {
    let count = RequestCount()
    try serving(Freezing(count: count, most: answers)) { port, _ in
      var options = LoadOptions(on: [.loopback(port: port)])
      options.speaking = .echo
      options.connections = 4
      options.warmUp = .zero
      ending.set(&options)
      let run = LoadRun(options)
      let result = try run.run(progress: {
        if ending == .early, case .second = $0 { run.stop() }
      })
      #expect(result.failures.server > 0)
      #expect(result.failures.own == 0)
      #expect(result.failures.kinds.allSatisfy { result.failures.examples[$0.rawValue] != nil })
      #expect(result.all.unanswered > 0)
      // Each request that was sent either was answered or was not.
      #expect(eventually { result.allRequests + result.all.unanswered == count.total })
      #expect(!result.isFlawless)
      #expect(try #require(LoadAssertion("errors==0")).check(result).holds == false)
      let text = LoadReport(result, width: 200, color: false).lines.joined(separator: "\n")
      #expect(result.all.isBalanced && result.window.isBalanced)
      #expect(text.contains(/: [\d,]+ answered|: none answered/))
      if answers == 0 { #expect(text.contains("none answered")) }
    }
  }

  @Test func `What did not come by the end is told with its age`() throws {
    // Connections are made by the kernel, and nobody accepts them.
    let listener = try Listener(on: .loopback(port: 0), system: Linux())
    var options = LoadOptions(on: [listener.address])
    options.speaking = .echo
    options.connections = 2
    options.pipeline = 3
    options.warmUp = .zero
    options.duration = .seconds(86400)
    options.timeout = .seconds(86400)
    let run = LoadRun(options)
    let result = try run.run(progress: { if case .second = $0 { run.stop() } })
    // Each request counts, and none is younger than the second that was waited for.
    #expect(result.failures[.unanswered] == 6)
    #expect(result.all.unanswered == 6)
    let example = try #require(result.failures.examples[LoadFailure.unanswered.rawValue])
    let age = try #require(example.firstMatch(of: /sent (\d+)\.\d+ s before/)).1
    #expect((1...60).contains(try #require(Int(age))))
    _ = consume listener
  }

  @Test func `A reply that is on its way at the end of the window is awaited, and is no error`()
    throws
  {
    // As long as the window and longer, so that all of them are on their way when it ends.
    struct Late: Session {
      private var owed: [UInt8] = []
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        for index in bytes.indices { owed.append(bytes[index]) }
        connection.setTimer(after: .milliseconds(400))
      }
      mutating func elapsed(_ connection: inout Connection) {
        connection.write(owed.span)
        owed = []
      }
    }
    try serving(Late()) { port, _ in
      let result = try load(port) {
        $0.speaking = .echo
        $0.warmUp = .zero
        $0.duration = .milliseconds(200)
      }
      #expect(result.failures == LoadFailures())
      #expect(result.all.unanswered == 0)
      #expect(result.allRequests > 0)
    }
  }

  @Test func `Requests that a server that has gone cannot answer are given up`() throws {
    let (count, servers) = (RequestCount(), Dying.Servers())
    try serving(Dying(count: count, server: servers)) { port, handle in
      servers.set(handle)
      var options = LoadOptions(on: [.loopback(port: port)])
      options.speaking = .echo
      options.connections = 4
      options.threads = 2
      options.warmUp = .zero
      options.requests = 1_000_000_000
      options.duration = .seconds(86400)
      options.timeout = .milliseconds(300)
      let result = try LoadRun(options).run()
      #expect(result.failures[.gaveUp] >= 1)
      #expect(result.failures[.refused] > 0)
      #expect(result.allRequests > 0)
      #expect(!result.isFlawless)
    }
  }

  @Test func `An attempt that was connected to itself is refused, and leaves the port free`() throws
  {
    let listener = try Listener(on: .loopback(port: 0), system: Linux())
    let address = listener.address
    _ = consume listener
    // From the very port that it connects to: as the system chooses it now and then.
    var options = LoadOptions(on: [address])
    options.speaking = .echo
    options.sources = [address]
    let error = #expect(throws: LoadError.self) { try LoadRun(options).run() }
    #expect(error?.description.contains("it was connected to itself") == true)
    let again = try Listener(on: address, system: Linux())
    #expect(again.address == address)
  }
}
