import SwitchboardBase

extension Race {
  /// Drawings of these widths: the page shows the one that its reader has room for.
  private static let widths = (narrow: 360, middle: 720, wide: 1080)

  /// A page with the drawing, complete in itself: it asks no network for anything and runs no script.
  ///
  /// - Parameter program: What ran it, as a reader would: `switchboard demo`.
  public func page(program: String) -> String {
    let drawings = [
      ("narrow", Race.widths.narrow), ("middle", Race.widths.middle), ("wide", Race.widths.wide),
    ].map { "<div class=\"\($0)\">\(svg(width: $1))</div>" }
    return DrawingPage.html(
      title: title, style: Race.style,
      body: """
        <main>
        <h1>Who waits for whom</h1>
        <p>\(Race.lead) \(Markup.escaped(script)) All that is drawn was measured in one run, on the
        clients' side.</p>
        <figure>\(drawings.joined(separator: "\n"))</figure>
        \(table)
        <h2>What one sees</h2>
        <p>\(Race.story)</p>
        <h2>To try next</h2>
        <pre>\(Markup.escaped(Race.nextSteps(program).joined(separator: "\n")))</pre>
        </main>
        """)
  }

  private static let lead =
    "The same clients call three servers at once, each of which speaks the same protocol on its own port."

  private static let story =
    "A server that handles one client at a time gives it all of its attention, also while the client says "
    + "nothing; the others stand connected in the kernel's queue and wait. With a thread for each nobody "
    + "waits, and each client costs a thread that is asleep for nearly all of the time. An event loop does "
    + "the same with one thread: it asks the system who has something to say, and serves those in turn. A "
    + "pause of one client is no pause of the server."

  private static let style = """
    *{box-sizing:border-box}
    body{margin:0;background:var(--tl-page);color:var(--tl-ink);
      font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
    main{max-width:1120px;margin:0 auto;padding:20px 20px 40px}
    h1{font-size:24px;line-height:1.25;margin:0 0 6px}h2{font-size:17px;margin:26px 0 6px}
    p{max-width:70ch;margin:0 0 12px}
    figure{margin:16px 0}figure svg{display:block;max-width:100%;height:auto}
    .middle,.narrow{display:none}
    @media (max-width:1119px){.wide{display:none}.middle{display:block}}
    td{white-space:nowrap}
    @media (max-width:759px){.middle{display:none}.narrow{display:block}main{padding:14px 12px 28px}
      figure{margin:14px -2px}table{font-size:13px}th,td{padding-left:8px}.few{display:none}}
    table{border-collapse:collapse;font-variant-numeric:tabular-nums}
    th,td{text-align:right;padding:4px 0 4px 18px;border-bottom:1px solid var(--tl-line)}
    th:first-child,td:first-child{text-align:left;padding-left:0}
    th{font-weight:600;color:var(--tl-faint)}
    pre{background:var(--tl-panel);border:1px solid var(--tl-line);border-radius:8px;padding:12px 14px;
      overflow:auto;font:13px/1.5 ui-monospace,"DejaVu Sans Mono",monospace}
    @media print{.wide,.narrow{display:none}.middle{display:block}}
    """

  private var table: String {
    let rows = lanes.map { lane in
      let longest = Figures.brief(lane.runners.map(\.waited).max() ?? .zero)
      let cells = [
        lane.name, lane.threads, Figures.brief(lane.elapsed), longest, Figures.brief(lane.waited),
      ]
      let marked = cells.enumerated().map { place, cell in
        "<td\(place == 4 ? " class=\"few\"" : "")>\(Markup.escaped(cell))</td>"
      }
      return "<tr>" + marked.joined() + "</tr>"
    }
    return "<table><thead><tr><th></th><th>server</th><th>took</th><th>longest wait</th>"
      + "<th class=\"few\">all waits</th></tr></thead><tbody>\(rows.joined())</tbody></table>"
  }

  /// What a reader may try next, as lines to copy.
  static func nextSteps(_ program: String) -> [String] {
    [
      "\(program) -n 20", "\(program) --transcript", "\(program) --out race.html",
    ]
  }
}
