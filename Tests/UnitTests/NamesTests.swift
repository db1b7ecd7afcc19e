import Testing

@testable import Switchboard

/// Names under given time: the rules of a resolver's queue, and what Happy Eyeballs makes of its answers.
@Suite("Names under given time")
struct NamesTests {
  private static let address = SocketAddress.any(.v4, port: 7)

  /// What was answered, each with the moment until which time had gone on.
  private final class Journal: Sendable {
    private let lines = Lock<[(asker: Int, answer: Resolver.Answer)]>([])
    func writer(_ asker: Int) -> @Sendable (Resolver.Answer) -> Void {
      { answer in self.lines.withLock { $0.append((asker, answer)) } }
    }
    var all: [(asker: Int, answer: Resolver.Answer)] { lines.withLock { $0 } }
    var reasons: [LookUpFailure.Reason?] {
      all.map { line in
        guard case .failure(let failure) = line.answer else { return nil }
        return failure.reason
      }
    }
  }

  @Test("1,000 look-ups of a dead server all end at their deadlines, and not before")
  func dead() {
    let (names, journal) = (SimulatedNames(threads: 4), Journal())
    for asker in 0..<1_000 {
      names.set("n\(asker)", .v4, .init(answer: .success([Self.address]), delay: nil))
      let number = names.lookUp(
        "n\(asker)", .v4, port: 9, within: .milliseconds(100 + asker), at(0),
        answer: journal.writer(asker))
      #expect(number != nil)
    }
    #expect(names.busyThreads == 4 && names.count == 1_000)
    for step in [99, 100, 599, 1_098, 1_099] {
      names.advance(to: at(step))
      #expect(journal.all.count == max(0, step - 99))
    }
    #expect(journal.all.map(\.asker) == Array(0..<1_000))
    #expect(
      journal.reasons.enumerated().allSatisfy {
        $0.element == .timedOut(.milliseconds(100 + $0.offset))
      })
    #expect(names.count == 0 && names.wakesAt == nil)
  }

  @Test(
    "Names of a dead server delay no others while a thread is free, and then their deadlines end it"
  )
  func others() {
    let (names, journal) = (SimulatedNames(threads: 2), Journal())
    names.set("dead", .v4, .init(answer: .success([]), delay: nil))
    names.set("well", .v4, .init(answer: .success([Self.address]), delay: .milliseconds(3)))
    let ask = { (name: String, asker: Int, time: Int) in
      names.advance(to: at(time))
      _ = names.lookUp(
        name, .v4, port: 9, within: .milliseconds(100), at(time),
        answer: journal.writer(asker))
    }
    ask("dead", 0, 0)
    ask("well", 1, 0)
    names.advance(to: at(3))
    #expect(journal.all.map(\.asker) == [1])
    // A crowd that asks for the same costs no thread more.
    for asker in 2..<50 { ask("dead", asker, 4) }
    ask("well", 50, 5)
    names.advance(to: at(8))
    #expect(journal.all.map(\.asker) == [1, 50] && names.busyThreads == 1)
    names.advance(to: at(1_000))
    #expect(names.count == 0 && journal.all.count == 51)
    // Both threads are stuck now: addresses in numbers and this machine do not notice.
    ask("dead", 51, 1_000)
    ask("well", 52, 1_000)
    ask("192.0.2.1", 53, 1_000)
    ask("localhost", 54, 1_000)
    #expect(journal.all.suffix(2).map(\.asker) == [53, 54])
    #expect(names.busyThreads == 2 && journal.reasons.suffix(2) == [nil, nil])
    names.advance(to: at(1_100))
    #expect(
      journal.reasons.suffix(2) == [.timedOut(.milliseconds(100)), .timedOut(.milliseconds(100))])
  }

  @Test(
    "An answer at the deadline is in time; zero answers, doubles and foreign ones are seen through")
  func answers() throws {
    let (names, journal) = (SimulatedNames(), Journal())
    let (a, b) = (SocketAddress.loopback(.v4, port: 1), SocketAddress.any(.v4, port: 2))
    names.set(
      "due", .v4, .init(answer: .success([b, a, b, .any(.v6, port: 3)]), delay: .seconds(1)))
    names.set("none", .v4, .init(answer: .success([])))
    names.set("foreign", .v4, .init(answer: .success([.any(.v6, port: 3)])))
    names.set("failing", .v4, .init(answer: .failure(.serverFailing)))
    for (asker, name) in ["due", "none", "foreign", "failing", "unknown", ""].enumerated() {
      _ = names.lookUp(
        name, .v4, port: 9, within: .seconds(1), at(0), answer: journal.writer(asker))
    }
    names.advance(to: at(1_000))
    let byAsker = Dictionary(uniqueKeysWithValues: zip(journal.all.map(\.asker), journal.reasons))
    #expect(byAsker[1] == .some(.noAddress) && byAsker[2] == .some(.noAddress))
    #expect(byAsker[3] == .some(.serverFailing) && byAsker[4] == .some(.noSuchName))
    #expect(byAsker[5] == .some(.notAName))
    let due = try #require(journal.all.last { $0.asker == 0 })
    #expect(try due.answer.get().map(\.description) == ["0.0.0.0:9", "127.0.0.1:9"])
  }

  @Test("What is beyond the bound is refused at once; what is cancelled is not answered")
  func bounds() {
    let (names, journal) = (SimulatedNames(threads: 1, limit: 2), Journal())
    names.set("dead", .v4, .init(answer: .success([]), delay: nil))
    let number = names.lookUp(
      "dead", .v4, port: 9, within: .seconds(1), at(0), answer: journal.writer(0))
    for asker in 1..<3 {
      _ = names.lookUp(
        "dead", .v4, port: 9, within: .seconds(1), at(0), answer: journal.writer(asker))
    }
    #expect(journal.all.map(\.asker) == [2] && journal.reasons == [.queueFull(limit: 2)])
    #expect(number.map { names.cancel($0) } == true && number.map { names.cancel($0) } == false)
    names.advance(to: at(5_000))
    #expect(journal.all.map(\.asker) == [2, 1])
  }

  /// When a connection over IPv4 is there, where IPv6 is swallowed and both look-ups take so long; nil for never.
  private func connectsAt(six: Int?, four: Int?, sixIsSwallowed: Bool) -> Int? {
    let (names, journal) = (SimulatedNames(), Journal())
    let found = [six, four].map { $0.map { Duration.milliseconds($0) } }
    names.set("db", .v6, .init(answer: .success([.any(.v6, port: 1)]), delay: found[0]))
    names.set("db", .v4, .init(answer: .success([.any(.v4, port: 1)]), delay: found[1]))
    for (asker, family) in [SocketAddress.Family.v6, .v4].enumerated() {
      _ = names.lookUp(
        "db", family, port: 1, within: .seconds(10), at(0), answer: journal.writer(asker))
    }
    var eyes = HappyEyeballs(to: .host("db", port: 1), times: ConnectTimes(), at(0))
    var told = 0
    for _ in 0..<40 {
      guard let next = [names.wakesAt, eyes.wakesAt].compactMap(\.self).min() else { return nil }
      names.advance(to: next)
      var steps = eyes.elapsed(next)
      for (asker, answer) in journal.all[told...] {
        let family: SocketAddress.Family = asker == 0 ? .v6 : .v4
        switch answer {
        case .success(let addresses): steps += eyes.found(addresses, family, next)
        case .failure(let failure): steps += eyes.lookUpFailed(failure, next)
        }
      }
      told = journal.all.count
      for case .start(let attempt) in steps
      where attempt.address.family == .v4 || !sixIsSwallowed {
        guard !eyes.connected(attempt.number).isEmpty else { continue }
        return Int(next.since(at(0)) / .milliseconds(1))
      }
      if eyes.isOver { return nil }
    }
    return nil
  }

  @Test("A hole for IPv6, A before AAAA, AAAA never: when there is a connection")
  func eyes() {
    #expect(connectsAt(six: 5, four: 5, sixIsSwallowed: false) == 5)
    #expect(connectsAt(six: 5, four: 5, sixIsSwallowed: true) == 255)
    #expect(connectsAt(six: 40, four: 5, sixIsSwallowed: false) == 40)
    #expect(connectsAt(six: 40, four: 5, sixIsSwallowed: true) == 290)
    #expect(connectsAt(six: 80, four: 5, sixIsSwallowed: true) == 55)
    #expect(connectsAt(six: nil, four: 5, sixIsSwallowed: false) == 55)
    #expect(connectsAt(six: 5, four: nil, sixIsSwallowed: false) == 5)
    #expect(connectsAt(six: 5, four: nil, sixIsSwallowed: true) == nil)
    #expect(connectsAt(six: nil, four: nil, sixIsSwallowed: false) == nil)
  }
}
