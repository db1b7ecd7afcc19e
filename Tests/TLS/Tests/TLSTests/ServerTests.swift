import Foundation
import SwitchboardTesting
import Synchronization
import Testing

@testable import Switchboard
@testable import SwitchboardTLS

@Suite("A server that speaks TLS", .serialized)
struct ServerTests {
  @Test("Small and large messages come back, in whatever pieces", arguments: backends)
  func echo(_ backend: Server.BackendName) throws {
    try serve(backend) { port, _, _ in
      for piece in [1, 3, .max] {
        let caller = try TLSCaller(port, piece: piece)
        try caller.send([7], piece: piece)
        #expect(try caller.receive(1) == [7])
        let bytes = pattern(piece == 1 ? 3000 : 50_000).map { $0 | 0x80 }
        try caller.send(bytes, piece: piece)
        #expect(try caller.receive(bytes.count) == bytes)
      }
      let caller = try TLSCaller(port)
      let bytes = pattern(1 << 20).map { $0 | 0x80 }
      for part in bytes.cut(16384) {
        try caller.send(part)
        #expect(try caller.receive(part.count) == part)
      }
    }
  }

  @Test(
    "Files and shared bytes go behind each other, to a peer that reads late too",
    arguments: backends)
  func files(_ backend: Server.BackendName) throws {
    let path = Certificates.shared.path("file-\(backend.rawValue)")
    let content = pattern(3_000_000)
    try Data(content).write(to: URL(filePath: path))
    let wanted = [UInt8(ascii: "<")] + content + pattern(100_000) + [UInt8(ascii: ">")]
    try serve(backend, file: try SharedFile(path)) { port, _, _ in
      let callers = try (0..<4).map { _ in try TLSCaller(port) }
      for caller in callers { try caller.send(Array("F".utf8)) }
      for caller in callers {
        #expect(try caller.receive(wanted.count) == wanted)
        try caller.send(Array("FC".utf8))
        #expect(try caller.receiveToEnd() == wanted)
      }
    }
  }

  @Test(
    "Each end of a connection is told to the other, and a cut is told from an end",
    arguments: backends)
  func ends(_ backend: Server.BackendName) throws {
    try serve(backend) { port, _, reasons in
      // The client first.
      let first = try TLSCaller(port)
      try first.finishSending()
      #expect(try first.receiveToEnd() == Array("end".utf8))
      try first.waitForWire()
      try eventually { reasons.all.count == 1 }
      // The server first; the client goes on.
      let second = try TLSCaller(port)
      try second.send(Array("E".utf8))
      #expect(try second.receiveToEnd() == Array("bye".utf8))
      try second.finishSending()
      try eventually { reasons.all.count == 2 }
      // The server closes.
      let third = try TLSCaller(port)
      try third.send(Array("C".utf8))
      #expect(try third.receiveToEnd() == Array("closed".utf8))
      third.endWire()
      try eventually { reasons.all.count == 3 }
      #expect(reasons.all == [.peerFinished, .peerFinished, .finished])
      // The wire is cut.
      let fourth = try TLSCaller(port)
      try fourth.send([1])
      #expect(try fourth.receive(1) == [1])
      fourth.endWire()
      try eventually { reasons.all.count == 4 }
      #expect(reasons.all.last == .truncated)
    }
  }

  @Test(
    "What a session leaves and what comes while it pauses is given in order", arguments: backends)
  func pauses(_ backend: Server.BackendName) throws {
    try serve(backend) { port, _, _ in
      let caller = try TLSCaller(port)
      let bytes = Array("P".utf8) + pattern(200_000).map { $0 | 0x80 }
      try caller.send(bytes)
      #expect(try caller.receive(bytes.count) == bytes)
    }
  }

  @Test(
    "Peers that go at any moment leave nothing behind, and others are served", arguments: backends)
  func resets(_ backend: Server.BackendName) throws {
    try serve(backend) { port, _, reasons in
      for count in [0, 1, 5, 6, 100, 10_000] {
        for resets in [false, true] {
          let caller = try TLSCaller(beginning: port)
          try caller.sendRaw(Array(caller.end.takeWire().prefix(count)))
          if resets { caller.reset() } else { caller.endWire() }
        }
      }
      let caller = try TLSCaller(port)
      try caller.send([9])
      #expect(try caller.receive(1) == [9])
      #expect(reasons.all.isEmpty)
    }
  }

