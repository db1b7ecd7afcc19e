import SwitchboardBase
import SwitchboardLoad

/// What a load measured, as a page: each second's latencies, and how many took how long.
///
/// It is complete in itself, asks no network for anything, and opens from disk. Its figures stand in tables, too, so
/// that they are there without the script, which draws.
package struct LoadPage {
  private let result: LoadResult
  private let report: LoadReport

  /// A page for a result.
  package init(_ result: LoadResult) {
    self.result = result
    report = LoadReport(result, width: .max, color: false)
  }

  /// The page.
  package var html: String {
    ReportPage.html(
      title: "\(report.title) · switchboard load", style: LoadPage.style,
      body: """
        \(header)
        \(pictures)
        \(LoadPage.spans(result.spans))
        <section class="columns">
        \(tables)
        </section>
        <footer><h2>How it was measured</h2>
        \(ReportPage.facts(result.facts))</footer>
        <script type="application/json" id="data">\(LoadPageData(result).json)</script>
        <script>
        \(LoadPage.reading)
        \(LoadPage.overTime)
        \(LoadPage.byShare)
        \(LoadPage.brushing)
        </script>
        """)
  }

  private func prose(_ text: String) -> String { Markup.escaped(text) }

  // ---------------------------------------------------------------------------- words

  private var header: String {
    let warnings = report.warnings.map { "<p class=\"warning\">\(prose($0))</p>" }
    return """
      <header>
      <h1>\(prose(report.title))</h1>
      <p class="lead">\(headline)</p>
      <p class="small">\(prose(report.conditions)). \(prose(report.counted)).</p>
      \(warnings.joined(separator: "\n"))</header>
      """
  }

  /// The rate and two percentiles; in red where something went wrong.
  private var headline: String {
    let rate =
      report.isStepped
      ? "\(Figures.counted(result.steps.count, "step")), told apart below"
      : report.perSecond(result.rate)
    let times = [50, 99].map { percent in
      "p\(percent) \(Figures.brief(result.latency.percentile(Double(percent))))"
    }
    let known = result.latency.isEmpty ? [] : report.isStepped ? [] : times
    let text = prose(([rate] + known).joined(separator: ", "))
    guard let trouble = report.trouble else { return text }
    return "<span class=\"failed\">\(text), \(prose(trouble))</span>"
  }

  private var pictures: String {
    let isSplit = result.isOpenLoop && !result.uncorrected.isEmpty
    let curves =
      isSplit
      ? """
      <li><i class="line due"></i>since due</li><li><i class="line sent"></i>since sent</li>
      <li><i class="shade"></i>waited to be sent</li>
      """ : "<li><i class=\"line sent\"></i>latency</li>"
    return """
      <noscript><p class="warning">The pictures are drawn by the page's own script, which is switched off here; the
      figures are in the tables.</p></noscript>
      <div id="pictures">
      <figure id="time"><h2>Second by second</h2>
      <ul class="legend"><li><i class="line half"></i>p50</li><li><i class="line most"></i>p99</li>
      <li class="ramp"><span id="few"></span><i></i><span id="many"></span></li></ul>
      <div class="canvas"></div>
      <p class="small hint">Drag across it for a part of the time; a click, or Escape, shows all again.</p></figure>
      <figure id="curve"><h2>How many took no longer</h2>
      <ul class="legend">\(curves)<li id="whole" hidden><i class="line all"></i>the whole run</li></ul>
      <div class="canvas"></div>
      <p class="small" id="said" aria-live="polite">\(prose(said))</p></figure>
      </div>
      """
  }

  /// What the curve is of, in a line.
  private var said: String {
    let percentiles = [50, 90, 99, 99.9].map { percent in
      let name = percent == 99.9 ? "p99.9" : "p\(Int(percent))"
      return "\(name) \(Figures.brief(result.latency.percentile(percent)))"
    }
    let figures = result.latency.isEmpty ? "" : ": " + percentiles.joined(separator: ", ")
    return "The whole run, \(Figures.counted(result.latency.count, "request"))" + figures
  }

  // ---------------------------------------------------------------------------- tables

  private var tables: String {
    var parts = [ReportPage.table(latencies)]
    if report.isStepped { parts.append(ReportPage.table(steps)) }
    parts.append(ReportPage.table(ends))
    let failures = report.failureNotes
    if !failures.isEmpty {
      let items = failures.map { "<li class=\"failed\">\(prose("\($0.whose): \($0.text)"))</li>" }
      parts.append("<div><h2>What went wrong</h2><ul>\(items.joined())</ul></div>")
    }
    return parts.joined(separator: "\n")
  }

  private static let percentiles: [(name: String, percent: Double)] = [
    ("p50", 50), ("p75", 75), ("p90", 90), ("p95", 95), ("p99", 99), ("p99.9", 99.9),
    ("p99.99", 99.99), ("max", 100),
  ]

  private var latencies: Table {
    let isSplit = result.isOpenLoop && !result.uncorrected.isEmpty
    let kinds = [result.latency] + (isSplit ? [result.uncorrected] : [])
    let heads = isSplit ? ["since due", "since sent"] : ["latency"]
    let rows = LoadPage.percentiles.map { name, percent in
      [name] + kinds.map { $0.isEmpty ? "–" : Figures.brief($0.percentile(percent)) }
    }
    return Table("Latency", [""] + heads, rows)
  }

  private var steps: Table {
    let rows = result.steps.map { step in
      let missed = step.tally.due - step.tally.answered
      return [step.asked, step.rate].map { Figures.grouped(Figures.whole($0)) + "/s" }
        + [Figures.grouped(missed)]
        + [50, 99, 99.9].map { Figures.brief(step.latency.percentile($0)) }
    }
    return Table("Steps", ["asked", "got", "not answered", "p50", "p99", "p99.9"], rows)
  }

  private var ends: Table {
    let tally = result.window
    let all = [
      ("due", tally.due), ("answered", tally.answered), ("answered wrongly", tally.wrong),
      ("lost", tally.lost), ("never sent", tally.unsent), ("in flight at the end", tally.inFlight),
    ]
    return Table(
      "Requests", ["", "of the window"],
      all.enumerated().filter { $0.offset < 2 || $0.element.1 > 0 }
        .map { [$0.element.0, Figures.grouped($0.element.1)] })
  }
}
