extension TimelinePage {
  /// The texts around the drawing, and the beginning.
  static let texts = #"""
    const when = facts.wallClock ? ", recorded " + new Date(facts.wallClock).toLocaleString() : "";
    byId("summary").textContent += `: ${plural(facts.clients, "client")}, `
      + `${plural(facts.callbacks, "callback")} in ${brief(facts.callbacks ? whole.to - whole.from : 0)}`
      + (facts.backend ? `, ${facts.backend}` : "") + when;
    const warn = text => {
      const p = document.createElement("p");
      p.className = "warn";
      p.textContent = text;
      byId("summary").after(p);
    };
    if (facts.missed) warn(`${plural(facts.missed, "record")} came when there was no room and `
      + `${facts.missed === 1 ? "is" : "are"} missing.`);
    if (facts.unknown) warn(`${plural(facts.unknown, "record")} could not be understood.`);
    if (!facts.isWhole) warn(`All ${grouped(facts.callbacks)} callbacks are counted and drawn by density, in slices of `
      + `${brief(facts.slice)}. One by one there are ${grouped(start.length)} of them: those of the beginning, and those `
      + "around the longest. --from and --to choose others.");
    if (!clientRows) warn("Nobody was served.");
    if (facts.clients > clientRows) warn(`There are more clients than rows: each row is that of up to `
      + `${grouped(clients.count[0])} that followed each other.`);
    const presentKinds = new Set(kind);
    const entry = (color, text, style = "") => {
      const item = document.createElement("li"), swatch = document.createElement("i");
      swatch.style.cssText = `background:var(--tl-${color});${style}`;
      item.append(swatch, text);
      byId("legend").append(item);
    };
    kinds.forEach((k, i) => { if (presentKinds.has(i)) entry(k.id, `${k.letter} ${k.name}`); });
    if (sending.some(t => t > 0)) entry("receive", "pale: sending its output", "opacity:.4");
    if (clientRows) entry("served", "density: share of a point's time in which it was served");
    if (hasWaits) {
      entry("wait", "ready, waits for its turn", "height:4px;vertical-align:3px");
      entry("work", "the loop at work; gaps are waits");
    }
    for (const [time, which, client, at, input, output, e] of facts.longest) {
      const cells = [brief(time), kinds[which].name, nameOf(client),
        moment(at, 100), grouped(input), grouped(output)];
      const row = document.createElement("tr");
      cells.forEach((text, i) => {
        const cell = document.createElement("td");
        cell.textContent = text;
        cell.className = i === 1 || i === 2 ? "l" : i > 3 ? "wide" : "";
        row.append(cell);
      });
      const button = document.createElement("button"), cell = document.createElement("td");
      row.append(cell);
      byId("longest").append(row);
      if (e < 0) {
        cell.textContent = "not drawn";
        cell.className = "l";
        continue;
      }
      button.textContent = "show";
      button.onclick = () => {
        const at = loopRows + rowOf[e];
        view.scrollIntoView({block: "nearest"});
        go(at, rows[at].events.indexOf(e));
      };
      cell.className = "b";
      cell.append(button);
    }

    const recolor = () => { if (!isOnPaper) { readColors(); redraw(); } };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolor);
    readColors();
    const refit = () => { layout(); if (turn) drawTurn(); };
    new ResizeObserver(refit).observe(byId("view").parentElement);
    addEventListener("resize", refit);
    layout();
    """#
}
