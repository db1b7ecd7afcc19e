import Switchboard
import SwitchboardArticle
import TestSupport
import Testing

/// Sessions over real sockets, on every backend that this machine offers.
@Suite(.serialized, .timeLimit(.minutes(15)))
struct SessionTests {}

extension SessionTests {
  @Suite struct Echo {
    @Test("Every byte value comes back", arguments: backends)
    func bytes(_ backend: Server.BackendName) throws {
      try serving(EchoSession(), on: backend) { port, _ in
        let peer = try Caller(to: port)
        let all = Array(UInt8.min...UInt8.max)
        try peer.send(all)
        #expect(try peer.bytes(256) == all)
        for byte in all {
          try peer.send([byte])
          #expect(try peer.bytes(1) == [byte])
        }
      }
    }

    @Test("What was sent before the peer finished comes back whole", arguments: backends)
    func halfClose(_ backend: Server.BackendName) throws {
      try serving(EchoSession(), on: backend) { port, _ in
        let peer = try Caller(to: port)
        let text = String(repeating: "0123456789abcdef", count: 1024)
        try peer.send(text)
        peer.finishSending()
        #expect(try peer.toEnd() == text)
      }
    }

    @Test("Three clients each get their own bytes", arguments: backends)
    func three(_ backend: Server.BackendName) throws {
      try serving(EchoSession(), on: backend) { port, _ in
        let peers = try (0..<3).map { _ in try Caller(to: port) }
        for round in 0..<20 {
          for (number, peer) in peers.enumerated() { try peer.send("\(number)-\(round)\n") }
          for (number, peer) in peers.enumerated() {
            #expect(try peer.line() == "\(number)-\(round)")
          }
        }
      }
    }
  }
}
