import Testing

@testable import Switchboard

@Suite("What had come before")
struct ArrearsTests {
  private func key(_ index: UInt32) -> Key { Key(index: index, generation: 1) }

  /// How many turns it takes, of which each brings the same.
  private func turns(
    _ limits: Arrears.Limits, owesWork: Bool = false, atMost most: Int = 100_000,
    _ turn: (inout Arrears) -> Void
  ) -> Int {
    var arrears = Arrears(limits)
    for number in 1...most {
      turn(&arrears)
      if arrears.endTurn(owesWork: owesWork) { return number }
    }
    return .max
  }

  @Test("It is over after a quiet turn, or two before draining")
  func quiet() {
    #expect(turns(.catchingUp) { _ in } == 1)
    #expect(turns(.draining) { _ in } == 2)
    var arrears = Arrears(.draining)
    #expect(arrears.endTurn(owesWork: false) == false)
    arrears.note(Completion(.received, key(3), 1))
    #expect(arrears.endTurn(owesWork: false) == false)
    #expect(arrears.endTurn(owesWork: false) == false, "one quiet turn of two")
    #expect(arrears.endTurn(owesWork: false) == true)
  }

  @Test("While the backend may have more to tell, quiet turns do not end it, but 64 do")
  func owing() {
    #expect(turns(.catchingUp, owesWork: true) { _ in } == 64)
    #expect(turns(.draining, owesWork: true) { _ in } == 64)
    var arrears = Arrears(.draining)
    for _ in 0..<10 { #expect(arrears.endTurn(owesWork: true) == false) }
    #expect(arrears.endTurn(owesWork: false) == true)
  }

  @Test("A connection that brings something all the time is waited for until it has had its share")
  func share() {
    // Each completion counts as one, or as one for each two KiB of its bytes.
    let tiny = turns(.catchingUp) { $0.note(Completion(.received, key(9), 1)) }
    #expect(tiny == 64 + 1)
    let large = turns(.catchingUp) { $0.note(Completion(.received, key(9), 65536)) }
    #expect(large == 2 + 1)
    let draining = turns(.draining) { $0.note(Completion(.received, key(9), 65536)) }
    #expect(draining == (4096 + 32) / 33 + 2)
    let sent = turns(.catchingUp) { $0.note(Completion(.sent, key(9), 1 << 20)) }
    #expect(sent == 64 + 1, "what was sent counts as one")
    #expect(turns(.catchingUp) { $0.note(Completion(.ended, key(0))) } == 64 + 1)
  }

  @Test("Each connection has its own share, whatever its slot")
  func apart() {
    var arrears = Arrears(.catchingUp)
    for index in [0, 63, 64, 65, 5000, 1] as [UInt32] {
      for _ in 0..<64 {
        arrears.note(Completion(.received, key(index), 1))
        #expect(arrears.endTurn(owesWork: false) == false, "slot \(index)")
      }
    }
    arrears.note(Completion(.received, key(64), 1))
    #expect(arrears.endTurn(owesWork: false) == true)
  }

  @Test("Accepting is waited for as long as a queue may hold so many, being woken always")
  func others() {
    #expect(turns(.catchingUp) { $0.note(Completion(.accepted)) } == 16384 + 1)
    #expect(turns(.draining) { $0.note(Completion(.acceptFailed)) } == 16384 + 2)
    #expect(turns(.catchingUp, atMost: 20_000) { $0.note(Completion(.woken)) } == .max)
    #expect(turns(.catchingUp, atMost: 20_000) { $0.note(Completion(.signalled)) } == .max)
  }
}

@Suite("Catching up")
struct CatchUpTests {
  @Test("What comes counts as news, of each connection up to its share")
  func completions() {
    let key = Key(index: 3, generation: 1)
    func isNews(_ completion: Completion, after others: [Completion] = []) -> Bool {
      var arrears = Arrears(.catchingUp)
      for other in others { arrears.note(other) }
      _ = arrears.endTurn(owesWork: false)
      arrears.note(completion)
      return !arrears.endTurn(owesWork: false)
    }
    for kind in [.accepted, .acceptFailed, .woken, .signalled, .attempted, .ended, .sent]
      as [Completion.Kind]
    {
      #expect(isNews(Completion(kind, key)), "\(kind)")
    }
    let share = Completion(.received, key, 64 << 11)
    #expect(isNews(share) && !isNews(Completion(.received, key, 1), after: [share]))
    let ends = Array(repeating: Completion(.ended, key), count: 64)
    #expect(isNews(ends[0], after: Array(ends.dropLast())) && !isNews(ends[0], after: ends))
    #expect(
      isNews(Completion(.accepted), after: [share]) && isNews(Completion(.woken), after: [share]))
  }

  private func at(_ milliseconds: UInt64) -> Instant {
    Instant(nanoseconds: milliseconds * 1_000_000)
  }

  @Test("A loop is late when it comes more than 100 ms after it meant to")
  func late() {
    #expect(!CatchUp.isDue(at(5000), after: at(5000)))
    #expect(!CatchUp.isDue(at(5000), after: at(6000)))
    #expect(!CatchUp.isDue(at(5100), after: at(5000)))
    #expect(CatchUp.isDue(at(5100).advanced(byNanoseconds: 1), after: at(5000)))
    // At the end of the clock.
    #expect(!CatchUp.isDue(Instant(nanoseconds: .max), after: Instant(nanoseconds: .max)))
  }

  @Test("Timers wait for 250 ms, and whoever is late for one quiet turn")
  func waits() {
    var catchUp = CatchUp(at(5000))
    #expect(!catchUp.servesDeadlines(at(5000)) && !catchUp.servesDeadlines(at(5249)))
    #expect(catchUp.servesDeadlines(at(5250)))
    catchUp.arrears.note(7, bytes: 1)
    #expect(catchUp.arrears.endTurn(owesWork: false) == false)
    #expect(catchUp.arrears.endTurn(owesWork: false) == true)
  }
}
