import Foundation
import Testing

@testable import SwitchboardBase
@testable import SwitchboardLab
@testable import SwitchboardLoad
@testable import SwitchboardReport

@Suite("Experiments and their reports")
struct ReportTests {
  private func section(_ sample: Samples.Sample) -> Report.Section {
    let trial = Trials.named(sample.name)
    return .init(
      name: sample.name, claim: trial?.claim ?? "A claim", story: trial?.story ?? "A story.",
      command: "switchboard experiment \(sample.name) --out report/", findings: sample.findings,
      took: .seconds(12))
  }

  private var report: Report {
    Report(
      title: "Claims <& figures>", lead: "All of them.", command: "switchboard experiment all",
      sections: Samples.all.map(section))
  }

  // -------------------------------------------------------------------------- registry

  @Test func `Every experiment has a name of its own, a claim in one sentence, and a story`() {
    #expect(Trials.all.count == 12)
    #expect(Set(Trials.all.map { $0.name }).count == 12)
    for trial in Trials.all {
      #expect(trial.name.allSatisfy { $0.isLowercase || $0 == "-" })
      #expect(trial.claim.last == ".")
      #expect(trial.claim.count { $0 == "." } == 1, "\(trial.name) claims more than one thing")
      #expect(trial.claim.count <= 150)
      #expect(trial.story.count > 80)
      #expect((1...60).contains(trial.seconds))
      #expect(Trials.named(trial.name) == trial)
    }
    #expect(Trials.named("nothing") == nil)
  }

  @Test func `All experiments together take less than a quarter of an hour`() {
    #expect(Trials.all.map { $0.seconds }.reduce(0, +) < 15 * 60 / 2)
  }

  @Test func `Every experiment is tried with figures that hold and with others`() {
    for trial in Trials.all {
      let outcomes = Samples.all.filter { $0.name == trial.name }.map(\.outcome)
      #expect(outcomes.contains(.held))
      #expect(outcomes.contains { $0 != .held })
    }
  }

  // --------------------------------------------------------------------------- verdicts

  @Test(arguments: Samples.all.indices)
  func `The verdict follows from the figures`(index: Int) {
    let sample = Samples.all[index]
    #expect(sample.findings.verdict?.outcome == sample.outcome, "\(sample.name)")
    let reason = sample.findings.verdict?.reason ?? "1"
    #expect(!reason.isEmpty)
    #expect(!reason.contains("nan") && !reason.contains("inf"))
    if sample.outcome == .held || sample.outcome == .failed {
      #expect(reason.contains { $0.isNumber }, "\(sample.name) decides without a figure")
      #expect(!sample.findings.pictures.isEmpty)
    }
  }

  @Test func `The crossing point lies where the lines cross`() throws {
    let trial = SelectIsLinear()
    let measured = Samples.waitingCosts(pollGrows: true)
    let crossing = try #require(trial.crossing(of: "poll", with: "epoll", measured))
    // 0.4 + 0.08 n = 0.4 + 0.5 + 0.3 µs at n = 10
    #expect(abs(crossing.x - 10) < 0.01)
    #expect(trial.crossing(of: "epoll", with: "epoll", measured) == nil)
    let slope = try #require(trial.slope("poll", measured, \.median))
    #expect(abs(slope - 1) < 0.05)
  }

  @Test func `Each figure of a cell is the median of its repetitions, for itself`() {
    // The rates rise and the times fall: no repetition is the middle one of both.
    let cell = Samples.cell("epoll", 10, rate: 1000, times: [5, 7, 4])
    #expect(cell.rate == 1000 && cell.serverTime == 5)
    #expect(abs(cell.rates.lowerBound - 900) < 0.01 && abs(cell.rates.upperBound - 1100) < 0.01)
    #expect(cell.serverTimes == 4...7)
  }

  // ----------------------------------------------------------------------------- layout

  @Test(arguments: Samples.all.indices)
  func `No text lies over another or leaves its drawing, in any breadth`(index: Int) {
    for named in Samples.all[index].findings.pictures {
      #expect(faults(of: named.picture) == [], "\(named.name)")
    }
  }

