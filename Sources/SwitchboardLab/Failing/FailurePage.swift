import SwitchboardBase
import SwitchboardTimeline

/// A page of a seed that failed: who did what when, which faults struck, and the promise that was broken, at its
/// place; with a slider from all that the seed had to what is needed for it.
///
/// It is complete in itself, asks no network for anything, and opens from disk. Without its script it shows the last
/// state's events as a list.
package enum FailurePage {
  /// The whole page.
  package static func html(_ story: FailureStory) -> String {
    let last = story.states.last
    return DrawingPage.html(
      title: "\(story.title) fails · switchboard simulate", style: style,
      body: """
        <main>
        <h1>\(Markup.escaped(story.title)) fails</h1>
        <p class="faint">To see it again: <code>\(Markup.escaped(story.command))</code></p>
        <div id="shrinking"></div>
        <p id="facts">\(last.map { Markup.escaped(facts($0)) } ?? "")</p>
        <p id="sentence" class="broken"><span>\(Markup.escaped(last?.violation ?? ""))</span></p>
        <div id="lanes"><svg width="0" height="0"></svg></div>
        \(legend)
        <h2>Event by event</h2>
        <ol id="events">
        \((last?.events ?? []).map(row).joined(separator: "\n"))
        </ol>
        </main>
        <script type="application/json" id="data">\(data(story))</script>
        <script>
        \(reading)
        \(drawing)
        </script>
        """)
  }

  static func facts(_ state: FailureStory.State) -> String {
    "\(Figures.counted(state.faults, "fault")) and \(Figures.counted(state.clients, "client")) "
      + "are left after \(Figures.counted(state.runs, "run"))."
  }

  private static func row(_ event: FailureEvent) -> String {
    "<li class=\"\(event.lane.rawValue) \(event.kind.rawValue)\"><time>"
      + "\(Figures.fixed(Double(event.time) / 1e6, places: 3))</time>"
      + "<span>\(Markup.escaped(event.text))</span></li>"
  }

  private static let legend = """
    <ul class="legend">
    <li class="plain">a client's step</li><li class="fault">a fault</li>
    <li class="session">a session is told</li><li class="call">a call of the loop</li>
    <li class="wrong">a promise is broken</li>
    <li>Pauses are shortened; times are in milliseconds.</li>
    </ul>
    """

  // --------------------------------------------------------------------------------- data

  private static func data(_ story: FailureStory) -> String {
    let states = story.states.map { state in
      let events = state.events.map {
        "[\($0.time),\"\($0.lane.rawValue)\",\"\($0.kind.rawValue)\",\($0.client),\(quoted($0.text))]"
      }
      return "{\"facts\":\(quoted(facts(state))),\"wrong\":\(quoted(state.violation)),"
        + "\"left\":\(state.left),\"events\":[\(events.joined(separator: ",\n"))]}"
    }
    return "[\(states.joined(separator: ",\n"))]"
  }

  /// As JSON, and so that it ends no element of the page.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "<", "\u{0}"..<" ", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  private static let style = """
    body{margin:0;background:var(--tl-page);color:var(--tl-ink);
    font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}
    main{max-width:1400px;margin:0 auto;padding:16px;overflow-wrap:anywhere}
    h1{font-size:1.5rem;line-height:1.2;margin:.4em 0}h2{font-size:1.1rem;margin:1.6em 0 .4em}
    p{margin:.5em 0}.faint,.legend{color:var(--tl-faint)}
    code,time{font:.87em ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}
    #shrinking{display:flex;flex-wrap:wrap;gap:4px 12px;align-items:center}
    #shrinking input{flex:1 1 240px;accent-color:var(--tl-served)}
    .broken{text-align:right;font-weight:600;margin:1em 4px 0 0}
    .broken span{display:inline-block;border-right:3px solid var(--tl-ended);padding:2px 8px}
    #lanes svg{display:block}
    .legend{display:flex;flex-wrap:wrap;gap:2px 18px;list-style:none;padding:0;margin:.4em 0}
    .legend li[class]::before{content:'';display:inline-block;width:9px;height:9px;margin-right:6px;
    border-radius:50%;background:var(--c)}
    .legend li.fault::before{border-radius:0;transform:rotate(45deg)}
    .legend li.wrong::before,.legend li.call::before{border-radius:0;width:3px;height:12px}
    .plain{--c:var(--tl-served)}.fault{--c:var(--tl-wait)}.session{--c:var(--tl-closed)}
    .call,.loop.plain{--c:var(--tl-work)}.wrong{--c:var(--tl-ended)}
    #events{list-style:none;padding:0;margin:0;font-size:.87rem;max-width:1000px}
    #events li{display:grid;grid-template-columns:7em 1fr 1fr 1fr;gap:0 12px;padding:1px 0;
    align-items:baseline}
    #events time{text-align:right;color:var(--tl-faint)}
    #events span{border-left:3px solid var(--c);padding-left:8px;min-width:0}
    #events .network span{grid-column:3}#events .loop span{grid-column:4}
    #events .wrong{font-weight:600;background:var(--tl-panel)}
    #events .wrong span{grid-column:2/5;text-align:right;border-left:0;border-right:3px solid var(--c);
    padding-right:8px}
    #events .seen{background:var(--tl-panel)}
    @media (max-width:700px){#events li{grid-template-columns:6em 1fr}
    #events li.client span,#events li.network span,#events li.loop span{grid-column:2}
    #shrinking input{flex-basis:120px}}
    @media print{#shrinking{display:none}main{max-width:none;padding:0;font-size:10pt}
    #events li{break-inside:avoid}}
    """
}
