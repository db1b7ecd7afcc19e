import Switchboard
import SwitchboardArticle
import Synchronization
import TestSupport
import Testing

// snippet counters
/// What the sessions of one loop count together. No lock: one thread calls them all.
final class Counters {
  var guests = 0
}
// end

// snippet operator
/// Whoever may open the socket's file is told how many guests there are.
struct Operator: Session {
  let counters: Counters

  init(_ accepted: borrowing Accepted) { counters = accepted.loopLocal { Counters() } }

  mutating func opened(_ connection: inout Connection) {
    connection.write("\(counters.guests) guests\n")
    connection.close()
  }
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
}
// end

// snippet guest
/// Passes what its peer says on to a server behind this one, and what that answers back.
struct Guest: Session {
  typealias Message = Words
  /// What one side of a pair tells the other.
  enum Words: Sendable {
    case connected(ConnectionHandle<Words>)
    case said([UInt8])
    case over
  }

  let upstream: SocketAddress
  let counters: Counters
  private var behind: ConnectionHandle<Words>?

  init(_ accepted: borrowing Accepted, to upstream: SocketAddress) {
    self.upstream = upstream
    counters = accepted.loopLocal { Counters() }
  }

  mutating func opened(_ connection: inout Connection) {
    counters.guests += 1
    // Nothing is taken from the guest before there is somebody to take it.
    connection.pauseReading()
    let guest = connection.handle(for: Guest.self)
    connection.connect(to: .address(upstream)) { Behind(guest) }
  }
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    behind?.post(.said(bytes.indices.map { bytes[$0] }))
  }
  mutating func posted(_ words: Words, _ connection: inout Connection) {
    switch words {
    case .connected(let handle):
      behind = handle
      connection.resumeReading()
    case .said(let bytes): connection.write(bytes.span)
    case .over: connection.close()
    }
  }
  mutating func closed(_ reason: CloseReason) {
    counters.guests -= 1
    behind?.post(.over)
  }
}
// end

// snippet behind
/// The other side of a pair: a connection to the server behind this one.
struct Behind: Session {
  typealias Message = Guest.Words
  let guest: ConnectionHandle<Guest.Words>

  init(_ guest: ConnectionHandle<Guest.Words>) { self.guest = guest }

  mutating func opened(_ connection: inout Connection) {
    guest.post(.connected(connection.handle(for: Behind.self)))
  }
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    guest.post(.said(bytes.indices.map { bytes[$0] }))
  }
  mutating func posted(_ words: Guest.Words, _ connection: inout Connection) {
    switch words {
    case .connected: break
    case .said(let bytes): connection.write(bytes.span)
    case .over: connection.close()
    }
  }
  /// Also when no connection came about: `reason` says why, and what can be done about it.
  mutating func closed(_ reason: CloseReason) { guest.post(.over) }
}
// end

private func switchboard(upstream: SocketAddress, operators: String) -> Server {
  // snippet board server
  var server = Server()
  server.listen(on: .loopback(port: 0), .loopback(.v6, port: 0)) { accepted in
    Guest(accepted, to: upstream)
  }
  var operatorsOnly = server.listening
  operatorsOnly.fileMode = 0o600
  server.listen(on: .unix(operators), options: operatorsOnly) { accepted in Operator(accepted) }
  server.connects(as: Behind.self)
  // end
  return server
}

/// The servers of docs/CONNECTIONS.md.
@Suite(.serialized) struct ConnectionsTests {
  @Test("Guests are passed on, and operators told of them", arguments: backends)
  func example(_ backend: Server.BackendName) throws {
    let behind = try Server(on: [.loopback(port: 0)]).start { FramesSession() }
    let path = "/tmp/sb-operators-\(UInt64.random(in: 0 ... .max)).sock"
    var server = switchboard(upstream: behind.addresses[0], operators: path)
    server.backend = backend
    let running = try server.start()
    let first = try Client(to: running.addresses[0].port).greeted()
    let second = try Client(to: running.addresses[1].port, family: .v6).greeted()
    #expect(try first.ask("^abc$") == "bcd")
    #expect(try second.ask("^x$") == "y")
    let told = String(decoding: try Client(unix: path).receiveToEnd(), as: UTF8.self)
    #expect(told == "2 guests\n")
    // Nobody behind: the guest is sent away.
    behind.stop()
    try behind.wait()
    #expect(try first.receiveToEnd() == [])
    #expect(try Client(to: running.addresses[0].port).receiveToEnd() == [])
    running.drain()
    try running.wait()
  }
}
