import Glibc
import TestSupport
import Testing

@testable import Switchboard

/// Names whose service holds every call as long as its gate is closed; those that are called `well` it answers.
private final class GatedNames: NameService {
  let gate = Gate()
  private let called = Lock<[String]>([])
  var calls: [String] { called.withLock { $0 } }

  func addresses(of name: String, _ family: SocketAddress.Family) throws(LookUpFailure.Reason)
    -> [SocketAddress]
  {
    called.withLock { $0.append(name) }
    if !name.hasPrefix("well") { gate.hold() }
    if name == "failing" { throw .serverFailing }
    return [.loopback(family, port: 0), .any(family, port: 0), .loopback(family, port: 0)]
  }
}

/// Answers, by who asked.
private final class Answers: Sendable {
  private let all = Lock<[Int: [Resolver.Answer]]>([:])
  func writer(_ asker: Int = 0) -> @Sendable (Resolver.Answer) -> Void {
    { answer in self.all.withLock { $0[asker, default: []].append(answer) } }
  }
  var count: Int { all.withLock { $0.count } }
  /// The one that an asker got; nil if he got none, or several.
  subscript(asker: Int) -> Resolver.Answer? {
    all.withLock { all in all[asker].flatMap { $0.count == 1 ? $0[0] : nil } }
  }
  func reason(_ asker: Int = 0) -> LookUpFailure.Reason? {
    guard case .failure(let failure) = self[asker] else { return nil }
    return failure.reason
  }
}

extension Resolver {
  fileprivate var desk: LookUpDesk { lookUps as! LookUpDesk }
}

extension Engine {
  @Suite struct Resolving {
    private func resolver(
      _ names: any NameService, threads: Int = 8, limit: Int = 4096,
      idleTime: Duration = .seconds(3600),
      startThread: @escaping LookUpDesk.StartThread = { (body) throws(SystemError) in
        try LoopThread(body).detach()
      }
    ) -> Resolver {
      Resolver(names, threads: threads, limit: limit, idleTime: idleTime, startThread: startThread)
    }

    @Test("The answer has the port that was asked for and each address once")
    func answer() throws {
      let answers = Answers()
      let resolver = resolver(GatedNames())
      resolver.lookUp("well", .v6, port: 77, answer: answers.writer())
      #expect(eventually { answers.count == 1 })
      #expect(try answers[0]?.get() == [.loopback(.v6, port: 77), .any(.v6, port: 77)])
    }

    @Test("1,000 look-ups of a dead server end by their deadlines, none before; threads stay few")
    func dead() {
      let (names, answers, early) = (GatedNames(), Answers(), Lock(0))
      let resolver = resolver(names, threads: 3, idleTime: .milliseconds(1))
      for asker in 0..<1_000 {
        let time = Duration.milliseconds(20 + asker % 50)
        let deadline = Linux().now() + time
        resolver.lookUp("n\(asker)", .v4, port: 1, within: time) { answer in
          if Linux().now() < deadline { early.withLock { $0 += 1 } }
          answers.writer(asker)(answer)
        }
      }
      #expect(eventually { answers.count == 1_000 })
      for asker in 0..<1_000 {
        #expect(answers.reason(asker) == .timedOut(.milliseconds(20 + asker % 50)))
      }
      #expect(early.withLock { $0 } == 0 && resolver.desk.count == 0)
      #expect(names.calls.count <= 3 && resolver.desk.threads <= 4)
      // The server is back: whoever was stuck goes on, and ends when there is nothing to do.
      names.gate.open()
      #expect(eventually { resolver.desk.threads == 0 })
      resolver.lookUp("well", .v4, port: 1, answer: answers.writer(1_000))
      #expect(eventually { answers[1_000] != nil })
      #expect(throws: Never.self) { try answers[1_000]?.get() }
    }

    @Test("A name that hangs keeps no other waiting, and addresses wait for no thread at all")
    func others() {
      let (names, answers) = (GatedNames(), Answers())
      let resolver = resolver(names, threads: 2)
      resolver.lookUp("stuck", .v4, port: 1, within: .seconds(3600), answer: answers.writer(0))
      #expect(eventually { names.gate.total == 1 })
      for asker in 1...20 {
        resolver.lookUp("well", .v4, port: 1, answer: answers.writer(asker))
        #expect(eventually { answers[asker] != nil })
      }
      resolver.lookUp("stuck too", .v4, port: 1, within: .seconds(3600), answer: answers.writer(21))
      #expect(eventually { names.gate.total == 2 })
      for (asker, name) in [(22, "192.0.2.1"), (23, "localhost"), (24, "")] {
        resolver.lookUp(name, .v4, port: 1, answer: answers.writer(asker))
        #expect(answers[asker] != nil)
      }
      #expect(answers.reason(24) == .notAName && answers.reason(23) == nil)
      #expect(answers[0] == nil && answers[21] == nil && resolver.desk.threads == 3)
      names.gate.open()
      #expect(eventually { answers[0] != nil && answers[21] != nil })
    }

    @Test("Who asks the same at once shares a call; both families are two")
    func sharing() {
      let (names, answers) = (GatedNames(), Answers())
      let resolver = resolver(names)
      for asker in 0..<100 {
        resolver.lookUp(
          "failing", asker % 2 == 0 ? .v4 : .v6, port: 1, within: .seconds(3600),
          answer: answers.writer(asker))
      }
      #expect(eventually { names.gate.total == 2 })
      names.gate.open()
      #expect(eventually { answers.count == 100 })
      #expect((0..<100).allSatisfy { answers.reason($0) == .serverFailing })
      #expect(names.calls.count == 2)
    }

