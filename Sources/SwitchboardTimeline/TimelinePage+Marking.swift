extension TimelinePage {
  /// Whom a callback delayed: lines to them, and the sum.
  static let marking = #"""
    // Who was ready when a callback began, and was served after it in the same turn: each waited for all of it.
    // Who became ready meanwhile waited for a part that nobody knows, and is not counted.
    const delayedBy = e => {
      const row = rows[clients.loop[rowOf[e]]], {events} = row, s = start[e], found = [], known = new Set();
      const next = lower(row.waits, waitStart, s);
      const until = next < row.waits.length ? waitStart[row.waits[next]] : Infinity;
      for (let i = lower(events, start, s); i < events.length && start[events[i]] <= until; i++) {
        const f = events[i];
        if (f === e || rowOf[f] === rowOf[e] || waited[f] <= 0 || start[f] < s + took[e]) continue;
        // Ready before it began: half a nanosecond is what a moment may be off as a double.
        if (start[f] - waited[f] > s + 0.0005 || known.has(rowOf[f])) continue;
        known.add(rowOf[f]);
        found.push(f);
      }
      return found;
    };
    const middleOf = e => {
      const at = entryOf[loopRows + rowOf[e]];
      return topOf(at) + heightOf(at) / 2;
    };
    let delayed = [];
    const drawDelayed = g => {
      if (selected < 0) return;
      g.save();
      g.beginPath();
      g.rect(left, axis + pinnedHeight, width - left, height - axis - pinnedHeight);
      g.clip();
      const from = placeOf(start[selected] + took[selected] + sending[selected]), y = middleOf(selected);
      g.strokeStyle = colors.wait;
      g.fillStyle = colors.wait;
      g.lineWidth = 1.3;
      for (const f of delayed) {
        const to = placeOf(start[f]), end = middleOf(f), bend = Math.max(6, (to - from) / 2);
        g.beginPath();
        g.moveTo(from, y);
        g.bezierCurveTo(from + bend, y, to - bend, end, to, end);
        g.stroke();
        g.beginPath();
        g.arc(to, end, 2.5, 0, 7);
        g.fill();
      }
      const x = placeOf(start[selected]), wide = Math.max(3, (took[selected] + sending[selected]) * scaleOf());
      g.strokeStyle = colors.ink;
      g.lineWidth = 1.5;
      g.strokeRect(x - 1, y - 9, wide + 2, 18);
      g.restore();
    };
    // The sum, in words.
    const sumOf = e => {
      const all = took[e] + sending[e], n = delayed.length;
      const what = `${kinds[kind[e]].name} of ${clientName(e)} at ${moment(start[e], 0.1)} took ${brief(took[e])}`
        + (sending[e] > 0 ? `, and sending its output ${brief(sending[e])}` : "");
      if (!hasWaits) return what + ". Whom it delayed is not known: no waits were recorded.";
      if (!n) return what + ". It delayed nobody who was ready when it began.";
      return `${what}. It delayed ${plural(n, "other")} who ${n === 1 ? "was" : "were"} ready when it began, by `
        + (n === 1 ? brief(all) : `${brief(all)} each: ${brief(all * n)} in sum`) + ".";
    };
    const clientName = e => rows[loopRows + rowOf[e]].name;
    const select = e => {
      selected = e;
      delayed = e < 0 ? [] : delayedBy(e);
      byId("told").textContent = e < 0 ? "" : sumOf(e);
      showTurn(e < 0 ? null : turnOf(e));
      draw();
    };

    // On paper: the light colours, and enough points for a printer.
    let isOnPaper = false;
    const redraw = () => { if (width) { drawMap(); paint(); } };
    addEventListener("beforeprint", () => {
      isOnPaper = true;
      ratio = 2;
      colors = {...facts.paper};
      tip.hidden = true;
      redraw();
    });
    addEventListener("afterprint", () => {
      isOnPaper = false;
      ratio = undefined;
      readColors();
      redraw();
    });
    """#
}
