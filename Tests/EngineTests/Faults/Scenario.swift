@testable import Switchboard

/// What a few connections do, made of a seed: the same in every world.
struct Scenario: Sendable {
  enum Ending: Int, CaseIterable { case finish, close, reset, serverCloses, serverAborts }

  struct Plan: Sendable {
    var number: UInt8
    /// Sent one after the other, each when the reply to the one before is there.
    var pieces: [[UInt8]]
    var ending: Ending

    /// The first byte tells who it is.
    var sent: [UInt8] { [number] + pieces.joined() }
    var replies: [UInt8] { ScenarioSession.replies(to: sent) }
  }

  let seed: UInt64
  let plans: [Plan]

  init(seed: UInt64) {
    var random = SimulatedRandom(seed: seed)
    self.seed = seed
    plans = (1...random.within(1...6)).map { number in
      let ending = Ending.allCases[random.below(Ending.allCases.count)]
      var pieces = (0..<random.within(1...4)).map { _ in
        let size = [3, 40, 700, 5000, 70_000][random.below(5)]
        var piece = random.bytes(random.within(1...size)).map { min($0, 0xFA) }
        // The server pauses in the middle of it.
        if random.chance(0.3) { piece[random.below(piece.count)] = ScenarioSession.pause }
        return piece
      }
      switch ending {
      case .serverCloses: pieces.append([ScenarioSession.close])
      case .serverAborts: pieces.append([ScenarioSession.abort])
      default: break
      }
      return Plan(number: UInt8(number), pieces: pieces, ending: ending)
    }
  }
}

/// What each session was told, and each client.
struct ScenarioReport: Sendable {
  struct Life: Equatable, Sendable {
    var received: [UInt8] = []
    var hasEnded = false
    var reason = ""
  }
  var sessions: [UInt8: Life] = [:]
  /// What each client got, and how it ended.
  var clients: [UInt8: [UInt8]] = [:]
  var endings: [UInt8: String] = [:]

  /// The first thing that is not the same, nil when all is.
  func difference(to other: ScenarioReport) -> String? {
    for number in Set(sessions.keys).union(other.sessions.keys).sorted() {
      let (mine, its) = (sessions[number] ?? Life(), other.sessions[number] ?? Life())
      if mine.received != its.received {
        let place = zip(mine.received, its.received).enumerated().first { $1.0 != $1.1 }?.offset
        return "session \(number) received \(mine.received.count) and \(its.received.count) bytes, "
          + "different from \(place ?? min(mine.received.count, its.received.count)) on"
      }
      if mine != its {
        return "session \(number): ended \(mine.hasEnded), \(mine.reason); "
          + "ended \(its.hasEnded), \(its.reason)"
      }
    }
    for number in Set(clients.keys).union(other.clients.keys).sorted() {
      let (mine, its) = (clients[number] ?? [], other.clients[number] ?? [])
      if mine != its { return "client \(number) got \(mine.count) and \(its.count) bytes" }
      let (end, its2) = (endings[number] ?? "", other.endings[number] ?? "")
      if end != its2 { return "client \(number) saw \(end) and \(its2)" }
    }
    return nil
  }
}

/// Where sessions write down what they were told.
final class ScenarioNotes: Sendable {
  let report = Lock(ScenarioReport())

  func note(_ number: UInt8, _ change: (inout ScenarioReport.Life) -> Void) {
    report.withLock { change(&$0.sessions[number, default: ScenarioReport.Life()]) }
  }
}

/// Answers each byte with the next one, and does as it is told by some.
struct ScenarioSession: Session {
  static let pause: UInt8 = 0xFB
  static let abort: UInt8 = 0xFC
  static let close: UInt8 = 0xFD

  let notes: ScenarioNotes
  private var number: UInt8 = 0

  init(_ notes: ScenarioNotes) { self.notes = notes }

  static func replies(to bytes: [UInt8]) -> [UInt8] {
    bytes.dropFirst().flatMap { byte -> [UInt8] in
      switch byte {
      case abort: []
      case close: Array("bye".utf8)
      default: [byte &+ 1]
      }
    }
  }

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    let all = (0..<bytes.count).map { bytes[$0] }
    let isNew = number == 0
    if isNew { number = all[0] }
    notes.note(number) { $0.received += all }
    for byte in all.dropFirst(isNew ? 1 : 0) {
      switch byte {
      case Self.pause:
        connection.write(byte &+ 1)
        connection.pauseReading()
        connection.setTimer(after: .milliseconds(1))
      case Self.abort: connection.abort()
      case Self.close:
        connection.write("bye")
        connection.close()
      default: connection.write(byte &+ 1)
      }
    }
  }

  mutating func elapsed(_ connection: inout Connection) { connection.resumeReading() }
  mutating func ended(_ connection: inout Connection) {
    notes.note(number) { $0.hasEnded = true }
    connection.close()
  }
  mutating func closed(_ reason: CloseReason) {
    let name =
      switch reason {
      case .failed: "failed"
      default: "\(reason)"
      }
    notes.note(number) { $0.reason = name }
  }
}
