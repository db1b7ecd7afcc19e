import Glibc
import Switchboard
import TestSupport
import Testing

extension Conformance {
  /// The contract about `wait`: when it ends, and whose turn it is when not all fit.
  @Suite struct PollerWaiting {
    @Test("A wait does not end before its deadline", arguments: Backend.allCases)
    func deadline(_ backend: Backend) throws {
      let bench = try Bench(backend)
      _ = try bench.register(.read)
      for microseconds in [0, 1, 999, 1000, 1001, 20_500] {
        let deadline = Linux().now() + .microseconds(microseconds)
        #expect(try bench.poller.wait(until: deadline) == [])
        #expect(Linux().now() >= deadline)
      }
      #expect(try bench.poller.wait(until: Instant(nanoseconds: 0)) == [])
    }

    @Test("A wait without deadline ends with what another thread does", arguments: Backend.allCases)
    func wokenFromAnotherThread(_ backend: Backend) throws {
      let bench = try Bench(backend)
      let (pair, key) = try bench.register(.read)
      let number = pair.theirs
      let thread = try LoopThread {
        var byte: UInt8 = 1
        write(number, &byte, 1)
      }
      #expect(try bench.poller.wait(until: nil).map(\.key) == [key])
      thread.join()
    }

    @Test("A signal does not end a wait", arguments: Backend.allCases)
    func signals(_ backend: Backend) throws {
      try withInterruptingSignal { signal in
        let bench = try Bench(backend)
        _ = try bench.register(.read)
        let waiting = pthread_self()
        let isOver = Monitor(false)
        let thread = try LoopThread {
          while !isOver.wait(milliseconds: 2, until: { $0 }) { pthread_kill(waiting, signal) }
        }
        let deadline = Linux().now() + .milliseconds(150)
        let events = try bench.poller.wait(until: deadline)
        let end = Linux().now()
        isOver.with { $0 = true }
        thread.join()
        #expect(events == [])
        #expect(end >= deadline && end.since(deadline) < .seconds(longestWait))
        #expect(interruptions > 0)
      }
    }

    @Test("When not all fit, later waits bring the others first", arguments: Backend.allCases)
    func turns(_ backend: Backend) throws {
      let bench = try Bench(backend)
      let pairs = try (0..<7).map { _ in try bench.register(.read) }
      for (pair, _) in pairs { pair.send("x") }
      for room in 1...7 {
        let rounds = (7 + room - 1) / room
        for _ in 0..<5 {
          var seen: Set<Key> = []
          for _ in 0..<rounds {
            let events = try bench.reported(room: room)
            #expect(events.count == room)
            seen.formUnion(events.map(\.key))
          }
          #expect(seen.count == 7, "room for \(room)")
        }
      }
    }

    @Test("Broken peers that stay do not hide the others", arguments: Backend.allCases)
    func turnsWithHangUps(_ backend: Backend) throws {
      let bench = try Bench(backend)
      let broken = try (0..<4).map { _ in try bench.register([], overTCP: true) }
      let readable = try (0..<3).map { _ in try bench.register(.read) }
      for (pair, _) in broken { pair.reset() }
      for (pair, _) in readable { pair.send("x") }
      for room in [1, 2, 3, 7] {
        var seen: Set<Key> = []
        for _ in 0..<(2 * 7 / room + 2) {
          seen.formUnion(try bench.reported(room: room).map(\.key))
        }
        #expect(seen.count == 7, "room for \(room)")
      }
    }

    @Test("A thousand random steps agree with a model", arguments: Backend.allCases, [1, 2, 3])
    func model(_ backend: Backend, _ seed: UInt64) throws {
      struct Watched {
        let pair: SocketPair
        let key: Key
        var interest: Interest
        var isReadable = false
        var expected: Readiness {
          isReadable && interest == .read ? .read : []
        }
      }
      var random = SeededGenerator(seed: seed)
      let bench = try Bench(backend)
      var all = try (0..<90).map { _ in
        let (pair, key) = try bench.register(.read)
        return Watched(pair: pair, key: key, interest: .read)
      }
      for _ in 0..<1000 {
        // Mostly readable in runs, so that whole stretches of numbers are quiet.
        let first = Int.random(in: 0..<90, using: &random)
        let readable = Bool.random(using: &random)
        for at in first..<min(90, first + Int.random(in: 1...40, using: &random))
        where all[at].isReadable != readable {
          if readable { all[at].pair.send("x") } else { all[at].pair.takeByte() }
          all[at].isReadable = readable
        }
        let at = Int.random(in: 0..<90, using: &random)
        let interest: Interest = Int.random(in: 0..<9, using: &random) == 0 ? [] : .read
        try bench.poller.set(
          all[at].pair.ours, interest, was: all[at].interest, key: all[at].key)
        all[at].interest = interest

        let room = Int.random(in: 1...90, using: &random)
        let events = try bench.reported(room: room)
        let ready = all.filter { !$0.expected.isEmpty }
        #expect(events.count == min(room, ready.count))
        #expect(Set(events.map(\.key)).count == events.count, "one came twice")
        for event in events {
          #expect(event.readiness == all[Int(event.key.index)].expected)
        }
      }
    }
  }
}

/// How often a signal has come. Changed by the handler alone.
nonisolated(unsafe) private var interruptions = 0

/// Lets SIGUSR1 interrupt this thread's system calls while `body` runs.
private func withInterruptingSignal(_ body: (Int32) throws -> Void) rethrows {
  interruptions = 0
  var (action, old) = (sigaction(), sigaction())
  action.__sigaction_handler.sa_handler = { _ in interruptions += 1 }
  sigaction(SIGUSR1, &action, &old)
  // The threads that tests run in have all signals blocked.
  var (signals, before) = (sigset_t(), sigset_t())
  sigemptyset(&signals)
  sigaddset(&signals, SIGUSR1)
  pthread_sigmask(SIG_UNBLOCK, &signals, &before)
  defer {
    pthread_sigmask(SIG_SETMASK, &before, nil)
    sigaction(SIGUSR1, &old, nil)
  }
  try body(SIGUSR1)
}
