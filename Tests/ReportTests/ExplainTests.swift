import Foundation
import Switchboard
import SwitchboardTimeline
import Testing

@testable import SwitchboardLab

/// The page that explains: what it plays is what the simulation did.
@Suite("Explain", .timeLimit(.minutes(15)))
struct ExplainTests {
  @Test(arguments: ExplainedScenario.all)
  func `Every client is served in each way, one step after the other`(
    scenario: ExplainedScenario
  ) throws {
    let runs = try ExplainPage.runs(of: scenario)
    #expect(runs.map(\.model) == ExplainedRun.Model.allCases)
    for run in runs {
      #expect(zip(run.steps, run.steps.dropFirst()).allSatisfy { $0.time <= $1.time })
      var (sent, received) = ([Int: Int](), [Int: Int]())
      var left: Set<Int> = []
      for step in run.steps {
        switch step.kind {
        case .sends(let client, let bytes): sent[client, default: 0] += bytes
        case .receives(let client, let bytes): received[client, default: 0] += bytes
        case .leaves(let client): left.insert(client)
        default: break
        }
      }
      #expect(left.isSuperset(of: 1...scenario.clients), "\(run.model)")
      // Who asks and does not read has sent, and received nothing.
      if let deaf = scenario.deaf {
        #expect(sent.removeValue(forKey: deaf) == 1, "\(run.model)")
        #expect(received[deaf] == nil, "\(run.model)")
      }
      #expect(sent == received && sent.count == scenario.clients, "\(run.model)")
    }
  }

  @Test(arguments: ExplainedScenario.all)
  func `The digests are those of the simulation, again and again`(
    scenario: ExplainedScenario
  ) throws {
    for run in try ExplainPage.runs(of: scenario) {
      guard let backend = SimulatedWorld.Backend(rawValue: run.model.rawValue) else {
        #expect(run.digest == nil, "a model is no trace")
        continue
      }
      let describe = { world in scenario.describe(world, waitingWith: backend) }
      let report = try simulate(seed: ExplainedScenario.seed, describe)
      #expect(run.digest == report.digest)
    }
  }

  /// How long clients other than the first wait while its slow callback runs.
  private static func victims(_ run: ExplainedRun) -> UInt64 {
    var (begun, slow) = (UInt64(0), UInt64(0)..<UInt64(0))
    for step in run.steps {
      if case .given = step.kind { begun = step.time }
      if case .returned = step.kind, step.time - begun > 100_000 { slow = begun..<step.time }
    }
    var asked: [Int: UInt64] = [:]
    var waited = UInt64(0)
    for step in run.steps {
      if case .sends(let client, _) = step.kind, client > 1 { asked[client] = step.time }
      if case .receives(let client, _) = step.kind, let from = asked.removeValue(forKey: client) {
        let part = from..<step.time
        waited += UInt64(part.overlaps(slow) ? part.clamped(to: slow).count : 0)
      }
    }
    return waited
  }

  @Test func `A slow callback costs the others of a loop their time, whatever it waits with`()
    throws
  {
    let slow = ExplainedScenario(clients: 3, idle: 0, isSlow: true)
    for run in try ExplainPage.runs(of: slow) where run.digest != nil {
      // Both others ask while it runs, and wait for most of its 400 µs.
      #expect(ExplainTests.victims(run) > 600_000, "\(run.model)")
    }
  }

  @Test func `Who does not read keeps no client of a loop waiting, and all of one that blocks`()
    throws
  {
    let plain = ExplainedScenario(clients: 3, idle: 0, isSlow: false)
    let deaf = ExplainedScenario(clients: 3, idle: 0, isSlow: false, isDeaf: true)
    func ends(_ scenario: ExplainedScenario) throws -> [ExplainedRun.Model: UInt64] {
      let runs = try ExplainPage.runs(of: scenario).map { run in
        let ends = run.steps.compactMap { step -> UInt64? in
          if case .leaves(let client) = step.kind, client <= 3 { return step.time }
          return nil
        }
        return (run.model, ends.max() ?? 0)
      }
      return Dictionary(uniqueKeysWithValues: runs)
    }
    let (without, with) = (try ends(plain), try ends(deaf))
    for model in ExplainedRun.Model.allCases {
      let more = Int64(with[model] ?? 0) - Int64(without[model] ?? 0)
      // The one that reads nothing stays for four milliseconds.
      #expect(model == .sequential ? more > 3_000_000 : more < 200_000, "\(model): \(more) ns")
    }
  }

  @Test func `Silent connections are looked at by select and poll, and not by epoll`() throws {
    let scenario = ExplainedScenario(clients: 3, idle: 30, isSlow: false)
    for run in try ExplainPage.runs(of: scenario) where run.model != .ioUring {
      let waits = run.steps.compactMap { step -> (Int, Int)? in
        guard case .ready(let watched, let ready) = step.kind else { return nil }
        return (watched, ready.count)
      }
      guard run.digest != nil else { continue }
      #expect(waits.contains { $0.0 > 30 && $0.1 == 1 }, "\(run.model)")
    }
  }

  @Test func `A line of a trace that means nothing to the page is passed over`() {
    for line in ["", "x", "1.000000", "1.5  accept 4 = 5", "1.000000  something else entirely"] {
      #expect(ExplainedStep(line: line) == nil)
    }
    let step = ExplainedStep(line: "2.000001    ready of 4 watched: 5, 6")
    #expect(step?.time == 2_000_001 && step?.kind == .ready(watched: 4, descriptors: [5, 6]))
  }

