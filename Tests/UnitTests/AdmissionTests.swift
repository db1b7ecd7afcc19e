import Testing

@testable import Switchboard

/// When a loop that does not accept tries again.
@Suite("Whether a loop accepts")
struct AdmissionTests {
  private func retries(_ reason: LoopNotice.Pause, isEmpty: Bool = false) -> Bool {
    var state = Admission()
    _ = state.begin(reason, isEmpty: isEmpty, Instant(nanoseconds: 0), entropy: 0)
    return state.retryAt != nil
  }

  @Test("A registration that the system refused does not stop accepting until a peer leaves")
  func refused() {
    let noMemory = SystemError(.epollControl, .outOfMemory)
    #expect(retries(.refused(.system(noMemory))))
    #expect(retries(.failed(SystemError(.accept, .descriptorLimit))))
    // Others in the process may give back a number that select can hold.
    let beyond = RegistrationError.beyondSet(Descriptor(rawValue: 1024), capacity: 1024)
    #expect(retries(.refused(beyond)))
  }

  @Test("While no number below select's wall is free, nobody else is accepted and refused")
  func beyondSet() throws {
    var state = Admission()
    let now = Instant(nanoseconds: 0)
    let beyond = RegistrationError.beyondSet(Descriptor(rawValue: 7), capacity: 3)
    _ = state.begin(.refused(beyond), isEmpty: false, now, entropy: 0)
    var goesOn = state.tryAgain(hasRoom: true, now, Linux())
    #expect(!goesOn && state.retryAt != nil)
    _ = state.begin(
      .refused(.beyondSet(Descriptor(rawValue: 7), capacity: .max)), isEmpty: false, now,
      entropy: 0)
    goesOn = state.tryAgain(hasRoom: true, now, Linux())
    #expect(goesOn && state.retryAt == nil)
  }

  @Test("Accepting goes on where it had paused and there is room; else a close is waited for")
  func goesOn() {
    let now = Instant(nanoseconds: 0)
    var state = Admission()
    var goesOn = state.tryAgain(hasRoom: true, now, Linux())
    #expect(!goesOn)
    for reason in [
      .connectionLimit(5), .failed(SystemError(.accept, .descriptorLimit)),
    ] as [LoopNotice.Pause] {
      state = Admission()
      _ = state.begin(reason, isEmpty: true, now, entropy: 0)
      goesOn = state.tryAgain(hasRoom: false, now, Linux())
      #expect(!goesOn && state.retryAt == nil)
      goesOn = state.tryAgain(hasRoom: true, now, Linux())
      // Until somebody was accepted it counts as paused.
      #expect(goesOn && state.pause == reason)
      let wasPaused = state.end()
      #expect(wasPaused && state.pause == nil)
    }
  }

  @Test("Each pause is twice as long as the one before, to half a second, give or take a quarter")
  func backOff() {
    var state = Admission()
    func pause(_ entropy: UInt64) -> UInt64? {
      var copy = state
      copy.retryLater(Instant(nanoseconds: 7_000_000), entropy: entropy)
      return copy.retryAt.map { $0.nanoseconds / 1_000_000 - 7 }
    }
    for _ in 0..<2 {
      for length in [5, 10, 20, 40, 80, 160, 320, 500, 500] as [UInt64] {
        let shortest = length - length / 4
        #expect(pause(0) == shortest)
        #expect(pause(length / 2) == shortest + length / 2)
        #expect(pause(length / 2 + 1) == shortest)
        state.retryLater(Instant(nanoseconds: 0), entropy: 0)
      }
      // Whether it had paused or not.
      let wasPaused = state.end()
      #expect(!wasPaused && state.retryAt == nil)
    }
  }

  @Test("Connections that go wrong one after the other pause it when they are sixty-four")
  func failures() {
    var state = Admission()
    for _ in 0..<2 {
      let answers = (0..<66).map { _ in state.pauses(after: .connectionAborted) }
      #expect(answers.firstIndex(of: true) == 63 && answers.suffix(3) == [true, true, true])
      _ = state.end()
    }
    let others = [Errno.descriptorLimit, .interrupted].map { state.pauses(after: $0) }
    #expect(others == [true, false])
  }

  @Test("A pause that only a close ends has no time left over from one before")
  func noTime() {
    var state = Admission()
    let now = Instant(nanoseconds: 0)
    let failed = LoopNotice.Pause.failed(SystemError(.accept, .descriptorLimit))
    let isFirst = state.begin(failed, isEmpty: false, now, entropy: 0)
    let isSecond = state.begin(.connectionLimit(5), isEmpty: false, now, entropy: 0)
    #expect(isFirst && !isSecond && state.retryAt == nil)
  }

  @Test("Where only a close of ours makes room, time is not waited for")
  func full() {
    #expect(!retries(.connectionLimit(5)))
    #expect(retries(.connectionLimit(5), isEmpty: true))
  }
}
