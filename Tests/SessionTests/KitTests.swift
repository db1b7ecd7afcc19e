import Dispatch
import Switchboard
import SwitchboardTesting
import Testing

/// What a caller says of what it waits for, and what a server that is late comes to.
@Suite(.timeLimit(.minutes(15)))
struct KitTests {
  /// Does at each byte what it says: `r` resets, `c` closes, others come back.
  private struct Obeying: Session {
    mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
      for index in bytes.indices {
        switch bytes[index] {
        case UInt8(ascii: "r"): return connection.reset()
        case UInt8(ascii: "c"): return connection.close()
        default: connection.write(bytes[index])
        }
      }
    }
  }

  /// Says when it is called, and then waits for a signal.
  private struct Stuck: Session {
    let isCalled: DispatchSemaphore
    let signal: DispatchSemaphore

    mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
      isCalled.signal()
      signal.wait()
    }
  }

  private func failure(
    _ backend: Server.BackendName = .auto, patience: Duration = longestPatience,
    _ body: (Caller) throws -> Void
  ) throws -> Caller.Failure {
    var found: Caller.Failure?
    try serving(Obeying(), on: backend) { port, _ in
      let caller = try Caller(to: port)
      try caller.send("ok\n")
      try caller.expect("ok\n")
      caller.patience = patience
      found = #expect(throws: Caller.Failure.self) { try body(caller) }
    }
    return try #require(found)
  }

  @Test("Whoever is reset is told so, and what came before", arguments: backends)
  func reset(_ backend: Server.BackendName) throws {
    let failure = try failure(backend) { caller in
      try caller.send("r")
      _ = try caller.toEnd()
    }
    #expect(failure.ending == .reset)
    #expect(
      failure.description.hasSuffix("for the end: the connection was reset, and no byte had come"))
  }

  @Test("An end is no reset, and not what was waited for", arguments: backends)
  func ended(_ backend: Server.BackendName) throws {
    let failure = try failure(backend) { caller in
      try caller.send("tea\nc")
      try caller.expect("tea\nmilk\n")
    }
    #expect(failure.ending == .ended)
    #expect(failure.awaited == "'tea\\nmilk\\n'")
    #expect(failure.came == Array("tea\n".utf8))
    let whole = try self.failure(backend) { caller in
      try caller.send("c")
      #expect(try caller.toEnd() == "")
      try caller.expect("more")
    }
    #expect(whole.ending == .ended)
  }

  @Test("Other bytes are shown, and stay there to be taken")
  func different() throws {
    let failure = try failure { caller in
      try caller.send("milk\n")
      defer { #expect(throws: Never.self) { try caller.expect("milk\n") } }
      try caller.expect("milt\n")
    }
    #expect(failure.ending == .different)
    #expect(failure.description.contains("for 'milt\\n': other bytes came, after 'milk"))
  }

  @Test("Whoever waits in vain is told for what, and what had come")
  func late() throws {
    let failure = try failure(patience: .milliseconds(30)) { caller in
      try caller.send("half a line")
      caller.patience = longestPatience
      #expect(try caller.bytes(4) == Array("half".utf8))
      caller.patience = .milliseconds(30)
      _ = try caller.line()
    }
    #expect(failure.ending == .late)
    #expect(failure.awaited == "a line")
    #expect(failure.waited >= .milliseconds(30))
  }

  @Test("Where nobody listens nobody is reached")
  func refused() throws {
    var port: UInt16 = 0
    try serving(Obeying()) { served, _ in port = served }
    let failure = #expect(throws: Caller.Failure.self) { try Caller(to: port) }
    #expect(failure?.ending == .failed(Errno(rawValue: 111)))
    #expect(failure?.awaited == "a connection to 127.0.0.1:\(port)")
  }

  @Test("A server that does not end in time is late", arguments: backends)
  func stuck(_ backend: Server.BackendName) throws {
    let (isCalled, signal) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    defer { signal.signal() }
    let stuck = { @Sendable in Stuck(isCalled: isCalled, signal: signal) }
    let late = #expect(throws: Late.self) {
      try serving(stuck(), on: backend, patience: .seconds(2)) { port, _ in
        let caller = try Caller(to: port)
        try caller.send("x")
        isCalled.wait()
      }
    }
    #expect(late?.patience == .seconds(2))
  }

  @Test("What a test throws is thrown, and its server has ended then")
  func thrown() throws {
    struct Mine: Error {}
    var address: SocketAddress?
    #expect(throws: Mine.self) {
      try serving(Obeying()) { _, handle in
        address = handle.addresses[0]
        throw Mine()
      }
    }
    #expect(throws: Caller.Failure.self) { try Caller(to: #require(address)) }
  }

  @Test("A test that does not block serves as well")
  func waiting() async throws {
    try await serving(Obeying()) { port, handle in
      await Task.yield()
      let caller = try Caller(to: port)
      try caller.send("ok\n")
      #expect(try caller.line() == "ok")
      handle.drain()
      #expect(try caller.toEnd() == "")
    }
  }
}
