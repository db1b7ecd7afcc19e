import Glibc
import SwitchboardBase
import SwitchboardLoad
import Testing

@testable import SwitchboardLab
@testable import SwitchboardReport

@Suite("Controls come before claims")
struct ControlTests {
  private func control(_ isMet: Bool) -> Control {
    Control(name: "calm", wanted: "at most 10 ms", found: "216 ms", isMet: isMet)
  }

  @Test(arguments: [true, false])
  func `A control that is not met leaves nothing decided, whatever was seen`(holds: Bool) {
    let verdict = Verdict(holds, "96 ms.")
    #expect(verdict.gated(by: []) == verdict)
    #expect(verdict.gated(by: [control(true)]) == verdict)
    let gated = verdict.gated(by: [control(true), control(false)])
    #expect(gated.outcome == .undecided)
    #expect(gated.reason == "calm 216 ms (wanted: at most 10 ms). What was seen: 96 ms.")
  }

  @Test func `What is undecided for a reason keeps it`() {
    let verdict = Verdict.undecided("io_uring is forbidden here")
    #expect(verdict.gated(by: [control(false)]) == verdict)
  }

  @Test(arguments: [
    ([], Verdict.Outcome.undecided), ([true], .held), ([false], .failed),
    ([true, true, true], .held), ([false, false, false], .failed),
    ([true, false, true], .undecided), ([false, false, true], .undecided),
  ])
  func `Rounds have to agree`(rounds: [Bool], outcome: Verdict.Outcome) {
    let verdict = Verdict.of(rounds: rounds, "7 of 8.")
    #expect(verdict.outcome == outcome)
    #expect(verdict.reason.contains("7 of 8.") == !rounds.isEmpty)
  }

  @Test func `Nothing that was read is no control`() {
    for control in [
      Control.reading("bytes", []), .reading("bytes", [12, 0]), .reading("bytes", [-4096]),
      .time("p99", of: [], atMost: 1), .time("p99", of: [0.1, 1.1], atMost: 1),
      .time("p99", of: [.nan], atMost: 1), .share("answered", [], atLeast: 0.5),
      .share("answered", [1, 0.4], atLeast: 0.5), .share("answered", [.nan], atLeast: 0.5),
      .generator(limited: 0, of: 0), .generator(limited: 1, of: 15), .served(0, unserved: 0),
      .served(10, unserved: 1), .atLeast(1000, "clients", found: 999),
    ] { #expect(!control.isMet, "\(control)") }
    for control in [
      Control.reading("bytes", [12, 1]), .time("p99", of: [0.1, 1], atMost: 1),
      .share("answered", [1, 0.5], atLeast: 0.5), .generator(limited: 0, of: 15),
      .served(10, unserved: 0), .atLeast(1000, "clients", found: 1000),
    ] { #expect(control.isMet, "\(control)") }
  }

  @Test(arguments: [
    (Control.served(1000, unserved: 0), "all 1,000"), (.served(10, unserved: 1), "9 of 10"),
    (.served(10, unserved: 12), "0 of 10"), (.atLeast(5, "clients", found: 1200), "1,200"),
    (.time("p99", of: [0.001, 0.25, 0.1], atMost: 1), "250 ms"),
    (.time("p99", of: [], atMost: 1), "not measured"),
    (.time("p99", of: [0.1, .infinity], atMost: 1), "not measured"),
    (.reading("memory", [3, 1]), "1 bytes"),
    (.reading("memory", [0, 5]), "nothing that could be read"),
    (.reading("calls", [7], unit: "calls"), "7 calls"),
    (.generator(limited: 0, of: 15), "had it in 15 of 15 runs"),
    (.generator(limited: 1, of: 15), "had none in 1 of 15 runs"),
    (.share("answered", [1, 0.875], atLeast: 0.5), "87.5 %"),
    (.share("answered", [], atLeast: 0), "0.0 %"),
  ])
  func `A control says what was found`(control: Control, found: String) {
    #expect(control.found == found)
  }

  @Test func `What the processors did is read from the kernel's line of all of them`() {
    let text = "cpu  100 20 30 4000 500 6 7 8 90 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n"
    // All but idle and iowait; guests are in user. A hundred ticks are a second.
    #expect(Surroundings.busySeconds(in: text) == 1.71)
    for text in ["", "cpu0 1 2 3 4 5 6 7 8\n", "cpu  1 2 3\n"] {
      #expect(Surroundings.busySeconds(in: text) == nil)
    }
  }

  @Test func `Another's work shows`() throws {
    let surroundings = Surroundings()
    // It ends by itself, too, should this process be ended before it.
    let work = "i=0; while [ $i -lt 50000000 ]; do i=$((i+1)); done"
    let other = try ChildProcess(
      ["/bin/sh", "-c", work], input: 0, output: 1, errors: 2)
    defer {
      kill(other.pid, SIGKILL)
      other.wait()
    }
    // Children of other tests that end meanwhile count as this process's own work.
    var rounds = 0
    while surroundings.othersShare() == 0, rounds < 3000 {
      usleep(20_000)
      rounds += 1
    }
    #expect((surroundings.othersShare() ?? 0) > 0)
  }

  // -------------------------------------------------------------------------- comparing

  @Test func `No winner is named within the ranges`() {
    let cells = [
      Samples.cell("select", 100, rate: 50_000, limited: false),
      Samples.cell("epoll", 100, rate: 100_000, limited: false),
      Samples.cell("io_uring", 100, rate: 115_000, limited: false),
    ]
    let titles = ComparisonTitles(cells, rounds: 3)
    #expect(
      titles.leaders(by: \.rate, \.rates, mostFirst: true).map(\.model) == ["io_uring", "epoll"])
    #expect(titles.throughput.contains("io_uring and epoll answer most"))
    #expect(titles.throughput.contains("do not tell"))
    // Latencies have one value: the shortest is the shortest.
    #expect(titles.latency.hasSuffix("from io_uring"))
    let clear = ComparisonTitles(Array(cells.prefix(2)), rounds: 3)
    #expect(
      clear.throughput == "With 100 connections, epoll answers most: 100,000 requests a second")
  }