  @Test(
    "A handshake that takes too long is ended, and one that is none at once", arguments: backends)
  func deadlines(_ backend: Server.BackendName) throws {
    try serve(backend) { server, tls in
      tls.handshakeTimeout = .milliseconds(50)
    } _: { port, _, reasons in
      let silent = try TLSCaller(beginning: port)
      try silent.waitForWire()
      let slow = try TLSCaller(beginning: port)
      try slow.sendRaw(Array(slow.end.takeWire().prefix(50)))
      try slow.waitForWire()
      let wrong = try TLSCaller(beginning: port)
      try wrong.sendRaw(Array("GET / HTTP/1.1\r\n\r\n".utf8))
      try wrong.waitForWire()
      #expect(reasons.all.isEmpty)
    }
  }

  @Test("A drain tells each peer that nothing more comes", arguments: backends)
  func drain(_ backend: Server.BackendName) throws {
    try serve(backend) { port, handle, reasons in
      let (idle, beginning) = (
        try TLSCaller(port),
        try TLSCaller(beginning: port)
      )
      try beginning.sendRaw(Array(beginning.end.takeWire().prefix(20)))
      // Its handshake is over for the server, too.
      try idle.send([6])
      #expect(try idle.receive(1) == [6])
      handle.drain()
      #expect(try idle.receiveToEnd() == [])
      idle.endWire()
      try beginning.waitForWire()
      try eventually { reasons.all.count == 1 }
      #expect(reasons.all == [.finished])
    }
  }

  @Test("Many handshakes at once all come about", arguments: backends)
  func many(_ backend: Server.BackendName) throws {
    try serve(backend, loops: 2) { port, _, _ in
      let count = 100
      let served = Atomic<Int>(0)
      DispatchQueue.concurrentPerform(iterations: count) { _ in
        guard let caller = try? TLSCaller(port), (try? caller.send([3])) != nil,
          (try? caller.receive(1)) == [3]
        else { return }
        served.add(1, ordering: .relaxed)
      }
      #expect(served.load(ordering: .relaxed) == count)
    }
  }

  @Test(
    "Much that comes right behind a handshake is not taken for a part of it", arguments: backends)
  func early(_ backend: Server.BackendName) throws {
    try serve(backend) { port, _, _ in
      let caller = try TLSCaller(beginning: port)
      try caller.flush()
      while !caller.end.isOpen { try caller.takeOnce() }
      // What ends the handshake is still here.
      let bytes = pattern(150_000).map { $0 | 0x80 }
      #expect(caller.end.seal(bytes) == nil)
      try caller.flush()
      #expect(try caller.receive(bytes.count) == bytes)
    }
  }

  @Test("More handshakes at once than may be are closed, and the others go on", arguments: backends)
  func tooMany(_ backend: Server.BackendName) throws {
    try serve(backend) { server, tls in
      tls.maxHandshakes = 2
    } _: { port, _, reasons in
      let first = try TLSCaller(beginning: port)
      try first.sendRaw(Array(first.end.takeWire().prefix(10)))
      let others = try (0..<3).map { _ in
        try TLSCaller(beginning: port)
      }
      for other in others.dropFirst(1) { try other.waitForWire() }
      first.endWire()
      others[0].reset()
      try eventually {
        guard let caller = try? TLSCaller(port), (try? caller.send([4])) != nil else {
          return false
        }
        return (try? caller.receive(1)) == [4]
      }
      #expect(reasons.all.allSatisfy { $0 == .truncated })
    }
  }