    @Test("Beyond the bound it is refused at once; what is cancelled is not answered")
    func bounds() {
      let (names, answers) = (GatedNames(), Answers())
      let resolver = resolver(names, threads: 1, limit: 2)
      let first = resolver.lookUp(
        "a", .v4, port: 1, within: .seconds(3600), answer: answers.writer(0))
      resolver.lookUp("b", .v4, port: 1, within: .seconds(3600), answer: answers.writer(1))
      resolver.lookUp("c", .v4, port: 1, answer: answers.writer(2))
      #expect(answers.reason(2) == .queueFull(limit: 2))
      #expect(first.cancel() && !first.cancel())
      #expect(!resolver.lookUp("127.0.0.1", .v4, port: 1, answer: answers.writer(3)).cancel())
      names.gate.open()
      #expect(eventually { answers[1] != nil })
      #expect(answers[0] == nil && answers.count == 3)
    }

    @Test("Let go, it answers what was asked, and its threads end at once")
    func letGo() {
      let (names, answers) = (GatedNames(), Answers())
      weak var desk: LookUpDesk?
      do {
        let resolver = resolver(names, threads: 2)
        desk = resolver.desk
        // Both workers are in calls, and one look-up waits for a thread.
        for (asker, name) in ["a", "b"].enumerated() {
          resolver.lookUp(
            name, .v4, port: 1, within: .seconds(3600), answer: answers.writer(asker))
        }
        #expect(eventually { names.gate.total == 2 })
        resolver.lookUp("c", .v4, port: 1, within: .milliseconds(1), answer: answers.writer(2))
      }
      #expect(eventually { answers.reason(2) == .timedOut(.milliseconds(1)) })
      #expect(desk != nil && answers.count == 1)
      names.gate.open()
      #expect(eventually { answers.count == 3 && desk == nil })
    }

    @Test("Let go, idle threads end at once, too")
    func letGoIdle() {
      let answers = Answers()
      weak var desk: LookUpDesk?
      do {
        let resolver = resolver(GatedNames())
        desk = resolver.desk
        for asker in 0..<3 {
          resolver.lookUp(
            "well\(asker)", .v4, port: 1, within: .milliseconds(20),
            answer: answers.writer(asker))
        }
        #expect(eventually { answers.count == 3 })
      }
      #expect(eventually { desk == nil })
    }

    @Test("Threads that nobody needs end by themselves, when the resolver is let go as well")
    func idle() {
      let answers = Answers()
      weak var desk: LookUpDesk?
      do {
        let resolver = resolver(GatedNames(), threads: 4, idleTime: .milliseconds(1))
        desk = resolver.desk
        for asker in 0..<20 {
          // Answered or not: the watch sleeps until then.
          resolver.lookUp(
            "well\(asker)", .v4, port: 1, within: .milliseconds(20),
            answer: answers.writer(asker))
          if asker % 5 == 4 { #expect(eventually { resolver.desk.threads == 0 }) }
        }
        #expect(answers.count == 20)
      }
      #expect(eventually { desk == nil })
    }

    @Test("Where no thread can be started, all who would wait for it are told", arguments: [0, 1])
    func noThreads(_ allowed: Int) {
      let (answers, started) = (Answers(), Lock(0))
      let resolver = resolver(GatedNames()) { (body) throws(SystemError) in
        let number = started.withLock { count in
          defer { count += 1 }
          return count
        }
        guard number < allowed else { throw SystemError(.startThread, .wouldBlock) }
        try LoopThread(body).detach()
      }
      for asker in 0..<3 {
        resolver.lookUp(
          "well\(asker)", .v4, port: 1, within: .seconds(3600), answer: answers.writer(asker))
        #expect(answers.reason(asker) == .noThread(SystemError(.startThread, .wouldBlock)))
      }
      #expect(resolver.desk.count == 0)
    }

    @Test("Of several workers one that cannot be started is done without")
    func fewThreads() {
      let (names, answers, started) = (GatedNames(), Answers(), Lock(0))
      // The watch and one worker.
      let resolver = resolver(names) { (body) throws(SystemError) in
        let number = started.withLock { count in
          defer { count += 1 }
          return count
        }
        guard number < 2 else { throw SystemError(.startThread, .wouldBlock) }
        try LoopThread(body).detach()
      }
      for (asker, name) in ["stuck", "well1", "well2"].enumerated() {
        resolver.lookUp(name, .v4, port: 1, within: .seconds(3600), answer: answers.writer(asker))
      }
      #expect(answers.count == 0)
      names.gate.open()
      #expect(eventually { answers.count == 3 })
      #expect((0..<3).allSatisfy { answers[$0] != nil && answers.reason($0) == nil })
    }

    @Test("An answer may ask again")
    func again() {
      let answers = Answers()
      let resolver = resolver(GatedNames())
      resolver.lookUp("well", .v4, port: 1) { answer in
        answers.writer(0)(answer)
        resolver.lookUp("well", .v6, port: 1, answer: answers.writer(1))
      }
      #expect(eventually { answers[1] != nil })
      #expect(answers[0] != nil)
    }

    @Test("The system's names: /etc/hosts, and what it will not even ask for")
    func system() throws {
      let names = SystemNames()
      #expect(try names.addresses(of: "localhost", .v4).contains(.loopback(.v4, port: 0)))
      #expect(throws: LookUpFailure.Reason.noSuchName) {
        try names.addresses(of: "no such host", .v4)
      }
      #expect(throws: LookUpFailure.Reason.self) { try names.addresses(of: "192.0.2.1", .v6) }
    }
  }
}
