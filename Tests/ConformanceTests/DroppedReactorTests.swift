import Glibc
import Switchboard
import Testing

extension Conformance {
  /// A reactor that goes out of scope leaves nothing open, without having been run to its end.
  ///
  /// On the plain kernel: a decorated one has a reference in it, and with it types are destroyed in
  /// another way.
  @Suite struct DroppedReactor {
    @Test("A reactor that is dropped closes its connections", arguments: Backend.allCases)
    func connections(_ backend: Backend) throws {
      let listener = try PlainListener(backlog: 8)
      let ends: [Int32]
      switch backend {
      case .select: ends = try connectAndDrop(SelectPoller<Linux>.self, to: listener)
      case .poll: ends = try connectAndDrop(PollPoller<Linux>.self, to: listener)
      case .epoll: ends = try connectAndDrop(Epoll.self, to: listener)
      }
      expectEnds(ends)
    }

    @Test("One that an object holds closes them with the object")
    func inObject() throws {
      let listener = try PlainListener(backlog: 8)
      var holder: Holder? = try Holder(to: listener)
      let ends = try (0..<3).map { _ in try listener.acceptNext() }
      holder?.begin()
      holder = nil
      expectEnds(ends)
    }

    @Test("A reactor that is dropped closes its listener")
    func listener() throws {
      let address = try listenAndDrop()
      // The port can be had again only if nobody listens there any more.
      let again = try Listener(on: address, system: Linux())
      #expect(again.address == address)
    }

    /// Another function, so that the reactor has ended when it is back.
    private func connectAndDrop<P: Poller & ~Copyable>(_ poller: P.Type, to listener: PlainListener)
      throws -> [Int32] where P.System == Linux
    {
      var reactor = try Reactor(
        poller: P(system: Linux()), handler: Silent(), system: Linux())
      for _ in 0..<3 { try reactor.connect(to: .loopback(port: listener.port)) }
      let ends = try (0..<3).map { _ in try listener.acceptNext() }
      while reactor.handler.connected < 3 { try reactor.turn() }
      return ends
    }

    private func listenAndDrop() throws -> SocketAddress {
      var reactor = try Reactor(
        poller: Epoll(system: Linux()), handler: Silent(), system: Linux())
      // One of its own: on 127.0.0.1 an outgoing connection of another test may take the port meanwhile.
      let own = try #require(try SocketAddress.resolve("127.77.0.1", port: 0).first)
      let listener = try Listener(on: own, system: Linux())
      let address = listener.address
      try reactor.listen(listener)
      return address
    }

    private func expectEnds(_ ends: [Int32]) {
      for end in ends {
        #expect(hasEnded(end), "the reactor's end of a connection is still open")
        close(end)
      }
    }

    /// Whether the stream ends within five seconds, cleanly.
    private func hasEnded(_ descriptor: Int32) -> Bool {
      var asked = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&asked, 1, 5000) == 1 else { return false }
      var byte: UInt8 = 0
      return recv(descriptor, &byte, 1, 0) == 0
    }
  }
}

/// Its reactor is a member of a known type, as in a program that owns one.
private final class Holder {
  private var reactor: Reactor<Epoll, Silent>

  init(to listener: PlainListener) throws {
    reactor = try Reactor(poller: Epoll(system: Linux()), handler: Silent(), system: Linux())
    for _ in 0..<3 { try reactor.connect(to: .loopback(port: listener.port)) }
  }

  func begin() {
    while reactor.handler.connected < 3 { try? reactor.turn() }
  }
}

/// Connects, and says nothing.
private struct Silent: ReactorHandler, ~Copyable {
  typealias System = Linux
  var connected = 0

  mutating func peerConnected(_ peer: inout Peer<Linux>) -> Interest {
    connected += 1
    return .read
  }
  mutating func readyToReceive(_ peer: inout Peer<Linux>) -> Interest { .read }
  mutating func readyToSend(_ peer: inout Peer<Linux>) -> Interest { .read }
}
