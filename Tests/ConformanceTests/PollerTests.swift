import Glibc
import Switchboard
import TestSupport
import Testing

extension Conformance {
  /// The contract in `Readiness/Poller.swift`, on plain sockets.
  @Suite struct PollerContract {
    @Test("Readiness is reported in every wait, as long as it lasts", arguments: Backend.allCases)
    func levelTriggered(_ backend: Backend) throws {
      let bench = try Bench(backend)
      let (pair, key) = try bench.register(.read)
      #expect(try bench.reported() == [])
      pair.send("x")
      for _ in 0..<3 { #expect(try bench.reported() == [Event(key: key, readiness: .read)]) }
      pair.takeByte()
      #expect(try bench.reported() == [])
    }

    @Test("Room to send is reported until there is none", arguments: Backend.allCases)
    func writing(_ backend: Backend) throws {
      let bench = try Bench(backend)
      let (pair, key) = try bench.register(.write)
      for _ in 0..<3 { #expect(try bench.reported() == [Event(key: key, readiness: .write)]) }
      let count = pair.fill()
      #expect(try bench.reported() == [])
      #expect(pair.receive(count: count).count == count)
      #expect(try bench.reported() == [Event(key: key, readiness: .write)])
    }

    @Test("A change of interest holds from the next wait on", arguments: Backend.allCases)
    func changes(_ backend: Backend) throws {
      let bench = try Bench(backend)
      let (pair, key) = try bench.register(.read)
      pair.send("x")
      var old = Interest.read
      for new: Interest in [.write, [.read, .write], [], .read, [], [.read, .write], .write] {
        try bench.poller.set(pair.ours, new, was: old, key: key)
        let expected = new.asReadiness
        #expect(try bench.reported().map(\.readiness) == (new.isEmpty ? [] : [expected]))
        old = new
      }
    }

    @Test("What is removed is never reported again", arguments: Backend.allCases)
    func removal(_ backend: Backend) throws {
      let bench = try Bench(backend)
      let pairs = try (0..<5).map { _ in try bench.register([.read, .write]) }
      for (pair, _) in pairs { pair.send("x") }
      #expect(try bench.reported().count == 5)
      var left = Set(pairs.map(\.key))
      for (pair, key) in pairs.shuffled() {
        try bench.poller.set(pair.ours, nil, was: [.read, .write], key: key)
        left.remove(key)
        #expect(Set(try bench.reported().map(\.key)) == left)
      }
    }

    @Test("A number that is reused comes with its new key alone", arguments: Backend.allCases)
    func reuse(_ backend: Backend) throws {
      let bench = try Bench(backend)
      let (pair, key) = try bench.register(.read)
      pair.send("x")
      #expect(try bench.reported().map(\.key) == [key])
      for generation: UInt32 in 2..<6 {
        let old = Key(index: key.index, generation: generation - 1)
        try bench.poller.set(pair.ours, nil, was: .read, key: old)
        let new = Key(index: key.index, generation: generation)
        // Another connection under the same number, as after a close and an accept.
        let next = SocketPair()
        #expect(dup2(next.ours, pair.ours) == pair.ours)
        close(next.ours)
        try bench.poller.set(pair.ours, .read, was: nil, key: new)
        #expect(try bench.reported() == [])
        next.send("y")
        #expect(try bench.reported() == [Event(key: new, readiness: .read)])
      }
    }

    @Test("A key comes back untouched", arguments: Backend.allCases)
    func keys(_ backend: Backend) throws {
      let bench = try Bench(backend)
      var random = SeededGenerator(seed: 3)
      let edges: [UInt64] = [0, 1, .max, .max >> 1, 1 << 63, 0xFFFF_FFFF, 0xFFFF_FFFF << 32]
      let keys = (edges + (0..<20).map { _ in random.next() }).map(Key.init(rawValue:))
      for key in keys { _ = try bench.register(.write, key: key) }
      #expect(Set(try bench.reported().map(\.key)) == Set(keys))
    }

    @Test("A reset is told whatever the interest", arguments: Backend.allCases, Interest.all)
    func reset(_ backend: Backend, _ interest: Interest) throws {
      let bench = try Bench(backend)
      let (pair, key) = try bench.register(interest, overTCP: true)
      pair.reset()
      for _ in 0..<2 {
        let events = try bench.poller.wait(until: Linux().now() + .seconds(longestWait))
        #expect(events.map(\.key) == [key])
        let told = events.first?.readiness ?? []
        #expect(told.contains(.hangUp) || !told.isDisjoint(with: interest.asReadiness))
      }
    }

    @Test(
      "The end of both directions is told whatever the interest", arguments: Backend.allCases,
      Interest.all)
    func bothClosed(_ backend: Backend, _ interest: Interest) throws {
      let bench = try Bench(backend)
      let (pair, key) = try bench.register(interest, overTCP: true)
      shutdown(pair.ours, Int32(SHUT_WR))
      pair.finishSending()
      let events = try bench.poller.wait(until: Linux().now() + .seconds(longestWait))
      #expect(events.map(\.key) == [key])
    }

    @Test("A half-closed peer without interest does not end the wait", arguments: Backend.allCases)
    func halfClosed(_ backend: Backend) throws {
      let bench = try Bench(backend)
      let (pair, _) = try bench.register([], overTCP: true)
      pair.send("unread")
      pair.finishSending()
      let (start, waits) = (Linux().now(), bench.poller.kernel.ledger.waits)
      #expect(try bench.poller.wait(until: start + .milliseconds(150)) == [])
      #expect(Linux().now().since(start) >= .milliseconds(150))
      #expect(bench.poller.kernel.ledger.waits - waits < 10)
    }

    @Test("Half-closed is readable to those who want to read", arguments: Backend.allCases)
    func endOfStream(_ backend: Backend) throws {
      let bench = try Bench(backend)
      let (pair, key) = try bench.register(.read, overTCP: true)
      pair.finishSending()
      #expect(try bench.reported() == [Event(key: key, readiness: .read)])
    }

    @Test(
      "A descriptor beyond the set is refused, and nothing else changes",
      arguments: Backend.allCases)
    func beyondTheSet(_ backend: Backend) throws {
      try Linux().raiseDescriptorLimit()
      let bench = try Bench(backend)
      let (pair, key) = try bench.register(.read)
      pair.send("x")
      for least: Int32 in [1024, 1030, 1090] {
        let high = SocketPair()
        let number = fcntl(high.ours, F_DUPFD_CLOEXEC, least)
        try #require(number >= least)
        defer {
          close(number)
          close(high.ours)
        }
        let other = Key(index: 7, generation: 7)
        if backend == .select {
          let refused = RegistrationError.beyondSet(Descriptor(rawValue: number), capacity: 1024)
          #expect(throws: refused) { try bench.poller.set(number, .read, was: nil, key: other) }
          #expect(try bench.reported() == [Event(key: key, readiness: .read)])
        } else {
          try bench.poller.set(number, .write, was: nil, key: other)
          #expect(Set(try bench.reported().map(\.key)) == [key, other])
          try bench.poller.set(number, nil, was: .write, key: other)
        }
      }
    }
  }
}

extension Interest {
  static var all: [Interest] { [[], .read, .write, [.read, .write]] }
  var asReadiness: Readiness {
    (contains(.read) ? Readiness.read : []).union(contains(.write) ? .write : [])
  }
}

/// A poller, and the sockets that a test has it watch.
final class Bench {
  let poller: AnyPoller
  private var pairs: [SocketPair] = []

  init(_ backend: Backend) throws { poller = try backend.poller() }

  deinit { for pair in pairs { close(pair.ours) } }

  /// Watches one end of a new pair.
  func register(_ interest: Interest, key: Key? = nil, overTCP: Bool = false) throws
    -> (pair: SocketPair, key: Key)
  {
    let pair = SocketPair(overTCP: overTCP)
    let key = key ?? Key(index: UInt32(pairs.count), generation: 1)
    pairs.append(pair)
    poller.kernel.ledger.adopt(pair.ours)
    try poller.set(pair.ours, interest, was: nil, key: key)
    return (pair, key)
  }

  /// What a wait brings that does not wait.
  func reported(room: Int = 64) throws -> [Event] {
    try poller.wait(until: Linux().now(), room: room)
  }
}