  @Test("A header of a proxy and a hello may come in one segment", arguments: backends)
  func proxied(_ backend: Server.BackendName) throws {
    let peers = Log<SocketAddress?>()
    struct Told: Session {
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        connection.write(bytes)
      }
    }
    let tls = try Certificates.usualServer()
    try serving(Told(), on: backend) { server in
      server.addresses = []
      server.listen(
        on: .loopback(port: 0), proxyProtocol: ProxyProtocol(from: [AddressPrefix("127.0.0.0/8")!]),
        tls: tls
      ) { accepted in
        peers.add(accepted.peer)
        return Told()
      }
    } _: { port, handle in
      let port = handle.addresses.last?.port ?? port
      let caller = try TLSCaller(beginning: port)
      try caller.sendRaw(
        Array("PROXY TCP4 192.0.2.7 192.0.2.8 77 88\r\n".utf8) + caller.end.takeWire())
      while !caller.end.isOpen { try caller.pump() }
      try caller.send([5])
      #expect(try caller.receive(1) == [5])
      #expect(peers.all.first??.description == "192.0.2.7:77")
    }
  }

  @Test("A relay speaks TLS on both sides", arguments: backends)
  func relay(_ backend: Server.BackendName) throws {
    try serve(backend) { behind, _, reasons in
      let connector = try TLSConnector(try Certificates.usualClient())
      let upstreams = Upstreams([.host("localhost", port: behind)], tls: connector)
      let tls = try Certificates.usualServer()
      try serving(Relay(to: upstreams), on: backend) {
        $0.tls = tls
      } _: { port, _ in
        let caller = try TLSCaller(port)
        let bytes = pattern(300_000).map { $0 | 0x80 }
        for part in bytes.cut(30_000) {
          try caller.send(part)
          #expect(try caller.receive(part.count) == part)
        }
        try caller.finishSending()
        #expect(try caller.receiveToEnd() == Array("end".utf8))
        try eventually { reasons.all.count == 1 }
        #expect(reasons.all == [.peerFinished])
      }
    }
  }

  @Test("A client is given as many tickets as it is to have", arguments: [0, 1, 3])
  func tickets(_ count: Int) throws {
    try serve(.auto) { _, tls in
      tls.ticketsPerHandshake = count
    } _: { port, _, _ in
      let said = try openssl(
        [
          "s_client", "-tls1_3", "-connect", "127.0.0.1:\(port)", "-servername", "localhost",
          "-ign_eof",
        ], input: Data("C\n".utf8))
      let arrivals = said.components(separatedBy: "Post-Handshake New Session Ticket arrived")
      #expect(arrivals.count - 1 == count)
    }
  }

  @Test("More tickets than anybody needs are refused, and fewer than none", arguments: [-1, 17])
  func ticketsOutOfBounds(_ count: Int) throws {
    var tls = try Certificates.usualServer()
    tls.ticketsPerHandshake = count
    #expect(throws: SystemError.self) { try ServerTLSSource(tls).check() }
  }

  @Test("OpenSSL's own client speaks either version, and its sessions are known again on any loop")
  func ownClient() throws {
    try serve(.auto, loops: 2) { port, _, _ in
      let (store, ca) = (Certificates.shared.path("session"), Certificates.shared.path("usual.pem"))
      for version in ["-tls1_2", "-tls1_3"] {
        let arguments = [
          "s_client", version, "-connect", "127.0.0.1:\(port)", "-CAfile", ca, "-servername",
          "localhost",
        ]
        // It ends when its input does; the server's answer is waited for by asking for the end.
        let first = try openssl(
          arguments + ["-sess_out", store, "-ign_eof"], input: Data("C\n".utf8))
        #expect(first.contains("closed") && first.contains("Verify return code: 0 (ok)"))
        for _ in 0..<4 {
          let again = try openssl(
            arguments + ["-sess_in", store, "-ign_eof"], input: Data("C\n".utf8))
          #expect(again.contains("Reused, TLS"))
          // Tickets of TLS 1.3 are used once: who comes again is given another.
          #expect(again.contains("New Session Ticket arrived") == (version == "-tls1_3"))
        }
      }
      let old = try openssl(
        ["s_client", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-connect", "127.0.0.1:\(port)"],
        allows: [0, 1])
      #expect(old.contains("alert protocol version"))
    }
  }
}
