import Testing

@testable import Switchboard

/// A ``HappyEyeballs`` with somebody who keeps account of what it asked for.
private struct Witness {
  enum Event: CaseIterable {
    case sixFound, sixNone, sixFails, fourFound, fourNone, oldestFails, newestFails, newestConnects
    case wakes, wakesEarly, cancelled
  }

  var eyes = HappyEyeballs(to: .host("db", port: 443), times: ConnectTimes(), at(0))
  var now = 0
  var underWay: [Int] = []
  var tried: [SocketAddress] = []
  var lastStart = 0
  /// Since the last start an attempt has failed.
  var hasRoom = false
  var awaitsSix = true, awaitsFour = true
  var fourKnownSince: Int?
  var failure: ConnectFailure?
  var isOver = false

  /// What is wrong; nil when nothing is.
  mutating func happen(_ event: Event) -> String? {
    guard let wakesAt = eyes.wakesAt else { return "not over, and wants nothing" }
    if event == .wakes { now = Int(wakesAt.since(at(0)) / .milliseconds(1)) }
    if event == .wakesEarly { now += 30 }
    let sight = sight(event)
    note(event)
    for step in sight.happen(to: &eyes, now) {
      if let wrong = take(step) { return "\(event): \(wrong)" }
    }
    return isOver ? end() : goingOn()
  }

  private func sight(_ event: Event) -> Sight {
    switch event {
    case .sixFound: .six([1, 2])
    case .sixNone: .six([])
    case .sixFails: .sixFails
    case .fourFound: .four([1])
    case .fourNone: .four([])
    case .oldestFails: .fails(underWay.first ?? 99)
    case .newestFails: .fails(underWay.last ?? 99)
    case .newestConnects: .connects(underWay.last ?? 99)
    case .wakes, .wakesEarly: .elapsed
    case .cancelled: .cancel
    }
  }

  private mutating func note(_ event: Event) {
    switch event {
    case .sixFound, .sixNone, .sixFails: awaitsSix = false
    case .fourFound:
      awaitsFour = false
      fourKnownSince = fourKnownSince ?? now
    case .fourNone: awaitsFour = false
    case .oldestFails where !underWay.isEmpty:
      underWay.removeFirst()
      hasRoom = true
    case .newestFails where !underWay.isEmpty:
      underWay.removeLast()
      hasRoom = true
    default: break
    }
  }

  private mutating func take(_ step: HappyEyeballs.Step) -> String? {
    if isOver { return "a step after the end" }
    switch step {
    case .start(let attempt):
      if now >= 10_000 { return "starts when the time is over" }
      if attempt.number != tried.count { return "attempts are not counted" }
      if tried.contains(attempt.address) { return "tries an address twice" }
      let isSoon = !underWay.isEmpty && !hasRoom && now - lastStart < 250
      if isSoon { return "starts too soon after the last one" }
      let isHasty = tried.isEmpty && attempt.address.family == .v4 && awaitsSix
      if isHasty, now - (fourKnownSince ?? now) < 50 { return "does not wait for IPv6" }
      tried.append(attempt.address)
      underWay.append(attempt.number)
      (lastStart, hasRoom) = (now, false)
    case .abandon(let attempt):
      guard let place = underWay.firstIndex(of: attempt.number) else { return "abandons nothing" }
      underWay.remove(at: place)
    case .connected(let attempt):
      isOver = true
      if underWay != [attempt.number] { return "keeps \(attempt.number) of \(underWay)" }
      underWay = []
    case .failed(let failure):
      isOver = true
      self.failure = failure
      if !underWay.isEmpty { return "leaves attempts behind" }
    }
    return nil
  }

  private func goingOn() -> String? {
    guard let next = eyes.wakesAt else { return "not over, and will not be woken" }
    if next <= at(now) { return "wants to be woken in the past" }
    if next > at(10_000) { return "would be woken after its time" }
    let hasReason = !underWay.isEmpty || awaitsSix || awaitsFour
    return hasReason ? nil : "waits for nothing"
  }

  private mutating func end() -> String? {
    if eyes.wakesAt != nil || !eyes.isOver { return "over, and wants to be woken" }
    if let failure, failure.attempts.map(\.address) != tried { return "attempts are missing" }
    for event in Event.allCases where !sight(event).happen(to: &eyes, now).isEmpty {
      return "\(event) does something after the end"
    }
    return nil
  }
}

@Suite("Happy Eyeballs: every order of events")
struct HappyEyeballsOrdersTests {
  /// Whatever happens in whatever order: attempts keep their distance, nothing is tried twice or left behind, there is
  /// exactly one end, and it comes by itself. How many orders there were.
  private func go(_ witness: Witness, left: Int, _ finish: (Witness) -> String?) -> Int {
    if witness.isOver { return 1 }
    guard left > 0 else {
      if let wrong = finish(witness) { Issue.record("\(wrong), from \(witness)") }
      return 1
    }
    return Witness.Event.allCases.reduce(0) { sum, event in
      var next = witness
      if let wrong = next.happen(event) {
        Issue.record("\(wrong), from \(witness)")
        return sum
      }
      return sum + go(next, left: left - 1, finish)
    }
  }

  @Test("Left alone, it ends when its time is over at the latest")
  func alone() {
    let orders = go(Witness(), left: 5) { witness in
      var witness = witness
      for _ in 0..<9 {
        if let wrong = witness.happen(.wakes) { return wrong }
        if witness.isOver { break }
      }
      return witness.failure?.reason == .timedOut(.seconds(10)) ? nil : "has not ended in its time"
    }
    #expect(orders > 10_000)
  }

  @Test("Where everything fails, it ends when the last attempt has, and all are named")
  func allFail() {
    let orders = go(Witness(), left: 4) { witness in
      var witness = witness
      for event in [.sixFails, .fourNone] as [Witness.Event] where !witness.isOver {
        if let wrong = witness.happen(event) { return wrong }
      }
      for _ in 0..<4 where !witness.isOver {
        if let wrong = witness.happen(.oldestFails) { return wrong }
      }
      guard let failure = witness.failure, failure.reason == .nothingLeft else {
        return "has not ended"
      }
      let isComplete = failure.attempts.allSatisfy { $0.error != nil } && failure.untried == 0
      return isComplete ? nil : "does not name all"
    }
    #expect(orders > 1_000)
  }
}
