import Foundation
import Testing

@testable import SwitchboardLoad
@testable import SwitchboardReport

/// The pages of loads: what is drawn is what was measured.
@Suite("Load pages", .timeLimit(.minutes(15)))
struct LoadPageTests {
  private static let isThere = Browser.path != nil

  /// What base 64 of distances and counts says.
  private static func unpacked(_ text: String) -> [[Int]] {
    let bytes = Array(Data(base64Encoded: text) ?? Data())
    var (numbers, number, shift): ([Int], Int, Int) = ([], 0, 0)
    for byte in bytes {
      number |= Int(byte & 127) << shift
      shift += 7
      if byte < 128 {
        numbers.append(number)
        (number, shift) = (0, 0)
      }
    }
    var place = 0
    return stride(from: 0, to: numbers.count - 1, by: 2).map { index in
      place += numbers[index]
      return [place, numbers[index + 1]]
    }
  }

  @Test(arguments: [2, 5, 8])
  func `A histogram comes back from the page as it went there`(fineness: Int) {
    let latency = LoadSamples.result(seconds: 5).latency
    let coarse = CoarseHistogram(latency, fineness: fineness).entries.map { [$0.place, $0.count] }
    #expect(LoadPageTests.unpacked(LoadPageData.packed(latency, fineness)) == coarse)
    #expect(LoadPageTests.unpacked(LoadPageData.packed(LatencyHistogram(), fineness)) == [])
  }

