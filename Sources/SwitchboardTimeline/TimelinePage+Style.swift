import SwitchboardBase

extension TimelinePage {
  /// The page's style sheet.
  static let style = """
    *{box-sizing:border-box}
    body{margin:0;background:var(--tl-page);color:var(--tl-ink);
      font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
    main{max-width:1600px;margin:0 auto;padding:16px 20px 32px}
    h1{font-size:20px;line-height:1.25;margin:0 0 2px}
    h2{font-size:15px;margin:22px 0 6px}
    p{margin:0 0 10px;color:var(--tl-faint)}
    .warn{color:var(--tl-wait)}
    .bar{display:flex;flex-wrap:wrap;gap:6px;align-items:center;margin:10px 0 8px}
    button,select{font:inherit;color:inherit;background:var(--tl-panel);border:1px solid var(--tl-line);
      border-radius:6px;padding:3px 11px;min-height:32px;cursor:pointer}
    button:hover{border-color:var(--tl-faint)}
    :focus-visible{outline:2px solid var(--tl-receive);outline-offset:1px}
    #range{margin-left:6px;font-variant-numeric:tabular-nums}
    #told:empty{display:none}
    #how{color:var(--tl-faint);font-size:13px}
    #told{margin:10px 0 0;color:var(--tl-ink);font-variant-numeric:tabular-nums}
    #turn{margin-top:8px}#turn h2{margin:0 8px 0 0}
    #turn-drawing{overflow:hidden}
    #turn svg{display:block;max-width:100%}#turn text{fill:var(--tl-faint);font-size:11.5px;
      font-variant-numeric:tabular-nums}
    .stage{position:relative;border:1px solid var(--tl-line);border-radius:8px;overflow:hidden;
      background:var(--tl-page)}
    canvas{display:block;width:100%}
    #map{height:44px;background:var(--tl-panel);border-bottom:1px solid var(--tl-line);
      cursor:pointer;touch-action:pan-y}
    #view{cursor:grab;touch-action:pan-y}
    #view.all{touch-action:none}
    #view.held{cursor:grabbing}
    #tip{position:absolute;pointer-events:none;z-index:2;width:max-content;max-width:270px;padding:7px 10px;
      border-radius:6px;background:var(--tl-ink);color:var(--tl-page);font-size:12.5px;
      line-height:1.4;font-variant-numeric:tabular-nums;box-shadow:0 2px 10px #0005}
    #tip[hidden]{display:none}
    #tip b{display:block}
    .legend{display:flex;flex-wrap:wrap;gap:4px 16px;margin:10px 0 0;padding:0;list-style:none;
      color:var(--tl-faint);font-size:13px}
    .legend i{display:inline-block;width:14px;height:12px;margin-right:6px;border-radius:2px;
      vertical-align:-1px}
    table{border-collapse:collapse;font-variant-numeric:tabular-nums}
    th,td{text-align:right;padding:3px 14px 3px 0;white-space:nowrap}
    th{font-weight:600;color:var(--tl-faint);border-bottom:1px solid var(--tl-line)}
    th.l,td.l{text-align:left}
    td button{min-height:26px;padding:0 8px}
    kbd{font:12px ui-monospace,monospace;border:1px solid var(--tl-line);border-radius:4px;
      padding:0 4px;background:var(--tl-panel);color:var(--tl-ink)}
    @media (max-width:600px){main{padding:12px 10px 24px}th.wide,td.wide{display:none}
      th,td{padding-right:10px}#range{margin:0;width:100%}}
    @media print{.bar button,.bar label,.keys,td.b{display:none}main{padding:0;max-width:none}
      canvas{height:auto!important}.stage,li,tr{break-inside:avoid}
      .legend i,canvas,svg{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
    """

  /// The page's elements, beside its data.
  static func body(title: String) -> String {
    """
    <main>
    <h1>Who was served when</h1>
    <p id="summary">\(Markup.escaped(title))</p>
    <noscript><p class="warn">The drawing is made by a script: switch scripts on for this page.</p>
    </noscript>
    <div class="bar">
    <button id="out" aria-label="zoom out">−</button>
    <button id="in" aria-label="zoom in">+</button>
    <button id="fit">Whole</button>
    <button id="back" aria-label="to the callback before">‹ callback</button>
    <button id="on" aria-label="to the next callback">callback ›</button>
    <label class="wide">sort by <select id="sort"><option value="number">order of accepting</option>
    <option value="waited">time waited</option><option value="busy">time served</option>
    <option value="calls">callbacks</option><option value="bytes">bytes</option></select></label>
    <label class="wide"><input type="checkbox" id="fold"> fold equal rows</label>
    <span id="range" aria-live="polite"></span>
    <span id="how"></span>
    </div>
    <div class="stage">
    <canvas id="map" aria-hidden="true"></canvas>
    <canvas id="view" tabindex="0" role="img"
      aria-label="The timeline: a row for each loop and each client. The keys are listed below."></canvas>
    <div id="tip" role="status" hidden></div>
    </div>
    <ul class="legend" id="legend"></ul>
    <p id="told" role="status"></p>
    <section id="turn" hidden>
    <div class="bar"><h2>A turn of the loop</h2>
    <button id="turn-back" aria-label="to the turn before">‹ turn</button>
    <button id="turn-on" aria-label="to the next turn">turn ›</button>
    <button id="turn-close">Close</button></div>
    <p id="turn-says"></p>
    <div id="turn-drawing"></div>
    </section>
    <h2>The longest callbacks</h2>
    <table><thead><tr><th>took</th><th class="l">callback</th><th class="l">client</th><th>at</th>
    <th class="wide">bytes in</th><th class="wide">bytes out</th><th></th></tr></thead>
    <tbody id="longest"></tbody></table>
    <p class="keys" style="margin-top:18px">Wheel, pinch or <kbd>+</kbd> <kbd>−</kbd> zoom; drag or
    <kbd>←</kbd> <kbd>→</kbd> move in time, <kbd>↑</kbd> <kbd>↓</kbd> among clients; <kbd>0</kbd>
    shows the whole, <kbd>n</kbd> and <kbd>p</kbd> the next and the previous callback of a row.
    With <kbd>shift</kbd> the wheel moves. A double click zooms in on its place. A click on a callback draws lines to
    those whom it delayed and shows its turn; <kbd>[</kbd> and <kbd>]</kbd> go from turn to turn. Dragging over the
    strip above chooses a part.</p>
    </main>
    """
  }
}
