import Testing

@testable import Switchboard

/// How much of its turns a loop gives to steps that compute for long.
@Suite struct ComputingTimes {
  @Test("Cheap steps are taken as they come, until a turn's time is used up")
  func cheap() {
    var time = ComputingTime()
    for step in 0..<6 {
      #expect(time.fits && time.mayGoOn, "step \(step)")
      time.took(300_000)
    }
    #expect(!time.fits && !time.mayGoOn)
    time.endTurn()
    #expect(!time.fits && !time.mayGoOn, "a turn is the others'")
    time.endTurn()
    #expect(time.fits && time.mayGoOn)
  }

  @Test("A turn with room left is followed by one with all of it")
  func roomLeft() {
    var time = ComputingTime()
    for _ in 0..<100 {
      #expect(time.fits)
      time.took(300_000)
      time.endTurn()
    }
  }

  @Test("A dear step has the end of a turn for itself, and the next turn is the others'")
  func dear() {
    var time = ComputingTime()
    time.took(4_000_000)
    for _ in 0..<100 {
      #expect(!time.fits && !time.mayGoOn)
      time.endTurn()
      #expect(!time.fits && !time.mayGoOn, "the others' turn")
      time.endTurn()
      #expect(!time.fits && time.mayGoOn, "at the end of a turn, and not amid it")
      time.took(4_000_000)
    }
  }

  @Test("Cheap steps between dear ones do not make room for one amid the others")
  func mixed() {
    var time = ComputingTime()
    for _ in 0..<20 {
      time.took(4_000_000)
      time.endTurn()
      time.endTurn()
      #expect(!time.fits && time.mayGoOn)
      time.took(100_000)
      #expect(!time.fits && !time.mayGoOn)
      time.endTurn()
      time.endTurn()
      #expect(!time.fits)
    }
  }

  @Test("When no dear ones come any more, they are taken as they come again")
  func fading() {
    var time = ComputingTime()
    time.took(4_000_000)
    var steps = 0
    while !time.fits, steps < 1000 {
      if time.mayGoOn {
        time.took(100_000)
        steps += 1
      }
      time.endTurn()
    }
    #expect((2...10).contains(steps), "\(steps)")
  }

  @Test("No time is too long, and none too short")
  func extremes() {
    var time = ComputingTime()
    for _ in 0..<10 { time.took(.max) }
    #expect(!time.fits)
    time.endTurn()
    time.endTurn()
    time.took(0)
    #expect(!time.mayGoOn)
  }
}
