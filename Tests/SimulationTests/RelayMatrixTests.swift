import Testing

@testable import Switchboard

/// Every way in which one side of a relayed connection may end, with bytes pending in each direction: every byte
/// that was promised arrives, what is lost is told by a reset, and nothing stays.
@Suite struct RelayMatrixTests {
  enum Ending: CaseIterable { case end, reset, closeUnread }
  enum Side: CaseIterable { case client, server }

  struct Cell: CustomTestStringConvertible, Sendable {
    var backend: SimulatedWorld.Backend
    var side: Side
    var ending: Ending
    var forward: Int
    var back: Int
    var testDescription: String {
      "\(backend), the \(side): \(ending), \(forward) bytes there, \(back) back"
    }
  }

  /// Nothing, a few bytes, and more than watermarks and sockets hold at once.
  private static let sizes = [0, 10, 300_000]

  static let cells: [Cell] = SimulatedWorld.Backend.allCases.flatMap { backend in
    Side.allCases.flatMap { side in
      Ending.allCases.flatMap { ending in
        sizes.flatMap { forward in
          sizes.map {
            Cell(backend: backend, side: side, ending: ending, forward: forward, back: $0)
          }
        }
      }
    }
  }

  private static func bytes(_ count: Int, _ first: UInt8) -> [UInt8] {
    (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0 &* 7) }
  }

  @Test(arguments: cells)
  func `each ending is passed on`(_ cell: Cell) throws {
    let (there, back) = (Self.bytes(cell.forward, 1), Self.bytes(cell.back, 2))
    let place = SocketAddress.loopback(port: 7000)
    for seed in 1...3 as ClosedRange<UInt64> {
      let reports = Lock<[RelayReport]>([])
      let upstreams = Upstreams([.address(place)])
      try simulate(seed: seed, faults: seed == 1 ? .none : .mild) { world in
        world.backend = cell.backend
        world.serve { Relay(to: upstreams) { report in reports.withLock { $0.append(report) } } }
        world.replies { _ in back }
        world.remote(at: place) { Self.script(&$0, cell, there, back) }
        world.clients(1) { Self.script(&$0, cell, there) }
      }
      #expect(upstreams.connections == [0])
      let told = reports.withLock { $0 }
      guard seed == 1 else { continue }
      #expect(told.count == 1)
      guard cell.ending == .end, let report = told.first else { continue }
      #expect(report.client.received == there.count && report.server.received == back.count)
    }
  }

  /// The client's part. Who resets, or closes without having read, does so when its bytes are on their way.
  private static func script(_ client: inout SimulatedClient, _ cell: Cell, _ there: [UInt8]) {
    if cell.side == .server { client.goOnBehindEnd() }
    client.send(there)
    guard cell.side == .client else {
      client.awaitReplies()
      return client.finish()
    }
    switch cell.ending {
    case .end: client.finish()
    case .reset: client.reset()
    case .closeUnread:
      client.stopReading()
      client.wait(.milliseconds(300))
      client.close()
    }
  }

  private static func script(
    _ server: inout SimulatedRemote, _ cell: Cell, _ there: [UInt8], _ back: [UInt8]
  ) {
    server.send(back)
    if cell.side == .client {
      // What a client that breaks off has sent may be lost.
      if cell.ending == .end { server.expect(there) }
      return
    }
    switch cell.ending {
    case .end:
      // With nearly all of it still to come.
      server.finish()
      server.expect(there)
    case .reset: server.reset()
    case .closeUnread:
      server.pauseReading(.milliseconds(300))
      server.close()
    }
  }
}
