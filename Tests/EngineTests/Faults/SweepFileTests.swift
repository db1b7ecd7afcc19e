import Testing

@testable import Switchboard

extension EveryCall {
  /// Waiting for room for more of a file, which takes one that no socket's buffers hold.
  @Suite struct Rooms {
    private struct Sender: Session {
      let file: SharedFile
      mutating func opened(_ connection: inout Connection) { connection.write(file) }
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
    }

    @Test("A ring that cannot wait for room tries again")
    func room() throws {
      let bytes = pattern(6 << 20)
      let own = TemporaryFile(bytes)
      let file = try SharedFile(own.path)
      for errno in Rule.all.filter({ $0.requirement == "ring room" }).flatMap(\.errnos) {
        let fired = Lock(0)
        let faults = CallFaults { point, _ in
          guard point == .operation(.room), fired.withLock({ $0 < 3 }) else { return nil }
          fired.withLock { $0 += 1 }
          return errno
        }
        let report = try serve(.ring, faults, session: Sender(file: file)) { server in
          let client = try server.client(receiveBuffer: 4096)
          #expect(eventually { fired.withLock { $0 == 3 } }, "there is room for all of it")
          #expect(try client.receive(exactly: bytes.count) == bytes)
        }
        #expect(report.isClean, "\(errno.symbol): \(report)")
        #expect(fired.withLock { $0 } == 3, "\(errno.symbol)")
      }
    }
  }
}
