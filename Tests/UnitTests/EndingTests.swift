import Testing

@testable import Switchboard

@Suite("Ending: every state and every event")
struct EndingTests {
  enum Event: CaseIterable {
    case wantsToClose, finishes, allIsSent, peerEnded, discard, discardTooMuch, timeIsOver, breakOff

    func happen(to ending: inout Ending) -> Ending.Step {
      switch self {
      case .wantsToClose:
        ending.wantsToClose()
        return .nothing
      case .finishes:
        _ = ending.closesByItself(hasFinished: true)
        return .nothing
      case .allIsSent: return ending.allIsSent()
      case .peerEnded: return ending.peerEnded()
      case .discard: return ending.discard(1)
      case .discardTooMuch: return ending.discard(Care.mostDiscarded + 1)
      case .timeIsOver: return ending.timeIsOver()
      case .breakOff: return ending.breakOff(.idle)
      }
    }
  }

  /// What an event does in a phase, by whether the peer had finished before.
  struct Row: CustomTestStringConvertible {
    let phase: Ending.Phase, event: Event, peerHasEnded: Bool, step: Ending.Step, next: Ending.Phase
    var testDescription: String { "\(phase), \(event), \(peerHasEnded)" }
  }

  /// All that does anything; in every other state an event changes nothing and asks for nothing.
  static let changes: [Row] = [
    Row(phase: .open, event: .wantsToClose, peerHasEnded: false, step: .nothing, next: .closing),
    Row(phase: .open, event: .wantsToClose, peerHasEnded: true, step: .nothing, next: .closing),
    Row(phase: .open, event: .finishes, peerHasEnded: true, step: .nothing, next: .closing),
    Row(phase: .open, event: .peerEnded, peerHasEnded: false, step: .tellEnd, next: .open),
    Row(phase: .open, event: .breakOff, peerHasEnded: false, step: .close(.idle), next: .over),
    Row(phase: .open, event: .breakOff, peerHasEnded: true, step: .close(.idle), next: .over),
    Row(
      phase: .closing, event: .allIsSent, peerHasEnded: false, step: .finishSending(.finished),
      next: .lingering),
    Row(
      phase: .closing, event: .allIsSent, peerHasEnded: true, step: .close(.peerFinished),
      next: .over),
    Row(phase: .closing, event: .peerEnded, peerHasEnded: false, step: .nothing, next: .closing),
    Row(phase: .closing, event: .breakOff, peerHasEnded: false, step: .close(.idle), next: .over),
    Row(phase: .closing, event: .breakOff, peerHasEnded: true, step: .close(.idle), next: .over),
    Row(phase: .lingering, event: .peerEnded, peerHasEnded: false, step: .close(nil), next: .over),
    Row(
      phase: .lingering, event: .discardTooMuch, peerHasEnded: false, step: .close(nil),
      next: .over),
    Row(
      phase: .lingering, event: .discardTooMuch, peerHasEnded: true, step: .close(nil),
      next: .over),
    Row(phase: .lingering, event: .timeIsOver, peerHasEnded: false, step: .close(nil), next: .over),
    Row(phase: .lingering, event: .timeIsOver, peerHasEnded: true, step: .close(nil), next: .over),
    Row(phase: .lingering, event: .breakOff, peerHasEnded: false, step: .close(nil), next: .over),
    Row(phase: .lingering, event: .breakOff, peerHasEnded: true, step: .close(nil), next: .over),
  ]

  static let table = Ending.Phase.allCases.flatMap { phase in
    Event.allCases.flatMap { event in
      [false, true].map { peerHasEnded in
        changes.first { $0.phase == phase && $0.event == event && $0.peerHasEnded == peerHasEnded }
          ?? Row(
            phase: phase, event: event, peerHasEnded: peerHasEnded, step: .nothing, next: phase)
      }
    }
  }

  @Test("Each event does what the table says", arguments: table)
  func step(_ row: Row) {
    var ending = Ending(phase: row.phase, peerHasEnded: row.peerHasEnded)
    let step = row.event.happen(to: &ending)
    #expect(step == row.step)
    #expect(ending.phase == row.next)
    let ends = row.event == .peerEnded && row.phase != .over
    #expect(ending.peerHasEnded == (row.peerHasEnded || ends))
    let discards = row.phase == .lingering && [.discard, .discardTooMuch].contains(row.event)
    #expect((ending.discarded > 0) == discards)
  }

  @Test("Whatever happens in whatever order, a session is told its end once, and closed once")
  func everyOrder() {
    var orders = 0
    func go(_ ending: Ending, told: Int, closed: Int, left: Int) {
      #expect(told == (ending.isSessionGone ? 1 : 0) && closed == (ending.phase == .over ? 1 : 0))
      orders += 1
      guard left > 0 else { return }
      for event in Event.allCases {
        var next = ending
        var (told, closed) = (told, closed)
        switch event.happen(to: &next) {
        case .nothing: break
        case .tellEnd: #expect(told == 0 && closed == 0)
        case .finishSending: told += 1
        case .close(let reason):
          closed += 1
          told += reason == nil ? 0 : 1
        }
        go(next, told: told, closed: closed, left: left - 1)
      }
    }
    go(Ending(), told: 0, closed: 0, left: 5)
    #expect(orders == (0...5).reduce(0) { sum, _ in sum * Event.allCases.count + 1 })
  }

  @Test("Who has not finished sending goes on when the peer has", arguments: Ending.Phase.allCases)
  func halfOpen(_ phase: Ending.Phase) {
    var ending = Ending(phase: phase, peerHasEnded: true)
    let closes = ending.closesByItself(hasFinished: false)
    #expect(!closes && ending.phase == phase)
  }

  @Test("What is discarded adds up, and no count overflows")
  func discarding() {
    var ending = Ending(phase: .closing)
    _ = ending.allIsSent()
    let (half, rest) = (Care.mostDiscarded / 2, Care.mostDiscarded - Care.mostDiscarded / 2)
    let steps = [half, rest, 1].map { ending.discard($0) }
    #expect(steps == [.nothing, .nothing, .close(nil)])
    var other = Ending(phase: .lingering, discarded: .max - 1)
    let step = other.discard(.max)
    #expect(step == .close(nil))
  }

  @Test("A slot keeps all of it beside its other flags", arguments: Ending.Phase.allCases)
  func kept(_ phase: Ending.Phase) {
    for peerHasEnded in [false, true] {
      var slot = Slot(descriptor: 3, generation: 1)
      slot.flags.insert(.sending)
      slot.lastActive = 77
      let ending = Ending(
        phase: phase, peerHasEnded: peerHasEnded, discarded: phase == .lingering ? 5 : 0)
      slot.ending = ending
      #expect(slot.ending == ending)
      #expect(slot.flags.isSuperset(of: [.sending, .receiving]))
      #expect(slot.lastActive == (phase == .lingering ? 5 : 77))
      slot.ending = Ending()
      #expect(slot.flags == [.sending, .receiving])
    }
  }
}
