import Foundation
import Switchboard
import Testing

@testable import SwitchboardLab

/// The page of a seed that failed, and the screen while many run.
@Suite("Failing seeds", .timeLimit(.minutes(15)))
struct FailurePageTests {
  /// Echoes, and loses what comes behind the hundredth byte.
  private struct Forgetful: Session {
    private var seen = 0
    mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
      let left = max(0, min(bytes.count, 100 - seen))
      seen += bytes.count
      connection.write(bytes.extracting(first: left))
    }
  }

  private static func describe(_ world: SimulatedWorld) {
    world.serve { Forgetful() }
    world.replies { $0 }
    world.clients(8) { client in
      for _ in 0..<5 { client.send(client.random.bytes(40)) }
    }
  }

  private static func story() throws -> FailureStory {
    let faults = Faults.none.with(.shortReceive, at: 0.5).with(.loss, at: 0.3).with(
      .lateWake, at: 0.2)
    let scenario = try #require(shrink(seed: 3, faults: faults, describe))
    return FailureStory(
      of: scenario, title: "Seed 3, <echo>", command: "switchboard simulate --seed 3", describe)
  }

  @Test func `A story begins with all that the seed had, and ends with what is needed`() throws {
    let story = try FailurePageTests.story()
    let (first, last) = (try #require(story.states.first), try #require(story.states.last))
    #expect(first.clients == 8 && last.clients == 1 && last.faults == 0 && last.runs > first.runs)
    #expect(story.states.count <= FailureStory.mostStates)
    for state in story.states {
      #expect(state.events.last?.kind == .wrong && state.events.count <= FailureStory.mostEvents)
      #expect(!state.violation.isEmpty && state.violation != "nothing was wrong this time")
      #expect(zip(state.events, state.events.dropFirst()).allSatisfy { $0.time <= $1.time })
    }
    // Faults are in the trace, by name and client.
    #expect(first.events.contains { $0.kind == .fault && $0.text.contains("of client") })
  }

  @Test(
    arguments: [
      ("242.322582  client 11 connects", .client, .plain, 11, "client 11 connects"),
      (
        "1.000000  fault: shortSend on 3, occasion 17", .network, .fault, 3,
        "fault: short send of client 3"
      ),
      ("1.000000  fault: stall on 0, occasion 1", .network, .fault, 0, "fault: stall"),
      ("1.000000  recv 6 = 13", .loop, .call, 0, "recv 6 = 13"),
      ("1.000000  session 0 returns", .loop, .session, 0, "session 0 returns"),
      ("1.000000    ready of 3 watched: 4", .loop, .plain, 0, "ready of 3 watched: 4"),
      ("1.000000  WRONG: it sleeps", .loop, .wrong, 0, "broken promise: it sleeps"),
    ] as [(String, FailureEvent.Lane, FailureEvent.Kind, Int, String)])
  func `Each line of a trace has its lane`(
    line: String, lane: FailureEvent.Lane, kind: FailureEvent.Kind, client: Int, text: String
  ) throws {
    let event = try #require(FailureEvent(line))
    #expect(event.lane == lane && event.kind == kind && event.client == client)
    #expect(event.text == text)
  }

  @Test func `What is no line of a trace is passed over`() {
    for line in [
      "", "x", "1.5  accept", "1.000000", "99999999999999999999.000000  x", "-1.000000  x",
    ] {
      #expect(FailureEvent(line) == nil)
    }
  }

  @Test func `The page is complete in itself`() throws {
    let page = FailurePage.html(try FailurePageTests.story())
    for word in ["http:", "https:", "src=", "@import", "url(", "<echo>"] {
      let isThere = page.contains(word)
      #expect(!isThere, "\(word)")
    }
    if let path = ProcessInfo.processInfo.environment["FAILURE_PAGE"] {
      try page.write(toFile: path, atomically: true, encoding: .utf8)
    }
  }

  @Test(
    .enabled(if: Browser.path != nil, "Chromium is not installed"), arguments: [1400, 800, 400])
  func `In a browser nothing lies outside, nor over another, in any state`(width: Int) throws {
    let page = FailurePage.html(try FailurePageTests.story()).replacing(
      "</body>",
      with: """
        <pre id="found"></pre>
        <script>
        const faults = [];
        document.body.style.width = "\(width)px";
        for (let i = 0; i < states.length; i++) {
          show(i);
          if (byId("sentence").textContent !== states[i].wrong) faults.push("another sentence");
          const svg = byId("lanes").firstElementChild, limit = Number(svg.getAttribute("width"));
          if (limit > \(width)) faults.push(`the lanes are ${limit} wide`);
          const boxes = [...svg.querySelectorAll("text")].map((t) => [t.textContent, t.getBBox()]);
          boxes.forEach(([text, a], k) => {
            if (a.x < 0 || a.x + a.width > limit + 0.5) faults.push(`${i}: ${text} is outside`);
            for (const [other, b] of boxes.slice(k + 1))
              if (a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height - 2
                  && b.y < a.y + a.height - 2) faults.push(`${i}: ${text} over ${other}`);
          });
          for (const row of byId("events").children)
            if (row.getBoundingClientRect().right > \(width) + 0.5) faults.push(`${i}: a row is outside`);
          if (byId("lanes").querySelectorAll("line.wrong").length !== 1) faults.push(`${i}: no end`);
        }
        document.querySelector("#shrinking input").value = 0;
        document.querySelector("#shrinking input").dispatchEvent(new Event("input"));
        if (shown !== 0) faults.push("the slider does nothing");
        byId("found").textContent = [`measured ${states.length > 1}`, ...new Set(faults)].join("\\n");
        </script>
        </body>
        """)
    #expect(try Browser.found(by: page) == ["measured true"])
  }

  // ------------------------------------------------------------------------------ the screen

  private static func screen() throws -> SimulationScreen {
    var screen = SimulationScreen(seeds: 2000, duration: nil)
    for seed in UInt64(0)..<30 {
      let report = try simulate(seed: seed, faults: .harsh) { SimulatedWorkload.echo.describe($0) }
      screen.add(report)
    }
    screen.fail("seed 30 (epoll) failed after 12 ms: the loop sleeps and nothing will wake it")
    return screen
  }

  @Test(arguments: [(0, 0), (1, 1), (20, 5), (50, 20), (80, 24), (200, 60)])
  func `At every size nothing is wider or higher than the terminal`(size: (Int, Int)) throws {
    for screen in [
      try FailurePageTests.screen(), SimulationScreen(seeds: 1, duration: .seconds(1)),
    ] {
      let lines = screen.lines(
        after: .seconds(2), columns: size.0, rows: size.1, color: false)
      #expect(lines.count <= size.1 && lines.allSatisfy { $0.count <= size.0 })
    }
  }

  @Test func `It says how far it is, which faults struck, and what failed`() throws {
    let screen = try FailurePageTests.screen()
    #expect(
      screen.line(after: .seconds(1)).hasPrefix(
        "31 of 2,000 seeds, 1 failed, 31 a second, 64 s left"))
    let text = screen.lines(after: .seconds(1), columns: 100, rows: 30, color: false)
    #expect(text.contains { $0.contains("█") && !$0.contains("%") })
    #expect(text.contains { $0.hasPrefix("✗ seed 30 (epoll)") })
    #expect(text.last == "q end now, with what there is")
    let first = SimulationScreen(seeds: 5, duration: nil)
    #expect(first.line(after: .zero) == "0 of 5 seeds, 0 failed")
  }
}
