import Foundation
import Switchboard
import Testing

@testable import SwitchboardTimeline

/// The page of a recording, in a browser: its script does what it says.
@Suite("TimelinePage", .timeLimit(.minutes(10)))
struct TimelinePageTests {
  private static let zero: UInt64 = 5_000_000_000_000

  private static func callback(
    _ kind: CallbackKind, of client: UInt32, at start: UInt64, for took: UInt64,
    sending: UInt64 = 0, bytes: UInt32 = 0
  ) -> CallbackRecord {
    let from = zero + start
    var callback = CallbackRecord(
      kind, of: Key(index: client, generation: 1), from: Instant(nanoseconds: from),
      to: Instant(nanoseconds: from + took))
    (callback.sending, callback.received, callback.sent) = (sending, bytes, bytes)
    return callback
  }

  private static func wait(from start: UInt64, to end: UInt64, _ completions: Int) -> WaitRecord {
    WaitRecord(
      loop: 0, start: Instant(nanoseconds: zero + start), end: Instant(nanoseconds: zero + end),
      completions: completions)
  }

  /// Six clients: three that ask, of which the first is slow once, and three that say nothing.
  static var recording: Recording {
    var callbacks = (0..<6).map {
      callback(.connected, of: $0, at: 1000 + UInt64($0) * 1000, for: 300)
    }
    var waits = [wait(from: 0, to: 1000, 6)]
    for turn in 1..<20 {
      let from = UInt64(turn) * 1_000_000
      let slow: UInt64 = turn == 5 ? 400_000 : 0
      waits.append(
        wait(from: turn == 1 ? 10_000 : from - (turn == 6 ? 550_000 : 900_000), to: from, 3))
      callbacks += [
        callback(.receive, of: 0, at: from, for: 2000 + slow, sending: 5000, bytes: 10),
        callback(.receive, of: 1, at: from + 10_000 + slow, for: 2000, sending: 5000, bytes: 20),
      ]
      if turn % 2 == 1 {
        callbacks.append(
          callback(.receive, of: 2, at: from + 20_000 + slow, for: 2000, sending: 5000, bytes: 400))
      }
    }
    callbacks.append(callback(.alarm, of: 3, at: 19_900_000, for: 100))
    return Recording(callbacks).withWaits(waits)
  }

  @Test func `A page asks nobody for anything, and a name ends no script`() {
    let page = Timeline(Self.recording).page(title: "</script><script>alert(1)</script>\"&.rec")
    for word in ["http:", "https:", "src=", "@import", "url(", "<script>alert"] {
      let isThere = page.contains(word)
      #expect(!isThere, "\(word)")
    }
  }

  /// What a script appended to a page finds wrong.
  private static func found(in page: String, _ script: String) throws -> [String] {
    try Browser.found(
      by: page.replacing(
        "</body>",
        with: """
          <pre id="found"></pre>
          <script>
          const faults = [];
          const expect = (holds, what) => { if (!holds) faults.push(what); };
          const near = (a, b) => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a), Math.abs(b));
          const state = () => JSON.stringify([seen, selected, turn, byId("told").textContent,
            byId("turn").hidden || byId("turn-says").textContent, entries.map(e => e.name)]);
          const mouse = (target, type, x, y) => target.dispatchEvent(new PointerEvent(type,
            {bubbles: true, pointerId: 1, clientX: target.getBoundingClientRect().left + x,
              clientY: target.getBoundingClientRect().top + y}));
          try { \(script) } catch (error) { faults.push(String(error.stack)); }
          byId("found").textContent = ["looked", ...faults].join("\\n");
          </script></body>
          """))
  }

  @Test(
    .enabled(if: Browser.path != nil, "Chromium is not installed"), arguments: [100_000, 30])
  func `Density adds up to the recording, in any number of points`(most: Int) throws {
    let found = try Self.found(
      in: Timeline(Self.recording).page(title: "x", most: most),
      """
      expect(facts.isWhole === \(most > 1000), "whole");
      for (const count of [1, 7, 100, 1333]) for (const entry of entries) {
        const {busy, waited, calls} = measure(entry, all.from, all.to, count), sum = list => list.reduce((a, b) => a + b, 0);
        if (entry.isLoop) continue;
        expect(near(sum(calls), entry.row.calls), "calls " + entry.name + " " + sum(calls));
        expect(near(sum(busy), entry.row.busy), "busy " + entry.name + " " + sum(busy));
        expect(near(sum(waited), entry.row.waited), "waited " + entry.name + " " + sum(waited));
        const each = (all.to - all.from) / count;
        expect(busy.every((b, i) => b + waited[i] <= each * 1.0001), "more than there is time " + entry.name);
      }
      """)
    #expect(found == ["looked"])
  }

