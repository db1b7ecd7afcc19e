import Testing

@testable import Switchboard

/// Two threads and what they share, step by step. A side is run again from its beginning for each of its steps: it
/// is told what it was told before, does one thing more, and from there on nothing it does counts.
private final class Threads: @unchecked Sendable {
  struct Memory: Hashable {
    var bits = [false, false]
    var letters = 0
    var wakes = 0
    /// What each side has been told.
    var told: [[Bool]] = [[], []]
  }

  enum Progress { case stepped, blocked, ended }

  var memory = Memory()
  private var side = 0
  private var place = 0
  private var hasStepped = false
  private(set) var isOver = false
  private var isBlocked = false

  /// One step of whoever is running.
  func step(_ change: (inout Memory) -> Bool) -> Bool { step(true, change) }

  /// The same, which can be made when there is a wake-up.
  func sleep() {
    _ = step(memory.wakes > 0) { memory in
      memory.wakes = 0
      return true
    }
  }

  private func step(_ canStep: Bool, _ change: (inout Memory) -> Bool) -> Bool {
    if isOver { return false }
    if place < memory.told[side].count {
      defer { place += 1 }
      return memory.told[side][place]
    }
    guard !hasStepped, canStep else {
      (isOver, isBlocked) = (true, !hasStepped)
      return false
    }
    let told = change(&memory)
    memory.told[side].append(told)
    (hasStepped, place) = (true, place + 1)
    return told
  }

  /// One step more of a side.
  func advance(_ side: Int, _ program: (Threads) -> Void) -> Progress {
    (self.side, place, hasStepped, isOver, isBlocked) = (side, 0, false, false, false)
    program(self)
    return hasStepped ? .stepped : isBlocked ? .blocked : .ended
  }
}

private struct SteppedBit: SharedBit {
  let threads: Threads
  let place: Int
  func load() -> Bool { threads.step { $0.bits[place] } }
  func store(_ value: Bool) { _ = exchange(value) }
  func exchange(_ value: Bool) -> Bool {
    threads.step { memory in
      defer { memory.bits[place] = value }
      return memory.bits[place]
    }
  }
  func loadRelaxed() -> Bool { load() }
  func storeRelaxed(_ value: Bool) { store(value) }
}

/// Whoever posts and the loop, in every order.
@Suite("Mail, in every order")
struct MailOrderTests {
  private struct Outcome {
    var states = 0
    /// The loop sleeps, nobody will wake it, and letters lie there.
    var lost = 0
  }

  private static let letters = 3

  private static func bits(_ threads: Threads) -> MailBits<SteppedBit> {
    MailBits(
      hasMail: SteppedBit(threads: threads, place: 0),
      isAsleep: SteppedBit(threads: threads, place: 1))
  }

  private static func post(_ threads: Threads, raise: (Threads) -> Bool) {
    for _ in 0..<letters where !threads.isOver {
      _ = threads.step { memory in
        memory.letters += 1
        return true
      }
      guard raise(threads), !threads.isOver else { continue }
      _ = threads.step { memory in
        memory.wakes += 1
        return true
      }
    }
  }

  /// As `EventLoop` does it: sleeps if it may, is woken, takes what is there.
  private static func serve(_ threads: Threads) {
    let bits = bits(threads)
    while !threads.isOver {
      if bits.fallAsleep(), !threads.isOver {
        threads.sleep()
      }
      if !threads.isOver, bits.takeUp(), !threads.isOver {
        _ = threads.step { memory in
          memory.letters = 0
          return true
        }
      }
    }
  }

  private func everyOrder(raise: @escaping (Threads) -> Bool) -> Outcome {
    let programs: [(Threads) -> Void] = [
      { Self.post($0, raise: raise) }, { Self.serve($0) },
    ]
    var outcome = Outcome()
    var seen: Set<Threads.Memory> = []
    var open = [Threads.Memory()]
    let threads = Threads()
    while let memory = open.popLast() {
      guard seen.insert(memory).inserted else { continue }
      var progress: [Threads.Progress] = []
      for side in programs.indices {
        threads.memory = memory
        progress.append(threads.advance(side, programs[side]))
        if progress[side] == .stepped { open.append(threads.memory) }
      }
      if progress == [.ended, .blocked], memory.letters > 0 { outcome.lost += 1 }
    }
    outcome.states = seen.count
    return outcome
  }

  @Test("No letter lies there while the loop sleeps")
  func orders() {
    let outcome = everyOrder { Self.bits($0).raise() }
    #expect(outcome.lost == 0)
    #expect(outcome.states > 100, "not many orders")
  }

  @Test("A flag that looks before it tells would lose one")
  func wrongOrder() {
    let outcome = everyOrder { threads in
      let (mail, sleep) = (
        SteppedBit(threads: threads, place: 0), SteppedBit(threads: threads, place: 1)
      )
      let wakes = sleep.exchange(false)
      mail.store(true)
      return wakes
    }
    #expect(outcome.lost > 0)
  }
}