  @Test func `The page is complete in itself, and weighs less than a mebibyte`() throws {
    let page = try ExplainPage.html()
    #expect(page.utf8.count < 1 << 20)
    for word in ["http:", "https:", "src=", "@import", "url("] {
      let isThere = page.contains(word)
      #expect(!isThere, "\(word)")
    }
  }

  @Test(.enabled(if: Browser.path != nil, "Chromium is not installed"))
  func `Forward and back is the same, at every step of every lane, and the address holds it`()
    throws
  {
    let found = try Browser.found(
      by: try ExplainPage.html().replacing(
        "</body>",
        with: """
          <pre id="found"></pre>
          <script>
          const faults = [];
          let looked = 0;
          for (const s of scenarios) for (const r of s.runs) {
            [view.clients, view.idle, view.slow, view.deaf, view.model]
              = [s.clients, s.idle, s.slow, s.deaf ? 1 : 0, r.model];
            const there = [];
            for (let i = 0; i <= r.steps.length; i += 7) there.push(JSON.stringify(stateAt(r, i, s.clients)));
            for (let i = there.length - 1; i >= 0; i--, looked++)
              if (JSON.stringify(stateAt(r, i * 7, s.clients)) !== there[i]) faults.push(r.model + i);
            const most = s.clients * r.measured.end;
            if (!(waitedBy(r, s.clients, r.measured.end) <= most)) faults.push("waits more than there is time");
            const s2 = fresh();
            for (const step of r.steps) {
              follow(s2, step, s.clients);
              if (/undefined|NaN/.test(line(step) + words(step, s2, s.clients))) faults.push("no words: " + step);
            }
          }
          [view.clients, view.idle, view.slow, view.deaf, view.model, view.at] = [3, 0, 1, 1, "epoll", 0];
          build();
          const text = () => byId("detail").textContent + byId("lanes").textContent;
          byId("on").click();
          const one = text();
          for (let i = 0; i < 20; i++) byId("on").click();
          const hash = location.hash, some = text();
          for (let i = 0; i < 20; i++) byId("back").click();
          if (text() !== one) faults.push("back is elsewhere");
          location.hash = hash;
          fromAddress();
          build();
          if (text() !== some) faults.push("the address leads elsewhere");
          if (/undefined|NaN/.test(document.querySelector("main").textContent)) faults.push("undefined");
          byId("found").textContent = ["looked " + (looked > 1000), ...faults].join("\\n");
          </script></body>
          """))
    #expect(found == ["looked true"])
  }

  @Test(.enabled(if: Browser.path != nil, "Chromium is not installed"))
  func `A recording is played, forward and back, and nothing of it is reckoned`() throws {
    let recording = SurveyTests.recording(loops: 2, clients: 5, turns: 30)
    let explained = ExplainedRecording(recording)
    let mine = recording.callbacks.filter { $0.connection.loop == 0 }
    let told = explained.steps.count { if case .callback = $0.kind { true } else { false } }
    #expect(told == mine.count && explained.leftOut == 0)
    #expect(zip(explained.steps, explained.steps.dropFirst()).allSatisfy { $0.time <= $1.time })
    let page = ExplainPage.html(of: recording, title: "</script>.rec")
    let found = try Browser.found(
      by: page.replacing(
        "</body>",
        with: """
          <pre id="found"></pre>
          <script>
          const faults = [], r = run(), text = () => byId("detail").textContent + byId("lanes").textContent;
          const there = [];
          for (let i = 0; i <= r.steps.length; i++) { go(i); there.push(text()); }
          for (let i = r.steps.length; i >= 0; i--) { go(i); if (text() !== there[i]) faults.push("back at " + i); }
          if (there.some(t => /undefined|NaN/.test(t))) faults.push(there.find(t => /undefined|NaN/.test(t)));
          if (new Set(there).size < r.steps.length / 2) faults.push("steps look alike");
          if (!byId("lanes").textContent.includes("as it was recorded")) faults.push(byId("lanes").textContent);
          if (document.documentElement.scrollWidth > innerWidth) faults.push("wide");
          byId("found").textContent = ["looked", ...faults].join("\\n");
          </script></body>
          """))
    #expect(found == ["looked"])
    // Nothing at all, and a part in which nobody was called.
    for few in [Recording(), recording.clipped(from: .seconds(100), to: nil)] {
      #expect(ExplainPage.html(of: few, title: "x").hasSuffix("</html>\n"))
    }
  }

  @Test(
    .enabled(if: Browser.path != nil, "Chromium is not installed"), arguments: [400, 800, 1400])
  func `Nothing of the page is wider than a window`(width: Int) throws {
    let page = try ExplainPage.html().replacing("&", with: "&amp;").replacing("\"", with: "&quot;")
    let found = try Browser.found(
      by: """
        <!DOCTYPE html><meta charset="utf-8">
        <iframe style="width:\(width)px;height:900px;border:0" srcdoc="\(page)"></iframe>
        <pre id="found"></pre>
        <script>
        onload = () => {
          const inside = document.querySelector("iframe").contentDocument;
          const lanes = inside.querySelectorAll(".lane svg").length;
          byId = id => document.getElementById(id);
          byId("found").textContent = "lanes " + lanes
            + ", wide " + (inside.documentElement.scrollWidth > \(width));
        };
        </script>
        """)
    #expect(found == ["lanes 6, wide false"])
  }
}
