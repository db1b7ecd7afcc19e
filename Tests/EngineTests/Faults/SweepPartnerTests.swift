import Testing

@testable import Switchboard

extension EveryCall {
  /// Receives of those that have a partner, which a ring arms one at a time.
  @Suite struct Partners {
    /// Belongs to whoever came before it, and is received from when it does.
    private struct Paired: Session {
      final class Waiting { var link: Link? }
      let reasons: Lock<[CloseReason]>

      mutating func opened(_ connection: inout Connection) {
        connection.write("+")
        connection.pauseReading()
        let waiting = connection.loopLocal { Waiting() }
        guard let link = waiting.link else {
          waiting.link = connection.link
          return
        }
        waiting.link = nil
        connection.pair(with: link)
        connection.setTimer(after: .milliseconds(1))
      }
      mutating func partnerOpened(_ connection: inout Connection) { connection.resumeReading() }
      mutating func elapsed(_ connection: inout Connection) { connection.resumeReading() }
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        connection.forward(bytes)
      }
      mutating func closed(_ reason: CloseReason) { reasons.withLock { $0.append(reason) } }
    }

    @Test(
      "A receive of a partner that fails is made again, or the connection is closed",
      arguments: [Effect.retried, .closed])
    func receiving(_ effect: Effect) throws {
      let rules = Rule.all.filter { $0.requirement == "ring receive_once" && $0.effect == effect }
      for errno in rules.flatMap(\.errnos) {
        let (fired, reasons) = (Lock(0), Lock<[CloseReason]>([]))
        let faults = CallFaults { point, _ in
          guard point == .operation(.receiveOnce), fired.withLock({ $0 == 0 }) else { return nil }
          fired.withLock { $0 += 1 }
          return errno
        }
        let report = try serve(.ring, faults, session: Paired(reasons: reasons)) { server in
          let clients = try [server.client(), server.client()]
          for client in clients { #expect(try client.receive(exactly: 1) == Array("+".utf8)) }
          _ = try? clients[0].send("there")
          _ = try? clients[1].send("back")
          if effect == .retried {
            #expect(try clients[1].receive(exactly: 5) == Array("there".utf8))
            #expect(try clients[0].receive(exactly: 4) == Array("back".utf8))
          } else {
            for client in clients { _ = try? client.receiveToEnd() }
          }
        }
        #expect(report.isClean, "\(errno.symbol): \(report)")
        #expect(fired.withLock { $0 } == 1, "\(errno.symbol)")
        let all = reasons.withLock { $0 }
        let broken = all.count { if case .failed = $0 { true } else { false } }
        #expect(all.count == 2 && broken == (effect == .retried ? 0 : 1), "\(errno.symbol): \(all)")
      }
    }
  }
}
