import Glibc
import Switchboard
import TestSupport
import Testing

@testable import SwitchboardBase
@testable import SwitchboardLoad

/// A protocol whose replies say how long they are, and what a server may write that speaks it.
private struct Spoken: Sendable {
  let speaking: LoadProtocol
  let exchange: LoadExchange
  /// The byte that each request has once.
  let marker: Character
  let good: [String]
  /// Replies that are whole and say that something is wrong; those with which a connection ends.
  let bad: [String]
  let last: [String]

  static let all = [
    Spoken(
      speaking: .http, exchange: LoadGenerator.get, marker: "G",
      good: [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 204 x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      ],
      bad: ["HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n"],
      last: [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.0 200 OK\r\n\r\nuntil the end",
      ]),
    Spoken(
      speaking: .resp, exchange: .resp([Array("PING".utf8)]), marker: "*",
      good: ["+PONG\r\n", "*2\r\n:1\r\n$3\r\nabc\r\n"], bad: ["-ERR no\r\n"], last: []),
    Spoken(
      speaking: .bytes, exchange: .bytes(Array("q\n".utf8), .until(Array("--".utf8))), marker: "q",
      good: ["a-b-c--", "--"], bad: [], last: []),
    Spoken(
      speaking: .bytes, exchange: .bytes(Array("q\n".utf8), .length(6)), marker: "q",
      good: ["hello\n"], bad: [], last: []),
    Spoken(
      speaking: .bytes, exchange: .bytes(Array("q\n".utf8), .bytes(Array("hello\n".utf8))),
      marker: "q", good: ["hello\n"], bad: [], last: []),
  ]
}

/// Answers, keeps silent, stalls, lies, takes its leave, closes or resets, as a seed has it.
private struct MoodyServer: Session {
  enum Mood: CaseIterable, Sendable {
    case good, bad, silent, slow, lying, parting, closing, closingWithin, aborting, talkative
  }

  let spoken: Spoken
  let moods: [Mood]
  private var count = 0
  private var owed = ""

  init(_ spoken: Spoken, _ moods: [Mood]) { (self.spoken, self.moods) = (spoken, moods) }

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    for index in bytes.indices where bytes[index] == spoken.marker.asciiValue {
      count += 1
      let mood = moods[count % moods.count]
      if answer(mood, &connection) { return }
    }
  }

  /// Whether the connection has ended.
  private mutating func answer(_ mood: Mood, _ connection: inout Connection) -> Bool {
    let good = spoken.good[count % spoken.good.count]
    switch mood {
    case .good: connection.write(good)
    case .bad: connection.write(spoken.bad.first ?? good)
    case .silent: break
    case .slow:
      owed += good
      connection.setTimer(after: .milliseconds(20))
    case .lying: connection.write("\u{1}\u{2}?!")
    case .talkative: connection.write(good + good)
    case .parting:
      connection.write(spoken.last.isEmpty ? good : spoken.last[count % spoken.last.count])
      connection.close()
    case .closing: connection.close()
    case .closingWithin:
      connection.write(String(good.dropLast()))
      connection.close()
    case .aborting: connection.abort()
    }
    return [.parting, .closing, .closingWithin, .aborting].contains(mood)
  }

  mutating func elapsed(_ connection: inout Connection) {
    connection.write(owed)
    owed = ""
  }
}

extension LoadGenerator {
  @Test func `Whatever is spoken and however it is answered, each request comes to one end`() throws
  {
    for seed in 1...Self.conservationRuns {
      var chance = Chance(seed: UInt64(seed + 5000))
      let spoken = Spoken.all[seed % Spoken.all.count]
      let few = (0..<3).map { _ in MoodyServer.Mood.allCases.randomElement(using: &chance)! }
      let moods = seed % 4 == 0 ? few : few.prefix(2) + Array(repeating: .good, count: 12)
      try serving(MoodyServer(spoken, moods)) { port, handle in
        var options = Self.options(port, &chance)
        (options.speaking, options.exchange) = (spoken.speaking, spoken.exchange)
        let run = LoadRun(options)
        if seed % 7 == 0 { stopSoon(run, after: chance.next() % 60) }
        let result = try? run.run(whenConnected: { if seed % 9 == 0 { handle.stop() } })
        guard let result else { return }
        expectBalance(result, options, "seed \(seed): \(options), \(moods)")
      }
    }
  }

  @Test func `A server of HTTP that takes its leave all the time loses nothing`() throws {
    let spoken = Spoken.all[0]
    for seed in 1...Self.conservationRuns / 4 {
      var chance = Chance(seed: UInt64(seed + 9000))
      let moods = (0..<5).map { _ in Bool.random(using: &chance) ? .good : MoodyServer.Mood.parting
      }
      try serving(MoodyServer(spoken, moods)) { port, _ in
        var options = Self.options(port, &chance)
        (options.speaking, options.exchange) = (spoken.speaking, spoken.exchange)
        (options.timeout, options.burst) = (.seconds(longestWait), 1)
        let result = try LoadRun(options).run()
        #expect(result.failures == LoadFailures(), "seed \(seed): \(options), \(moods)")
        #expect(result.all.isBalanced && result.all.unanswered == 0, "seed \(seed): \(result.all)")
      }
    }
  }
}
