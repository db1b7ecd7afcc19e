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

/// Is told who it is, and by whom.
private struct Visitor: Session {
  let greeting: String

  init(from peer: SocketAddress?, through proxy: SocketAddress?, wanting host: String?) {
    let words = [peer?.description, proxy?.host, host]
    greeting = words.map { $0 ?? "?" }.joined(separator: " ")
  }

  mutating func opened(_ connection: inout Connection) {
    connection.write(greeting)
    connection.close()
  }
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
}

/// Serves visitors that come through a proxy.
private func serveBehindProxies(_ server: inout Server) {
  // snippet proxied
  let proxies = ["10.0.0.0/8", "127.0.0.1", "fd00::/8"].compactMap { AddressPrefix($0) }
  let header = ProxyProtocol(.any, from: proxies)
  server.listen(on: .loopback(port: 0), proxyProtocol: header) { accepted in
    Visitor(from: accepted.peer, through: accepted.realPeer, wanting: accepted.proxied?.authority)
  }
  // end
}

// snippet guest
/// Passes what its peer says on to a server behind this one.
struct Guest: Session {
  let upstream: SocketAddress
  let counters: Counters

  init(_ accepted: borrowing Accepted, to upstream: SocketAddress) {
    self.upstream = upstream
    counters = accepted.loopLocal { Counters() }
  }

  mutating func opened(_ connection: inout Connection) {
    counters.guests += 1
    connection.connectPartner(to: .address(upstream)) { Behind() }
  }
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    connection.forward(bytes)
  }
  mutating func ended(_ connection: inout Connection) { connection.forwardEnd() }
  mutating func closed(_ reason: CloseReason) { counters.guests -= 1 }
}
// end

// snippet behind
/// The guest's partner: a connection to the server behind this one, which passes back what that answers.
struct Behind: Session {
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    connection.forward(bytes)
  }
  mutating func ended(_ connection: inout Connection) { connection.forwardEnd() }
}
// end

// snippet front
/// Has each line that its peer sends answered by a server behind this one.
struct Front: Session {
  let backend: UpstreamPool
  private var line: [UInt8] = []
  private var isAsking = false

  init(asking backend: UpstreamPool) { self.backend = backend }

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    for index in bytes.indices { line.append(bytes[index]) }
    guard let last = line.last else { return }
    guard line.count <= 1024 else { return connection.close() }
    guard last == UInt8(ascii: "\n"), !isAsking else { return }
    isAsking = true
    // One question at a time: what comes behind it waits in the kernel.
    connection.pauseReading()
    connection.takePartner(from: backend)
  }

  mutating func partnerOpened(_ connection: inout Connection) {
    connection.forward(line.span)
    line = []
  }

  mutating func partnerReceived(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    connection.write(bytes)
    guard bytes[bytes.count - 1] == UInt8(ascii: "\n") else { return }
    connection.givePartnerBack()
    isAsking = false
    connection.resumeReading()
  }

  mutating func partnerClosed(_ reason: CloseReason?, _ connection: inout Connection) {
    connection.write("sorry\n")
    connection.close()
  }

  mutating func draining(_ connection: inout Connection) { if !isAsking { connection.close() } }
}
// end

private func asking(_ targets: [ConnectTarget]) -> Server {
  // snippet front server
  let backend = UpstreamPool(Upstreams(targets))
  var server = Server()
  server.listen(on: .loopback(port: 0)) { _ in Front(asking: backend) }
  server.connects(through: backend)
  // end
  return server
}

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

private func relaying(to targets: [ConnectTarget]) -> Server {
  // snippet relay
  let upstreams = Upstreams(targets, choice: .leastConnections)
  var server = Server()
  server.listen(on: .loopback(port: 0)) { _ in Relay(to: upstreams) }
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

  @Test("The page's visitors are told who they are", arguments: backends)
  func proxied(_ backend: Server.BackendName) throws {
    var server = Server()
    server.backend = backend
    serveBehindProxies(&server)
    let running = try server.start()
    let client = try Client(to: running.addresses[0].port)
    try client.send("PROXY TCP4 203.0.113.9 198.51.100.2 1000 443\r\n")
    let told = String(decoding: try client.receiveToEnd(), as: UTF8.self)
    #expect(told == "203.0.113.9:1000 127.0.0.1 ?")
    running.stop()
    try running.wait()
  }

  @Test("The page's front asks a server behind it", arguments: backends)
  func front(_ backend: Server.BackendName) throws {
    let behind = try Server(on: [.loopback(port: 0)]).start { EchoSession() }
    var server = asking([.address(behind.addresses[0])])
    server.backend = backend
    let running = try server.start()
    for _ in 0..<3 {
      let client = try Client(to: running.addresses[0].port)
      for question in ["one\n", "two\n"] {
        try client.send(question)
        #expect(try client.receive(exactly: 4) == Array(question.utf8))
      }
    }
    for each in [running, behind] {
      each.stop()
      try each.wait()
    }
  }

  @Test("The page's relay relays", arguments: backends)
  func relay(_ backend: Server.BackendName) throws {
    let behind = try Server(on: [.loopback(port: 0)]).start { FramesSession() }
    var server = relaying(to: [.address(behind.addresses[0])])
    server.backend = backend
    let running = try server.start()
    #expect(try Client(to: running.addresses[0].port).greeted().ask("^abc$") == "bcd")
    for each in [running, behind] {
      each.stop()
      try each.wait()
    }
  }
}
