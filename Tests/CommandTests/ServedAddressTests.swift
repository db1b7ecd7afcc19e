import Testing

@testable import Switchboard
@testable import SwitchboardCommand

@Suite("Addresses to serve on")
struct ServedAddressTests {
  @Test("Which addresses are this machine's is found out without listening")
  func ofThisMachine() throws {
    let system = NotedCalls()
    #expect(SocketAddress.loopback(port: 1).isOfThisMachine(system))
    // TEST-NET-1 is nobody's.
    let foreign = try #require(try SocketAddress.resolve("192.0.2.1", port: 0).first)
    #expect(!foreign.isOfThisMachine(system))
    #expect(system.calls == [.socket, .bind, .socket, .bind])
  }
}

/// The real kernel, with the calls that are made of it.
private struct NotedCalls: KernelDecorator {
  let base = Linux()
  private let noted = Notes()
  private final class Notes: Sendable { let calls = Lock<[SystemError.Call]>([]) }
  var calls: [SystemError.Call] { noted.calls.withLock { $0.filter { $0 != .close } } }

  func calling(_ call: SystemError.Call, _ body: () -> Outcome) -> Outcome {
    noted.calls.withLock { $0.append(call) }
    return body()
  }
}
