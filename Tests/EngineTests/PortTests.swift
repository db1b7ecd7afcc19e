import Foundation
import Switchboard
import SwitchboardArticle
import TestSupport
import Testing

extension Engine {
  /// Which ports servers get, and that they get them alone.
  @Suite struct Ports {
    /// Serves on these addresses while `body` runs.
    private func serve(
      on addresses: [SocketAddress], _ backend: Server.BackendName, loops: Int = 1,
      sharing: Bool = false, _ body: (ServerHandle) throws -> Void
    ) throws {
      let change = { (server: inout Server) in
        server.addresses = addresses
        server.loops = loops
        server.listening.sharesPort = sharing
      }
      try serving(FramesSession(), on: backend, configure: change) { _, handle in try body(handle) }
    }

    @Test(
      "Port 0 on a name's addresses is one port for all of them",
      arguments: Server.BackendName.alone, [1, 2])
    func one(_ backend: Server.BackendName, _ loops: Int) throws {
      let addresses: [SocketAddress] = [.loopback(port: 0), .loopback(.v6, port: 0)]
      try serve(on: addresses, backend, loops: backend == .pool ? 8 : loops) { handle in
        #expect(handle.addresses.count == 2)
        #expect(handle.addresses[0].port == handle.addresses[1].port)
        #expect(handle.addresses[0].port != 0)
      }
    }

    @Test("An address that is given twice gets two ports")
    func twice() throws {
      try serve(on: [.loopback(port: 0), .loopback(port: 0)], .epoll) { handle in
        #expect(handle.addresses[0].port != handle.addresses[1].port)
      }
    }

    @Test("Addresses that exclude each other on a port get ports of their own")
    func overlapping() throws {
      try serve(on: [.loopback(port: 0), .any(port: 0)], .epoll) { handle in
        #expect(handle.addresses[0].port != handle.addresses[1].port)
      }
    }

    @Test(
      "A port in use is in use, however many loops either server has",
      arguments: Server.BackendName.loops, [(1, 1), (1, 2), (2, 1), (2, 2), (3, 4)])
    func inUse(_ backend: Server.BackendName, _ loops: (Int, Int)) throws {
      try serve(on: [.loopback(port: 0)], backend, loops: loops.0) { first in
        let taken = SystemError.Operand.address(first.addresses[0])
        do {
          try serve(on: first.addresses, backend, loops: loops.1) { _ in
            Issue.record("the second server has started")
          }
        } catch let error as SystemError {
          #expect(error.errno.symbol == "EADDRINUSE")
          #expect(error.operand == taken)
        }
        // The first is none the worse for it.
        #expect(try Client(to: first.addresses[0].port).greeted().ask("^in$") == "jo")
      }
    }

    @Test("Servers that want to share a port share it")
    func shared() throws {
      try serve(on: [.loopback(port: 0)], .epoll, sharing: true) { first in
        try serve(on: first.addresses, .epoll, loops: 2, sharing: true) { second in
          #expect(second.addresses == first.addresses)
        }
      }
    }

    @Test(
      "Each of several loops gets its share of the clients", arguments: Server.BackendName.loops)
    func spread(_ backend: Server.BackendName) throws {
      let loops = Seen()
      try EngineTests.serve(
        backend, loops: 3,
        script: Scripted.Script(opened: { _, connection in
          loops.note(ObjectIdentifier(connection.handle(for: Watched<Scripted>.self).loop))
        })
      ) { server in
        var clients: [Client] = []
        for _ in 0..<90 { clients.append(try server.client()) }
        #expect(server.journal.wait { $0.opened == 90 })
        // The kernel spreads by a hash of the addresses: all on one of three has a chance of 3^-89.
        #expect(loops.count >= 2)
      }
    }

    @Test(
      "Vanished peers are found out: sockets are asked for by their kernel",
      arguments: Server.BackendName.alone)
    func keepAlive(_ backend: Server.BackendName) throws {
      try serve(on: [.loopback(port: 0)], backend) { handle in
        let client = try Client(to: handle.addresses[0].port).greeted()
        // Fields of /proc/net/tcp: local address, remote address, state, queues, timer: 2 is this one.
        let (ours, theirs) = (hex(handle.addresses[0].port), hex(client.port))
        let file = try #require(FileHandle(forReadingAtPath: "/proc/net/tcp"))
        let table = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
        let line = table.split(separator: "\n").map { $0.split(separator: " ") }.first {
          $0.count > 5 && $0[1].hasSuffix(":" + ours) && $0[2].hasSuffix(":" + theirs)
        }
        #expect(try #require(line)[5].hasPrefix("02:"))
      }
    }

    private func hex(_ port: UInt16) -> String {
      let digits = String(port, radix: 16, uppercase: true)
      return String(repeating: "0", count: 4 - digits.count) + digits
    }
  }
}

/// Which loops were seen.
private final class Seen: Sendable {
  private let seen = Lock<Set<ObjectIdentifier>>([])
  func note(_ loop: ObjectIdentifier) { seen.withLock { _ = $0.insert(loop) } }
  var count: Int { seen.withLock { $0.count } }
}