  @Test func `Bytes in base 64 are those of Foundation`() {
    for count in 0..<70 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
      #expect(LoadPageData.base64(bytes) == Data(bytes).base64EncodedString())
    }
  }

  @Test func `The page of a run of ten minutes has less than a megabyte`() throws {
    let page = LoadPage(LoadSamples.result(seconds: 600, requests: 1000, rates: [1000])).html
    #expect(page.utf8.count < 1_000_000, "\(page.utf8.count)")
  }

  @Test func `Where there is too little room the places are wider`() throws {
    let result = LoadSamples.result(seconds: 20, rates: [1000])
    let (full, tight) = (LoadPageData(result).json, LoadPageData(result, room: 4000).json)
    #expect(full.contains("\"fine\":32,") && !tight.contains("\"fine\":32,"))
    #expect(tight.utf8.count < full.utf8.count)
  }

  @Test func `A page is complete in itself and says how it was measured`() {
    for (name, result) in LoadSamples.all {
      let page = LoadPage(result).html
      for word in ["http:", "https:", "src=", "@import", "url("] {
        let isThere = page.contains(word)
        #expect(!isThere, "\(name): \(word)")
      }
      for fact in ["server", "connections", "rate", "backend", "machine", "command"] {
        #expect(page.contains("<td>\(fact)</td>"), "\(name): \(fact)")
      }
      #expect(page.contains("&lt;&amp;&gt;") && !page.contains("'<&>'"))
    }
  }

  @Test func `Where the time went is drawn where it is known, and otherwise said why not`() {
    var result = LoadSamples.all[0].result
    #expect(!LoadPage(result).html.contains("Where the time went"))
    let parts: [Double] = [0, 10_000, 1_500_000, 20_000, 0, 4000, 11_000]
    let group = LoadSpans.Group(count: 10, nanoseconds: parts)
    result.spans = LoadSpans(sought: 120, found: 110, middle: group, tail: group)
    let page = LoadPage(result).html
    #expect(page.contains("1.50 ms were spent waiting for the loop."))
    #expect(
      page.contains("<td>waiting for the loop</td>") && !page.contains("<td>between callbacks</td>")
    )
    #expect(page.contains("110 requests of the load") && page.contains("10 more are not in it"))
    for width in [40, 80] {
      let lines = LoadReport(result, width: width, color: false).lines
      #expect(lines.allSatisfy { $0.count <= width }, "\(lines)")
      #expect(lines.contains { $0.contains("waiting for the loop") })
    }
    result.spans = LoadSpans(reason: "The recording is <another's>: give the right one.")
    #expect(LoadPage(result).html.contains("<p class=\"warning\">The recording is &lt;another"))
  }

  @Test func `Errors are red, and a run without them is not`() {
    #expect(LoadPage(LoadSamples.all[2].result).html.contains("class=\"failed\""))
    #expect(!LoadPage(LoadSamples.all[0].result).html.contains("class=\"failed\""))
  }

  /// A page with a script behind its own, and what that writes into `found`.
  private static func found(_ page: String, _ script: String) throws -> [String] {
    try Browser.found(
      by: page.replacing(
        "</body>", with: "<pre id=\"found\"></pre><script>\(script)</script></body>"))
  }

  @Test(.enabled(if: isThere, "Chromium is not installed"), arguments: LoadSamples.all.indices)
  func `Brushing draws the curve of a part, and unbrushing the whole again`(index: Int) throws {
    let found = try LoadPageTests.found(
      LoadPage(LoadSamples.all[index].result).html,
      """
      const faults = [];
      const seen = () => curveBox.innerHTML + byId("said").textContent + byId("brush").hasAttribute("hidden");
      const before = seen();
      let parts = 0;
      for (let from = 0; from < spans.length; from += 3) for (const to of [from, from + 1, spans.length - 1]) {
        if (to >= spans.length) continue;
        choose(to, from);
        const part = seen(), sum = spans.slice(from, to + 1).reduce((n, s) => n + total(s.due), 0);
        if (total(chosen().due) !== sum) faults.push("not all of " + from + " to " + to);
        if (part === before) faults.push("the same for " + from + " to " + to);
        choose(from, to);
        if (seen() !== part) faults.push("backwards is another");
        if (/NaN|undefined|Infinity/.test(document.querySelector("#pictures").innerHTML)) faults.push("NaN " + from);
        parts++;
      }
      choose(null);
      if (seen() !== before) faults.push("not as it was");
      if (/NaN|undefined|Infinity/.test(document.querySelector("#pictures").innerHTML)) faults.push("NaN");
      const all = whole.due.reduce((n, [, count]) => n + count, 0);
      byId("found").textContent = ["tried " + (parts > 0 || !spans.length) + " " + all, ...faults].join("\\n");
      """)
    let count = LoadSamples.all[index].result.latency.count
    #expect(found == ["tried true \(count)"])
  }

  @Test(.enabled(if: isThere, "Chromium is not installed"))
  func `Percentiles are not drawn across seconds in which nothing came`() throws {
    let found = try LoadPageTests.found(
      LoadPage(LoadSamples.result(seconds: 20, rates: [1000], pause: 7..<12)).html,
      """
      const lines = [...timeBox.querySelectorAll('path[stroke-dasharray="5 3"]')];
      byId("found").textContent = lines.map(line => line.getAttribute("d").split("M").length - 1).join("\\n");
      """)
    #expect(found == ["2"])
  }

  @Test(.enabled(if: isThere, "Chromium is not installed"))
  func `A pointer that drags chooses the seconds it went over, and a click none`() throws {
    let found = try LoadPageTests.found(
      LoadPage(LoadSamples.result(seconds: 10, rates: [1000])).html,
      """
      timeBox.setPointerCapture = () => {};
      const box = timeBox.firstChild.getBoundingClientRect();
      const send = (kind, t) => timeBox.dispatchEvent(new PointerEvent(kind, {
        clientX: box.left + over.x(t) * box.width / timeBox.firstChild.viewBox.baseVal.width, clientY: box.top + 50}));
      const lines = [];
      send("pointerdown", 2.5); send("pointermove", 4.5); send("pointerup", 4.5);
      lines.push(byId("said").textContent.split(",")[0]);
      send("pointerdown", 7.5); send("pointerup", 7.5);
      lines.push(byId("said").textContent.split(",")[0]);
      send("pointerdown", 9.5); send("pointermove", -0.5); send("pointerup", -0.5);
      lines.push(byId("said").textContent.split(",")[0]);
      dispatchEvent(new KeyboardEvent("keydown", {key: "Escape"}));
      lines.push(byId("said").textContent.split(",")[0]);
      byId("found").textContent = lines.join("\\n");
      """)
    #expect(found == ["From 2 s to 5 s", "The whole run", "From -1 s to 10 s", "The whole run"])
  }

  @Test(.enabled(if: isThere, "Chromium is not installed"), arguments: [400, 800, 1400])
  func `No text of a page lies over another or outside, and nothing is wider than a window`(
    width: Int
  ) throws {
    let pages = LoadSamples.all.map { LoadPage($0.result).html } + [diff]
    let frames = pages.map { page in
      let text = page.replacing("&", with: "&amp;").replacing("\"", with: "&quot;")
      return "<iframe style=\"width:\(width)px;height:900px;border:0\" srcdoc=\"\(text)\"></iframe>"
    }
    let found = try Browser.found(
      by: """
        <!DOCTYPE html><meta charset="utf-8">\(frames.joined())
        <pre id="found"></pre>
        <script>
        onload = () => {
          const found = [];
          let drawings = 0;
          [...document.querySelectorAll("iframe")].forEach((frame, number) => {
            const inside = frame.contentDocument;
            if (inside.documentElement.scrollWidth > \(width)) found.push(number + " is too wide");
            for (const svg of inside.querySelectorAll("svg")) {
              if (!svg.getClientRects().length) continue;
              drawings++;
              const {width, height} = svg.viewBox.baseVal;
              const boxes = [...svg.querySelectorAll("text")].map(t => [t.textContent, t.getBBox()]);
              boxes.forEach(([text, box], index) => {
                if (box.x < 0 || box.y < 0 || box.x + box.width > width || box.y + box.height > height)
                  found.push(`${number}: '${text}' leaves the drawing`);
                for (const [other, its] of boxes.slice(index + 1))
                  if (box.x < its.x + its.width && its.x < box.x + box.width
                      && box.y < its.y + its.height && its.y < box.y + box.height)
                    found.push(`${number}: '${text}' lies over '${other}'`);
              });
            }
          });
          document.getElementById("found").textContent = ["drawings " + drawings, ...found].join("\\n");
        };
        </script>
        """)
    #expect(found == ["drawings \(2 * pages.count)"])
  }

  // ---------------------------------------------------------------------------------- diff

  private var report: LoadDiffReport {
    LoadDiffReport(
      LoadDiff([
        .init("old<1>.json", LoadSamples.result(seconds: 20, rates: [1000])),
        .init("new.json", LoadSamples.result(seconds: 20, rates: [2000], seed: 2)),
        .init("again.json", LoadSamples.result(seconds: 20, requests: 500, rates: [1000], seed: 3)),
      ]))
  }

  private var diff: String { report.html }

  @Test func `A page of a comparison is complete, runs no script, and marks what differs`() {
    let page = diff
    #expect(!page.contains("<script") && !page.contains("url(") && !page.contains("http"))
    #expect(page.contains("old&lt;1&gt;.json") && page.contains("<td>≠ rate</td>"))
    #expect(page.contains("<td>  connections</td>") && page.contains("<td>p99</td>"))
  }

  @Test(arguments: [30, 50, 80, 200])
  func `The lines of a comparison fit their terminal, but for words that do not`(width: Int) {
    let lines = report.lines(width: width, color: false)
    #expect(lines.allSatisfy { $0.count <= max(width, 42) }, "\(lines)")
    #expect(lines.contains { $0.contains("≠ rate") })
    #expect(lines.contains { $0.contains("p99") } && lines.contains { $0.contains("B/A") })
    #expect(!lines.contains { $0.contains("≠ command") || $0.contains("≠ connections") })
  }
}