  @Test func `Where the generator is the limit, nobody has won`() {
    let cells = [
      Samples.cell("epoll", 100, rate: 100_000, limited: true),
      Samples.cell("poll", 100, rate: 50_000, limited: false),
    ]
    let title = ComparisonTitles(cells, rounds: 3).throughput
    #expect(title.contains("the load generator is the limit") && title.hasSuffix("from epoll"))
  }

  @Test func `One round has a range of a tenth`() {
    func cells(_ other: Double) -> [LoadCell] {
      [("epoll", 100_000), ("poll", other)].map { model, rate in
        LoadCell(
          model, 1,
          [
            .init(
              rate: rate, answeredShare: 1, p50: 1, p99: 1, memory: 1, serverTime: 1,
              failures: LoadFailures(), isLimited: false)
          ])
      }
    }
    #expect(
      ComparisonTitles(cells(85_000), rounds: 1).leaders(by: \.rate, \.rates, mostFirst: true).count
        == 2)
    #expect(
      ComparisonTitles(cells(80_000), rounds: 1).leaders(by: \.rate, \.rates, mostFirst: true).count
        == 1)
    #expect(
      ComparisonTitles(cells(85_000), rounds: 3).leaders(by: \.rate, \.rates, mostFirst: true).count
        == 1)
  }

  // --------------------------------------------------------------------------- the page

  @Test func `A quick run says at its head that it is not for figures`() {
    func report(_ isQuick: Bool) -> Report {
      Report(title: "Claims", lead: "All.", command: "", sections: [], isQuick: isQuick)
    }
    for text in [HTMLReport(report(true)).text, MarkdownReport(report(true)).text] {
      #expect(text.contains("not for figures"))
    }
    for text in [HTMLReport(report(false)).text, MarkdownReport(report(false)).text] {
      #expect(!text.contains("not for figures"))
    }
  }

  @Test func `Controls stand on the page, and in the verdict where they refuse one`() {
    func section(_ isMet: Bool) -> Report.Section {
      var findings = Findings(Verdict(true, "7.").gated(by: [control(isMet)]))
      findings.controls = [control(isMet)]
      return .init(
        name: "calm", claim: "A claim.", story: "A story.", command: "", findings: findings,
        took: .zero)
    }
    for isMet in [true, false] {
      let report = Report(title: "", lead: "", command: "", sections: [section(isMet)])
      for text in [HTMLReport(report).text, MarkdownReport(report).text] {
        #expect(text.contains("at most 10 ms") && text.contains(isMet ? "✓" : "✗"))
      }
      let terminal = TextReport(section(isMet), width: 80, color: false).lines
      #expect(terminal.joined().contains("at most 10 ms") == !isMet)
    }
  }
}
