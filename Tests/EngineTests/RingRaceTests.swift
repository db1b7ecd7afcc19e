import SwitchboardArticle
import Testing

@testable import Switchboard

extension Engine {
  /// Races of a ring with queues of four and eight entries, four receive buffers and room for two
  /// outputs: at each step of a conversation something is cancelled while all of it is under way.
  @Suite struct RingRaces {
    enum Cut: String, CaseIterable, CustomTestStringConvertible {
      case aborted = "the session aborts"
      case paused = "the session pauses and resumes"
      case reset = "the peer resets"
      var testDescription: String { rawValue }
    }

    /// Answers frames; in one of its callbacks it cuts, too.
    private struct Cutting: Session {
      let cut: Cut
      let step: Int
      private var frames = FramesSession()
      private var count = 0

      init(_ cut: Cut, at step: Int) { (self.cut, self.step) = (cut, step) }

      mutating func opened(_ connection: inout Connection) {
        frames.opened(&connection)
        take(&connection)
      }
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        frames.received(bytes, &connection)
        take(&connection)
      }
      mutating func elapsed(_ connection: inout Connection) { connection.resumeReading() }

      private mutating func take(_ connection: inout Connection) {
        count += 1
        guard count == step else { return }
        switch cut {
        case .aborted: connection.abort()
        case .paused:
          connection.pauseReading()
          connection.setTimer(after: .milliseconds(1))
        case .reset: break
        }
      }
    }

    /// A client that sends a frame in pieces and takes what comes, a little of either at a time.
    private final class Talker {
      static let frame = [0x5E] + (0..<60_000).map { UInt8(0x61 + $0 % 25) }
      static let reply = [0x2A] + (0..<60_000).map { UInt8(0x62 + $0 % 25) }
      let client: Client
      private var sent = 0
      private(set) var got: [UInt8] = []
      private(set) var isOver = false

      init(_ client: Client) { self.client = client }

      func step() {
        if sent < Self.frame.count {
          sent += client.sendWhatFits(Array(Self.frame[sent..<min(sent + 5000, Self.frame.count)]))
          if sent == Self.frame.count { client.finishSending() }
        }
        let some = (try? client.receive(most: 6000)) ?? []
        got += some
        isOver = some.isEmpty
      }

      func reset() {
        client.reset()
        isOver = true
      }
    }

    private func talk(_ server: TinyRing, resetAfter limit: Int?) throws -> [Talker] {
      let talkers = try (0..<6).map { number in
        Talker(try server.client(receiveBuffer: number % 2 == 0 ? nil : 4096))
      }
      while talkers.contains(where: { !$0.isOver }) {
        for talker in talkers where !talker.isOver {
          talker.step()
          if let limit, !talker.isOver, talker.got.count >= limit { talker.reset() }
        }
      }
      return talkers
    }

    @Test(
      "Whatever is cancelled at whatever step, no completion is lost and no byte is wrong",
      arguments: Cut.allCases)
    func everyStep(_ cut: Cut) throws {
      var sizes = URing<Linux>.Sizes()
      (sizes.entries, sizes.completions, sizes.tiers) = (4, 8, 0...0)
      (sizes.arena, sizes.sendings) = (4096, 2)
      var aborted = 0
      for step in 1...20 {
        let limit = cut == .reset ? step * 3000 : nil
        // As many places as clients: one that is lost is missed in the second round.
        try serve(
          ring: sizes, options { $0.maxConnections = 6 }, session: Cutting(cut, at: step)
        ) { server in
          for round in 1...2 {
            for talker in try talk(server, resetAfter: limit) {
              #expect(Talker.reply.starts(with: talker.got), "step \(step)")
              if cut == .paused { #expect(talker.got.count == Talker.reply.count) }
              if let limit { #expect(talker.got.count >= limit) }
            }
            #expect(server.journal.wait { $0.closed == 6 * round })
          }
          aborted += server.journal.now.reasons.count { $0 == .aborted }
        }
      }
      #expect(cut != .aborted || aborted >= 12 * 3, "\(aborted) were aborted")
    }
  }
}