  @Test func `The page's drawings pass the same test as they stand in it`() {
    let page = HTMLReport(report).text
    let all = page.matches(of: /<svg [^>]*>[\s\S]*?<\/svg>/).map { String($0.0) }
    let drawings = all.filter { !$0.contains("thumbnail") }
    #expect(drawings.count == 2 * report.sections.flatMap(\.findings.pictures).count)
    let shown = report.sections.count { !$0.findings.pictures.isEmpty }
    #expect(all.count - drawings.count == shown)
    for drawing in drawings { #expect(LayoutModel(drawing)?.faults == []) }
  }

  @Test(.enabled(if: Browser.path != nil, "Chromium is not installed"), .timeLimit(.minutes(15)))
  func `A browser finds no text over another or beyond its drawing either`() throws {
    let pictures = Samples.all.flatMap(\.findings.pictures)
    let drawings = pictures.flatMap { named in
      [320.0, 720].map { named.picture.drawn(width: $0).inlined() }
    }
    let found = try Browser.faults(of: drawings)
    #expect(found == [])
  }

  /// A drawing with one text over another, and one that is cut off.
  private static let planted = """
    <svg viewBox="0 0 200 40" width="200" height="40">
    <text x="10" y="20" font-size="12">throughput</text>
    <text x="40" y="22" font-size="12">latency</text>
    <text x="170" y="34" font-size="12">microseconds</text>
    </svg>
    """
  private static let faultsPlanted = [
    "'throughput' lies over 'latency'", "'microseconds' leaves the drawing",
  ]

  @Test func `Text that was laid over another on purpose, or cut off, is found`() {
    #expect(LayoutModel(ReportTests.planted)?.faults == ReportTests.faultsPlanted)
  }

  @Test(.enabled(if: Browser.path != nil, "Chromium is not installed"), .timeLimit(.minutes(15)))
  func `A browser finds it too`() throws {
    #expect(try Browser.faults(of: [ReportTests.planted]) == ReportTests.faultsPlanted)
  }

  @Test(arguments: [30, 40, 59, 80, 200])
  func `A table without room for its columns is a record for each row`(width: Int) {
    for sample in Samples.all {
      for table in sample.findings.tables {
        let lines = table.lines(width: width)
        let isWide = table.lines.contains { $0.count > width }
        #expect(isWide || lines == table.lines)
        // A figure with its name may need all of a narrow line.
        #expect(lines.allSatisfy { $0.count <= max(width, 36) }, "\(lines)")
        for row in table.rows { #expect(lines.contains { $0.contains(row[0]) }) }
      }
    }
  }

  @Test func `No chart bends a straight line: both axes are alike`() {
    for sample in Samples.all {
      for case let chart as LineChart in sample.findings.pictures.map(\.picture)
      where chart.x.scale != .nines {
        #expect(chart.x.scale == chart.y.scale, "\(chart.title)")
      }
    }
  }

  @Test func `A latency curve is drawn at every share that a histogram tells apart`() {
    let shares = LatencyCurve.with(SlowCallbackStalls.shares)
    #expect(shares.count > 70 && Set(shares).count == shares.count)
    #expect(shares.starts(with: SlowCallbackStalls.shares))
    let curve = LatencyCurve.shares
    #expect(zip(curve, curve.dropFirst()).allSatisfy { $0 < $1 })
    #expect(abs((curve.last ?? 0) - 0.9999) < 1e-9)
  }

  @Test func `A drawing alone has its colours with it, dark and light, and is small`() {
    for sample in Samples.all {
      for named in sample.findings.pictures {
        let svg = named.picture.drawn(width: 720).svg
        #expect(svg.contains("xmlns=\"http://www.w3.org/2000/svg\""))
        #expect(svg.contains("prefers-color-scheme:dark"))
        #expect(svg.utf8.count < 30_000, "\(named.name) has \(svg.utf8.count) bytes")
      }
    }
  }

  @Test(.enabled(if: Browser.path != nil, "Chromium is not installed"), .timeLimit(.minutes(15)))
  func `A page neither scrolls sideways on a telephone nor leaves the paper`() throws {
    #expect(try Browser.overflow(of: HTMLReport(report).text) == [])
  }

  // -------------------------------------------------------------------------- documents

  @Test func `A report of one section tells its story once`() {
    var section = section(Samples.comparisons[0])
    section.story = "One session, unchanged."
    let report = Report(
      title: "Compared", lead: section.story, command: "switchboard compare", sections: [section])
    for text in [HTMLReport(report).text, MarkdownReport(report).text] {
      #expect(text.matches(of: /One session, unchanged\./).count == 1)
    }
  }

  @Test func `What failed is told by kind beneath the table`() {
    let charts = LoadCharts(cells: [
      Samples.cell("threads", 10_000, rate: 1000, failures: 2), Samples.cell("epoll", 1, rate: 9),
    ])
    #expect(
      charts.notes.contains("What failed: threads at 10,000: connection attempt timed out (6)."))
    #expect(charts.notes.contains { $0.hasPrefix("A thread takes two descriptors") })
    let well = LoadCharts(cells: [Samples.cell("threads", 10, rate: 9)]).notes
    #expect(!well.contains { $0.hasPrefix("What failed") || $0.hasPrefix("A thread") })
  }

  @Test func `The page is well-formed, loads nothing, and has every section`() throws {
    let page = HTMLReport(report).text
    #expect(!page.contains("http://") && !page.contains("https://"))
    #expect(!page.contains("<script ") && !page.contains("@import") && !page.contains("url("))
    #expect(page.contains("Claims &lt;&amp; figures&gt;"))
    for trial in Trials.all { #expect(page.contains("id=\"\(trial.name)\"")) }
    try checkNesting(page)
  }

  @Test func `Every drawing is well-formed XML`() {
    for named in Samples.all.flatMap(\.findings.pictures) {
      let parser = XMLCheck()
      #expect(parser.accepts(named.picture.drawn(width: 720).svg), "\(named.name)")
    }
  }

  /// Every tag that is opened is closed, in order.
  private func checkNesting(_ page: String) throws {
    let empty: Set = ["meta", "path", "rect", "circle"]
    var open: [String] = []
    for match in page.matches(of: /<(\/?)([a-z0-9]+)[^>]*>/) {
      let name = String(match.2)
      if empty.contains(name) { continue }
      if match.1.isEmpty {
        open.append(name)
      } else {
        try #require(open.popLast() == name)
      }
    }
    #expect(open == [])
  }

  @Test func `The Markdown has every section, its pictures, and tables that are whole`() {
    let text = MarkdownReport(report).text
    for trial in Trials.all { #expect(text.contains("\n## \(trial.name)\n")) }
    for named in Samples.all.flatMap(\.findings.pictures) {
      #expect(text.contains("](\(named.name).svg)"))
    }
    // Why nothing could be decided begins as it does in a terminal, behind a colon.
    #expect(text.contains("**The claim could not be decided here:** "))
    #expect(!text.contains("decided here.") && text.contains("**The claim held.** "))
    var columns: Int?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      guard line.hasPrefix("|") else {
        columns = nil
        continue
      }
      let count = line.replacing("\\|", with: "").count { $0 == "|" }
      #expect(columns == nil || columns == count, "\(line)")
      columns = count
    }
  }

  @Test(arguments: [80, 200])
  func `In a terminal prose is never wider than the terminal, nor than is good to read`(width: Int)
  {
    for sample in Samples.all {
      let lines = TextReport(section(sample), width: width, color: false).lines
      let tables = Set(sample.findings.tables.flatMap(\.lines))
      #expect(lines.allSatisfy { tables.contains($0) || $0.count <= min(width, 100) })
      #expect(tables.allSatisfy { $0.count <= 80 }, "\(sample.name)")
      if let verdict = sample.outcome {
        #expect(
          lines.contains { $0.contains(verdict == .held ? "✓" : verdict == .failed ? "✗" : "?") })
      }
    }
  }

  // -------------------------------------------------------------------------------- files

  @Test func `A report is a page, Markdown and a file for each picture`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "report-\(UUID().uuidString)/deep")
    defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
    let files = try ReportFolder(folder.path).write(report)
    #expect(files[0].hasSuffix("/report.html") && files[1].hasSuffix("/report.md"))
    for file in files {
      let text = try String(contentsOfFile: file, encoding: .utf8)
      #expect(text.count > 100)
    }
    #expect(files.contains { $0.hasSuffix("/select-is-linear.svg") })
  }

  @Test func `A folder that cannot be made is named, with what to do`() {
    let failure = #expect(throws: FileTrouble.self) {
      try ReportFolder("/proc/none/report")
    }
    #expect(failure?.description.contains("/proc/none/report") == true)
    #expect(failure?.description.contains("--out") == true)
    #expect(throws: FileTrouble.self) { try ReportFolder("/dev/null") }
  }

  @Test func `A folder in the way of the page is told before anything is measured`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "report-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(
      at: folder.appending(path: "report.html"), withIntermediateDirectories: true)
    let failure = #expect(throws: FileTrouble.self) { try ReportFolder(folder.path) }
    #expect(failure?.description.contains("/report.html': it is a folder; give") == true)
  }

  @Test func `A comparison of nothing says so, and why`() {
    let notes = Samples.all.filter { $0.name == "compare" }.map(\.findings.notes)
    #expect(notes.contains(["Nothing was measured.", "Left out: none."]))
  }

  @Test func `A server's line tells its address`() {
    #expect(
      ServerProcess.address(in: "listening on 127.0.0.1:4711 (epoll)") == .loopback(port: 4711))
    #expect(ServerProcess.address(in: "listening on 127.0.0.1:4711") == .loopback(port: 4711))
    #expect(ServerProcess.address(in: "backend: epoll") == nil)
  }

  @Test func `The machine's facts are there`() {
    let facts = Machine.facts
    #expect(facts.contains { $0.name == "memory" && $0.value.hasSuffix("GiB") })
    #expect(facts.allSatisfy { !$0.value.isEmpty })
  }
}

/// Whether tags are closed in order and signs with a meaning are written as entities.
private final class XMLCheck {
  func accepts(_ text: String) -> Bool {
    var depth = 0
    var rest = text[...]
    while let start = rest.firstIndex(of: "<") {
      // Text between tags holds no bare sign.
      let before = rest[..<start]
      if before.contains(">") { return false }
      guard let end = rest[start...].firstIndex(of: ">") else { return false }
      let tag = rest[rest.index(after: start)..<end]
      if tag.hasPrefix("/") { depth -= 1 } else if !tag.hasSuffix("/") { depth += 1 }
      if depth < 0 || tag.count(where: { $0 == "\"" }) % 2 != 0 { return false }
      rest = rest[rest.index(after: end)...]
    }
    return depth == 0 && !text.replacing(/&(amp|lt|gt|quot);/, with: "").contains("&")
  }
}