  @Test(.enabled(if: Browser.path != nil, "Chromium is not installed"))
  func `Rows are sorted, equal ones folded, and nothing is lost by it`() throws {
    let found = try Self.found(
      in: Timeline(Self.recording).page(title: "x"),
      """
      const names = () => entries.map(e => e.name).join(" ");
      const choose = (id, key, value) => { byId(id)[key] = value; byId(id).dispatchEvent(new Event("change")); };
      const before = names();
      expect(before === "loop conn0 conn1 conn2 conn3 conn4 conn5", before);
      for (const by of ["waited", "busy", "calls", "bytes"]) {
        choose("sort", "value", by);
        const values = entries.slice(1).map(e => sorts[by](e.row));
        expect(values.every((v, i) => !i || v <= values[i - 1]), by + " " + values);
        expect(new Set(entries).size === 7 && rows.every((row, i) => entries[entryOf[i]].members.includes(row)), "lost");
      }
      expect(names().startsWith("loop conn2"), "by bytes: " + names());
      choose("sort", "value", "number");
      choose("fold", "checked", true);
      expect(names() === "loop conn0 conn1 conn2 conn3 conn4 ×2", "folded: " + names());
      const folded = entries[5];
      expect(measure(folded, all.from, all.to, 1).calls[0] === 2, "calls of the folded");
      press(2, topOf(5) + 3);
      expect(names() === before, "unfolded: " + names());
      press(2, topOf(5) + 3);
      expect(names().endsWith("×2"), "folded again: " + names());
      choose("fold", "checked", false);
      expect(names() === before, "as before: " + names());
      for (let i = 1; i < tops.length; i++) expect(tops[i] > tops[i - 1], "rows overlap");
      """)
    #expect(found == ["looked"])
  }

  @Test(.enabled(if: Browser.path != nil, "Chromium is not installed"))
  func `A click on a callback names those whom it delayed, and the sum`() throws {
    let found = try Self.found(
      in: Timeline(Self.recording).page(title: "x"),
      """
      const slow = facts.longest[0][6];
      expect(took[slow] === 402, "the longest " + took[slow]);
      expect(JSON.stringify(delayedBy(slow).map(f => rowOf[f])) === "[1,2]", "delayed " + delayedBy(slow));
      go(loopRows + rowOf[slow], rows[loopRows].events.indexOf(slow));
      paint();
      select(-1);
      expect(byId("turn").hidden && !byId("told").textContent, "nothing is chosen");
      const x = placeOf(start[slow] + 100), y = middleOf(slow);
      mouse(view, "pointerdown", x, y);
      mouse(view, "pointerup", x, y);
      expect(selected === slow, "chosen " + selected);
      expect(byId("told").textContent.includes("It delayed 2 others who were ready when it began, by 407 µs each: 814 µs in sum"),
        byId("told").textContent);
      expect(byId("turn-says").textContent.includes("3 callbacks 406 µs"), byId("turn-says").textContent);
      // Turns after each other: those of a turn are the callbacks between two waits, each in one.
      const seenInTurns = [];
      for (let w = -1; w < rows[0].waits.length; w++) seenInTurns.push(...partsOf({loop: 0, wait: w}).list);
      expect(seenInTurns.length === start.length && new Set(seenInTurns).size === start.length,
        "callbacks in turns: " + seenInTurns.length);
      """)
    #expect(found == ["looked"])
  }

