import Switchboard
import TestSupport
import Testing

// snippet metronome
/// Whom a loop's beat is for.
final class Orchestra {
  var players: [Key] = []
}

struct Player: Session {
  mutating func opened(_ connection: inout Connection) {
    connection.loopLocal { Orchestra() }.players.append(connection.key)
  }
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
  mutating func elapsed(_ connection: inout Connection) { connection.write("tock\n") }
}

/// Calls every player four thousand times a second.
final class Metronome: LoopPacer {
  private var beat = Instant(nanoseconds: 0)
  private var place = 0

  func next(_ moment: borrowing LoopMoment) -> LoopPace {
    let players = moment.loopLocal { Orchestra() }.players
    if place < players.count {
      place += 1
      return .call(players[place - 1])
    }
    if moment.now < beat { return .wait(until: beat) }
    (beat, place) = (moment.now + .microseconds(250), 0)
    return .wait(until: moment.now)
  }
}
// end

@Suite struct PacerExampleTests {
  @Test func `The metronome of the documentation beats`() throws {
    let paced = { (server: inout Server) in server.pace { _ in Metronome() } }
    try serving(Player(), configure: paced) { port, _ in
      let callers = try (0..<3).map { _ in try Caller(to: port) }
      for caller in callers { try caller.expect("tock\ntock\ntock\n") }
    }
  }
}
