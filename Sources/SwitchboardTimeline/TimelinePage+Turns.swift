extension TimelinePage {
  /// One turn of a loop: the wait, whom it brought, each in its turn, and what was sent later.
  static let turns = #"""
    // A turn is what lies between two waits; it is known by its loop and the wait before it, -1 for none.
    const turnOf = e => {
      const loop = clients.loop[rowOf[e]], row = rows[loop];
      return {loop, wait: lower(row.waits, waitEnds, start[e] + 0.0005) - 1};
    };
    const waitEnds = Float64Array.from(waitStart, (s, i) => s + waitTook[i]);
    let turn = null;
    const mostOfTurn = 60;
    const partsOf = ({loop, wait}) => {
      const row = rows[loop], before = row.waits[wait], next = row.waits[wait + 1];
      const from = before === undefined ? (row.events.length ? start[row.events[0]] : whole.from) : waitEnds[before];
      const list = [];
      const until = next === undefined ? Infinity : waitStart[next];
      for (let i = lower(row.events, start, from); i < row.events.length && start[row.events[i]] < until + 0.0005; i++)
        list.push(row.events[i]);
      const later = [];
      for (let i = lower(sendPlaces, sends.start, from); i < sendPlaces.length && sends.start[i] < until; i++)
        if (clients.loop[sends.row[i]] === loop) later.push(i);
      const last = list.length ? start[list[list.length - 1]] + took[list[list.length - 1]]
        + sending[list[list.length - 1]] : from;
      return {from, to: Math.max(from, next === undefined ? last : until), before, list, later};
    };
    const sendPlaces = Uint32Array.from(sends.start, (_, i) => i);
    const svgText = (x, y, text, more = "") => `<text x="${x}" y="${y}"${more}>${
      text.replace(/&/g, "&amp;").replace(/</g, "&lt;")}</text>`;
    const bar = (x, y, wide, high, color, more = "") =>
      `<rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(0.8, wide).toFixed(1)}" height="${high}" fill="var(--tl-${color})"${more}/>`;
    const drawTurn = () => {
      const {from, to, before, list, later} = partsOf(turn), wide = Math.max(260, byId("turn").clientWidth);
      const side = wide < 520 ? 74 : 110, waits = wide < 520 ? 34 : 70, right = wide - 6;
      const x = t => side + waits + (t - from) / Math.max(1e-3, to - from) * (right - side - waits);
      const shown = list.slice(0, mostOfTurn), parts = [];
      let y = 22;
      const row = (name, body) => {
        parts.push(svgText(0, y + 12, name));
        body();
        y += 18;
      };
      const loopName = rows[turn.loop].name;
      row(loopName, () => {
        if (before !== undefined) parts.push(bar(side, y + 6, waits - 4, 4, "life"));
        parts.push(bar(x(from), y + 3, x(to) - x(from), 10, "work"));
      });
      for (const e of shown) row(clientName(e), () => {
        const a = x(start[e]), b = x(start[e] + took[e]), c = x(start[e] + took[e] + sending[e]);
        if (waited[e] > 0) parts.push(bar(x(start[e] - waited[e]), y + 6, a - x(start[e] - waited[e]), 4, "wait"));
        parts.push(bar(b, y + 2, c - b, 12, kinds[kind[e]].id, ` opacity="0.4"`), bar(a, y + 2, Math.max(1.8, b - a), 12, kinds[kind[e]].id,
          e === selected ? ` stroke="var(--tl-ink)" stroke-width="1.5"` : ""));
        const says = `${kinds[kind[e]].letter} ${brief(took[e])}`, after = Math.max(c, a + 1.8) + 5;
        if (after + says.length * 6.4 < right) parts.push(svgText(after.toFixed(1), y + 12, says));
        else if (a - says.length * 6.4 - 5 > side + waits && waited[e] <= 0)
          parts.push(svgText((a - 5).toFixed(1), y + 12, says, ` text-anchor="end"`));
      });
      for (const i of later.slice(0, mostOfTurn)) row(rows[loopRows + sends.row[i]].name, () => {
        const a = x(sends.start[i]), b = x(sends.start[i] + sends.took[i]);
        parts.push(bar(a, y + 5, b - a, 6, "send"));
        const says = sends.bytes[i] < 0 ? `${grouped(-sends.bytes[i])} bytes came back` : `${plural(sends.bytes[i], "byte")} sent later`;
        if (b + 5 + says.length * 6.4 < right) parts.push(svgText((b + 5).toFixed(1), y + 12, says));
      });
      const rest = list.length - shown.length + Math.max(0, later.length - mostOfTurn);
      if (rest) row("", () => parts.push(svgText(side, y + 12, `and ${grouped(rest)} more`)));
      const least = (to - from) * 90 / Math.max(1, right - side - waits), power = Math.pow(10, Math.floor(Math.log10(least || 1)));
      const step = [1, 2, 5, 10].map(n => n * power).find(s => s >= least * 0.999) || 1;
      for (let n = 0; from + n * step <= to + 1e-9 && n < 40; n++) {
        const at = x(from + n * step), text = n ? "+" + moment(n * step, step) : "0";
        parts.unshift(`<path d="M${at.toFixed(1)} 18V${y}" stroke="var(--tl-line)"/>`);
        if (at + text.length * 6.4 < right || !n) parts.push(svgText(at.toFixed(1), 12, text, n ? ` text-anchor="middle"` : ""));
      }
      byId("turn-drawing").innerHTML = `<svg viewBox="0 0 ${wide} ${y + 4}" width="${wide}" height="${y + 4}" role="img" aria-label="the turn">${parts.join("")}</svg>`;
      byId("turn-says").textContent = turnSays({from, to, before, list, later});
    };
    const turnSays = ({from, to, before, list, later}) => {
      const served = list.reduce((sum, e) => sum + took[e], 0), sentIn = list.reduce((sum, e) => sum + sending[e], 0);
      const rest = Math.max(0, to - from - served - sentIn);
      const waits = list.reduce((sum, e) => sum + waited[e], 0);
      return `${rows[turn.loop].name} at ${moment(from, 0.1)}: `
        + (before === undefined ? "" : `a wait of ${brief(waitTook[before])} brought ${plural(waitBrought[before], "completion")}; `)
        + `the turn took ${brief(to - from)}: ${plural(list.length, "callback")} ${brief(served)}, sending ${brief(sentIn)}, `
        + `the rest (receiving, accepting, later sends) ${brief(rest)}. Together they waited ${brief(waits)} for their turn`
        + (later.length ? `; ${plural(later.length, "later send")}` : "") + ".";
    };
    const showTurn = wanted => {
      turn = wanted;
      byId("turn").hidden = !turn;
      if (turn) drawTurn();
    };
    // To the next turn of the same loop, or the one before, as far as the page has them one by one.
    const stepTurn = by => {
      if (!turn) return;
      const to = turn.wait + by;
      if (to < -1 || to >= rows[turn.loop].waits.length) return;
      turn = {loop: turn.loop, wait: to};
      const {from, to: end} = partsOf(turn), span = Math.max(end - from, 0.5) * 3;
      selected = -1;
      delayed = [];
      byId("told").textContent = "";
      drawTurn();
      show((from + end) / 2 - span / 2, (from + end) / 2 + span / 2);
    };
    """#
}
