import Foundation
import Testing

@testable import SwitchboardBase
@testable import SwitchboardLab
@testable import SwitchboardReport

/// A report at a glance: thumbnails, what can be read by pointing, charts on a terminal, and how far a run is.
@Suite("Overviews", .timeLimit(.minutes(15)))
struct OverviewTests {
  private static func section(_ sample: Samples.Sample) -> Report.Section {
    Report.Section(
      name: sample.name, claim: "A claim.", story: "A story.", command: "switchboard experiment",
      findings: sample.findings, took: .seconds(12))
  }

  /// One of each experiment, as a run has them.
  private static let report: Report = {
    var seen: Set<String> = []
    let samples = Samples.all.filter { $0.outcome != .undecided && seen.insert($0.name).inserted }
    return Report(
      title: "Claims, tried", lead: "All of them.", command: "switchboard experiment all",
      sections: samples.map(section))
  }()

  @Test(arguments: Samples.all.indices)
  func `A verdict's figure is one that its reason has`(index: Int) throws {
    guard let verdict = Samples.all[index].findings.verdict, verdict.outcome != .undecided else {
      return
    }
    let figure = try #require(verdict.figure)
    #expect(verdict.reason.contains(figure) && figure.contains { $0.isNumber } && figure.count < 20)
  }

  @Test(arguments: [
    ("the last waited 2.8 s, and 1,024 others none", ["2.8 s", "1,024"]),
    ("p99 was 210 µs (±3 %).", ["210 µs", "3 %"]), ("nothing", []), ("", []),
  ])
  func `Figures of a text have their units`(text: String, figures: [String]) {
    #expect(Prose.figures(in: text) == figures)
  }

  @Test(arguments: Samples.all.indices)
  func `What can be read lies within the drawing, and is of its values`(index: Int) {
    for named in Samples.all[index].findings.pictures {
      let drawing = named.picture.drawn(width: 720)
      #expect(!drawing.readings.isEmpty, "\(named.name)")
      for reading in drawing.readings {
        #expect((0...drawing.width).contains(reading.place.x), "\(named.name)")
        #expect((0...drawing.height).contains(reading.place.y), "\(named.name)")
        #expect(!reading.text.contains("nan") && !reading.text.contains("inf"))
      }
    }
  }

  @Test(arguments: Samples.all.indices, [50, 80, 104, 200])
  func `On a terminal each experiment has its chart, and no line is too long`(
    index: Int, width: Int
  ) {
    let sample = Samples.all[index]
    let lines = TextReport(OverviewTests.section(sample), width: width, color: false).lines
    #expect(lines.allSatisfy { !$0.contains("\u{1B}") })
    let marks = lines.filter {
      $0.contains { "█░".contains($0) || ("\u{2801}"..."\u{28FF}").contains($0) }
    }
    #expect(marks.isEmpty == sample.findings.pictures.isEmpty, "\(sample.name)")
    #expect(marks.allSatisfy { $0.count <= width })
    let narrow = TextReport(OverviewTests.section(sample), width: 40, color: false).lines
    #expect(!narrow.contains { $0.contains("\u{2800}") || $0.contains("█") })
  }

  @Test func `A run says from the first moment what it does, and what is left`() {
    let trials = [("a", 10), ("b", 20), ("c", 30)].map { (name: $0.0, seconds: $0.1) }
    var progress = TrialsProgress(trials, isQuick: false)
    progress.begin(0, after: .zero)
    #expect(progress.line(after: .zero) == "1 of 3, a; about 60 s left")
    #expect(progress.line("half", after: .seconds(4)) == "1 of 3, a: half; about 56 s left")
    // It took twice as long as it was to.
    progress.begin(1, after: .seconds(20))
    #expect(progress.line(after: .seconds(30)) == "2 of 3, b; about 90 s left")
    var quick = TrialsProgress([("a", 10)].map { (name: $0.0, seconds: $0.1) }, isQuick: true)
    quick.begin(0, after: .zero)
    #expect(quick.line("now", after: .seconds(3)) == "a: now")
  }

  @Test func `The page asks for nothing from anywhere`() throws {
    let page = HTMLReport(OverviewTests.report).text
    for word in ["src=", "@import", "url(", "https:", "fetch("] {
      let isThere = page.contains(word)
      #expect(!isThere, "\(word)")
    }
    if let path = ProcessInfo.processInfo.environment["REPORT_PAGE"] {
      try page.write(toFile: path, atomically: true, encoding: .utf8)
    }
  }

  @Test(
    .enabled(if: Browser.path != nil, "Chromium is not installed"), arguments: [1400, 800, 400])
  func `Every claim is on the page's first part, nothing is outside, and pointing reads`(
    width: Int
  ) throws {
    let page = HTMLReport(OverviewTests.report).text
    let frame = page.replacing("&", with: "&amp;").replacing("\"", with: "&quot;")
    let found = try Browser.found(
      by: """
        <!DOCTYPE html><meta charset="utf-8">
        <iframe style="width:\(width)px;height:900px;border:0" srcdoc="\(frame)"></iframe>
        <pre id="found"></pre>
        <script>
        onload = () => {
          const page = document.querySelector("iframe").contentDocument, faults = [];
          if (page.documentElement.scrollWidth > \(width)) faults.push("it scrolls sideways");
          const cards = [...page.querySelectorAll(".claims li")];
          const boxes = cards.map((card) => card.getBoundingClientRect());
          boxes.forEach((a, i) => {
            if (a.left < 0 || a.right > \(width)) faults.push(`card ${i} is outside`);
            if (\(width) > 1000 && a.bottom > 900) faults.push(`card ${i} is below the first screen`);
            for (const b of boxes.slice(i + 1))
              if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
                faults.push(`card ${i} lies under another`);
          });
          for (const card of cards) {
            const own = card.getBoundingClientRect();
            for (const part of card.querySelectorAll("*"))
              if (part.getBoundingClientRect().right > own.right + 1) faults.push("a card is too small");
          }
          const wide = page.querySelector(".evidence").getBoundingClientRect().width;
          if (\(width) > 1000 && wide < 1200) faults.push(`evidence takes ${wide}`);
          const circle = [...page.querySelectorAll(".read circle")].find((c) => c.getClientRects().length
            && c.getBoundingClientRect().width > 0);
          const tip = page.querySelector(".tip");
          circle.dispatchEvent(new page.defaultView.PointerEvent("pointerover", { bubbles: true }));
          if (tip.hidden || tip.textContent !== circle.getAttribute("aria-label") || !tip.textContent)
            faults.push("pointing reads nothing");
          if (tip.getBoundingClientRect().right > \(width)) faults.push("what is read is outside");
          document.getElementById("found").textContent =
            [`measured ${cards.length}`, ...new Set(faults)].join("\\n");
        };
        </script>
        """)
    #expect(found == ["measured \(OverviewTests.report.sections.count)"])
  }
}
