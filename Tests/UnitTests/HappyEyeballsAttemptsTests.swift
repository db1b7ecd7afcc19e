import Testing

@testable import Switchboard

@Suite("Happy Eyeballs: attempts, and how it ends")
struct HappyEyeballsAttemptsTests {
  typealias Line = EyesLine
  typealias Rule = EyesRule

  // --------------------------------------------------------------- section 5, attempts

  static let attemptRules = [
    Rule(
      "a late attempt goes on beside new ones, and may win",
      [
        Line(0, .six([1, 2]), "start 6.1", wakes: 250),
        Line(0, .four([1]), "", wakes: 250),
        Line(250, .elapsed, "start 4.1", wakes: 500),
        Line(500, .elapsed, "start 6.2", wakes: 10_000),
        Line(600, .connects(0), "abandon 4.1, abandon 6.2, connected 6.1", wakes: nil),
      ]),
    Rule(
      "what swallows IPv6 costs one delay",
      [
        Line(0, .six([1]), "start 6.1", wakes: 10_000),
        Line(1, .four([1]), "", wakes: 250),
        Line(250, .elapsed, "start 4.1", wakes: 10_000),
        Line(251, .connects(1), "abandon 6.1, connected 4.1", wakes: nil),
      ]),
    Rule(
      "what was not tried is forgotten when one has connected",
      [
        Line(0, .six([1, 2, 3]), "start 6.1", wakes: 250),
        Line(30, .connects(0), "connected 6.1", wakes: nil),
        Line(250, .elapsed, "", wakes: nil),
      ]),
    Rule(
      "a failed attempt starts the next at once, and its delay anew",
      [
        Line(0, .six([1, 2, 3]), "start 6.1", wakes: 250),
        Line(20, .fails(0), "start 6.2", wakes: 270),
        Line(250, .elapsed, "", wakes: 270),
        Line(270, .elapsed, "start 6.3", wakes: 10_000),
      ]),
    Rule(
      "so does one that fails beside others",
      [
        Line(0, .six([1, 2, 3]), "start 6.1", wakes: 250),
        Line(250, .elapsed, "start 6.2", wakes: 500),
        Line(300, .fails(0), "start 6.3", wakes: 10_000),
      ]),
    Rule(
      "after a failure the next address that becomes known starts at once",
      [
        Line(0, .six([1]), "start 6.1", wakes: 10_000),
        Line(10, .fails(0), "", wakes: 10_000),
        Line(20, .four([1]), "start 4.1", wakes: 10_000),
      ]),
    Rule(
      "also beside others",
      [
        Line(0, .six([1, 2]), "start 6.1", wakes: 250),
        Line(250, .elapsed, "start 6.2", wakes: 10_000),
        Line(300, .fails(0), "", wakes: 10_000),
        Line(310, .four([1, 2]), "start 4.1", wakes: 560),
      ]),
    Rule(
      "who is woken late starts one, and not all that might have been",
      [
        Line(0, .six([1, 2, 3]), "start 6.1", wakes: 250),
        Line(2_000, .elapsed, "start 6.2", wakes: 2_250),
      ]),
    Rule(
      "all fail",
      [
        Line(0, .six([1]), "start 6.1", wakes: 10_000),
        Line(1, .four([1]), "", wakes: 250),
        Line(2, .fails(0), "start 4.1", wakes: 10_000),
        Line(3, .fails(1), "failed", wakes: nil),
      ]),
    Rule(
      "nothing has failed for good while a look-up is under way",
      [
        Line(0, .six([1]), "start 6.1", wakes: 10_000),
        Line(2, .fails(0), "", wakes: 10_000),
        Line(3, .fourFails, "failed", wakes: nil),
      ]),
    Rule(
      "nor while an attempt is",
      [
        Line(0, .six([1, 2]), "start 6.1", wakes: 250),
        Line(1, .fails(0), "start 6.2", wakes: 10_000),
        Line(2, .fourFails, "", wakes: 10_000),
        Line(3, .fails(1), "failed", wakes: nil),
      ]),
  ]

  @Test("Attempts", arguments: attemptRules)
  func attempts(_ rule: Rule) { rule.check() }

  // ----------------------------------------------------------------------------- ends

  static let endRules = [
    Rule(
      "the time for all of it ends with everything abandoned",
      [
        Line(0, .six([1, 2]), "start 6.1", wakes: 250),
        Line(250, .elapsed, "start 6.2", wakes: 10_000),
        Line(9_999, .elapsed, "", wakes: 10_000),
        Line(10_000, .elapsed, "abandon 6.1, abandon 6.2, failed", wakes: nil),
      ]),
    Rule(
      "also before any address was known", [Line(10_000, .elapsed, "failed", wakes: nil)]),
    Rule(
      "no attempt starts when the time is over",
      [Line(10_000, .six([1]), "failed", wakes: nil)]),
    Rule(
      "the end is nearer than the next attempt",
      [
        Line(9_800, .six([1, 2]), "start 6.1", wakes: 10_000),
        Line(10_050, .elapsed, "abandon 6.1, failed", wakes: nil),
      ]),
    Rule(
      "the end is nearer than IPv6 may be",
      [Line(9_980, .four([1]), "", wakes: 10_000)]),
    Rule(
      "who connects before he is told that the time is over has connected",
      [
        Line(0, .six([1]), "start 6.1", wakes: 10_000),
        Line(10_001, .connects(0), "connected 6.1", wakes: nil),
      ]),
    Rule("cancelled before anything", [Line(3, .cancel, "failed", wakes: nil)]),
    Rule(
      "cancelled while IPv4 waits",
      [Line(3, .four([1]), "", wakes: 53), Line(4, .cancel, "failed", wakes: nil)]),
    Rule(
      "cancelled during attempts; what happens afterwards is passed over",
      [
        Line(0, .six([1, 2]), "start 6.1", wakes: 250),
        Line(250, .elapsed, "start 6.2", wakes: 10_000),
        Line(260, .cancel, "abandon 6.1, abandon 6.2, failed", wakes: nil),
        Line(261, .cancel, "", wakes: nil), Line(262, .connects(0), "", wakes: nil),
        Line(263, .fails(1), "", wakes: nil), Line(264, .four([1]), "", wakes: nil),
        Line(265, .fourFails, "", wakes: nil), Line(266, .elapsed, "", wakes: nil),
      ]),
    Rule(
      "what is told of attempts that are over, or never were, is passed over",
      [
        Line(0, .six([1, 2]), "start 6.1", wakes: 250),
        Line(10, .fails(0), "start 6.2", wakes: 10_000),
        Line(11, .fails(0), "", wakes: 10_000), Line(12, .connects(0), "", wakes: 10_000),
        Line(13, .fails(2), "", wakes: 10_000), Line(14, .connects(-1), "", wakes: 10_000),
        Line(15, .sixFails, "", wakes: 10_000),
        Line(16, .connects(1), "connected 6.2", wakes: nil),
      ]),
  ]

  @Test("Ends", arguments: endRules)
  func ends(_ rule: Rule) { rule.check() }
}