  @Test(.enabled(if: Browser.path != nil, "Chromium is not installed"))
  func `Forward and back is where one was, and a part is chosen by dragging`() throws {
    let found = try Self.found(
      in: Timeline(Self.recording).page(title: "x"),
      """
      step(1); step(1); step(1);
      const there = state();
      for (let i = 0; i < 7; i++) step(1);
      expect(state() !== there, "went nowhere");
      for (let i = 0; i < 7; i++) step(-1);
      expect(state() === there, "callbacks: " + state() + there);
      stepTurn(1); stepTurn(1);
      const turned = state();
      for (let i = 0; i < 5; i++) stepTurn(1);
      for (let i = 0; i < 5; i++) stepTurn(-1);
      expect(state() === turned, "turns: " + state() + turned);
      fit();
      const a = left + (width - left) * 0.25, b = left + (width - left) * 0.5, span = all.to - all.from;
      mouse(map, "pointerdown", a, 20); mouse(map, "pointermove", (a + b) / 2, 20);
      mouse(map, "pointermove", b, 20); mouse(map, "pointerup", b, 20);
      const pixel = span / (width - left) * 1.01;
      expect(Math.abs(seen.from - (all.from + span * 0.25)) < pixel && Math.abs(seen.to - (all.from + span * 0.5)) < pixel,
        "a part is chosen: " + JSON.stringify(seen));
      const wide = seen.to - seen.from;
      mouse(map, "pointerdown", (a + b) / 2, 20); mouse(map, "pointermove", (a + b) / 2 + 50, 20);
      mouse(map, "pointerup", (a + b) / 2 + 50, 20);
      expect(Math.abs(seen.to - seen.from - wide) < pixel && seen.from > all.from + span * 0.26, "it is moved");
      zoom(0.5, middle()); zoom(2, middle());
      expect(Math.abs(seen.to - seen.from - wide) < pixel, "in and out");
      fit();
      expect(near(seen.from, all.from) && near(seen.to, all.to), "the whole");
      """)
    #expect(found == ["looked"])
  }

  @Test(.enabled(if: Browser.path != nil, "Chromium is not installed"))
  func `What is printed has light colours and a legend`() throws {
    let found = try Self.found(
      in: Timeline(Self.recording).page(title: "x").replacing(
        "@media screen and (prefers-color-scheme:dark)", with: "@media all"),
      """
      const corner = () => [...view.getContext("2d").getImageData(1, view.height - 1, 1, 1).data].join();
      paint();
      expect(corner() === "13,17,23,255", "dark: " + corner());
      dispatchEvent(new Event("beforeprint"));
      expect(corner() === "255,255,255,255", "paper: " + corner());
      dispatchEvent(new Event("afterprint"));
      expect(corner() === "13,17,23,255", "dark again: " + corner());
      expect(byId("legend").children.length >= 6, "legend");
      """)
    #expect(found == ["looked"])
  }

  @Test(
    .enabled(if: Browser.path != nil, "Chromium is not installed"), arguments: [400, 800, 1400])
  func `Nothing of the page is wider than a window, the turn neither`(width: Int) throws {
    let page = Timeline(Self.recording).page(title: "x").replacing("&", with: "&amp;")
      .replacing("\"", with: "&quot;")
    let found = try Browser.found(
      by: """
        <!DOCTYPE html><meta charset="utf-8">
        <iframe style="width:\(width)px;height:900px;border:0" srcdoc="\(page)"></iframe>
        <pre id="found"></pre>
        <script>
        onload = () => {
          const frame = document.querySelector("iframe"), inside = frame.contentDocument;
          frame.contentWindow.eval("go(loopRows, 5)");
          const svg = inside.querySelector("#turn svg"), wide = svg.viewBox.baseVal.width, texts = [...svg.querySelectorAll("text")];
          const boxes = texts.map(t => t.getBBox());
          const outside = boxes.filter(b => b.x < -1 || b.x + b.width > wide + 1).length;
          const overlap = boxes.some((a, i) => boxes.some((b, j) => i < j && a.x < b.x + b.width && b.x < a.x + a.width
            && a.y < b.y + b.height - 3 && b.y < a.y + a.height - 3));
          document.getElementById("found").textContent = "wide " + (inside.documentElement.scrollWidth > \(width))
            + ", outside " + outside + ", overlap " + overlap + ", texts " + (texts.length > 4);
        };
        </script>
        """)
    #expect(found == ["wide false, outside 0, overlap false, texts true"])
  }

  @Test(
    .enabled(if: Browser.path != nil, "Chromium is not installed"),
    arguments: [
      Recording(), Recording([callback(.receive, of: 0, at: 0, for: 0)]),
      Recording((0..<3).map { callback(.connected, of: $0, at: 7, for: 0) }),
      Recording().withWaits([wait(from: 0, to: 1_000_000, 0)]),
    ])
  func `Next to nothing is a page, too`(recording: Recording) throws {
    let found = try Self.found(
      in: Timeline(recording).page(title: "x"),
      """
      paint();
      step(1); stepTurn(1); stepTurn(-1); step(-1); fit(); zoom(0.1, middle());
      point(middle(), 40); press(middle(), 40);
      paint();
      expect(!/undefined|NaN/.test(document.querySelector("main").textContent), document.querySelector("main").textContent);
      """)
    #expect(found == ["looked"])
  }
}

extension Recording {
  fileprivate func withWaits(_ waits: [WaitRecord]) -> Recording {
    var recording = self
    recording.waits = waits
    return recording
  }
}
