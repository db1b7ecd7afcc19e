extension TimelinePage {
  /// What is under the pointer, and what it says.
  static let pointing = #"""
    const rowAt = y => {
      let found = null;
      eachEntry((entry, top, at) => {
        if (y >= top && y < top + heightOf(at) && (at < pinned || y >= axis + pinnedHeight)) found = {entry, top, at};
      });
      return found;
    };
    const bytes = n => plural(n, "byte");
    const told = (e, among) => {
      const row = rows[loopRows + rowOf[e]];
      const lines = [`at ${moment(start[e], 0.1)}`, `took ${brief(took[e])}`
        + (sending[e] ? `, sending ${brief(sending[e])}` : "")];
      if (waited[e] >= 0.05) lines.push(`ready ${brief(waited[e])} before`);
      if (received[e] || sent[e]) lines.push(`${bytes(received[e])} in, ${bytes(sent[e])} out`);
      if (kinds[kind[e]].id === "closed" && row.reason) lines.push(row.reason);
      if (among > 1) lines.push(`one of ${grouped(among)} callbacks in this point: zoom in`);
      return [`${kinds[kind[e]].name} · ${row.name}`, ...lines];
    };
    const tellClients = entry => {
      const {row} = entry, n = entry.members.length;
      const lines = [`from ${moment(row.from, 1e2)} ` + (row.closed ? `to ${moment(row.to, 1e2)}` : "on"),
        `${plural(row.calls, "callback")}, ${bytes(row.input)} in, ${bytes(row.output)} out`,
        `served ${brief(row.busy)}, waited ${brief(row.waited)}`,
        ...(row.closed && row.reason ? [`closed: ${row.reason}`] : [])];
      if (n > 1) lines.unshift(`${plural(n, "client")} that did the same; a click on the name shows each. The first:`);
      return [entry.name, ...lines];
    };
    const tellPoint = (entry, t) => {
      const each = 1 / scaleOf(), {busy, waited, calls} = measure(entry, t - each / 2, t + each / 2, 1);
      const exact = entry.members.every(row => isKnown(row, t - each / 2, t + each / 2));
      const share = value => (Math.min(1, value / each / entry.members.length) * 100).toFixed(1) + " %";
      return [entry.name, `${brief(each)} at ${moment(t, each)}`,
        (exact ? plural(calls[0], "callback") : `about ${plural(calls[0], "callback")}`)
          + `, served ${share(busy[0])} of it`, `waited ${share(waited[0])} of it`];
    };
    const tellLoop = (row, t) => {
      if (!isKnown(row, t, t)) return [row.name];
      const i = lower(row.waits, waitStart, t) - 1, w = row.waits[i];
      if (i >= 0 && t < waitStart[w] + waitTook[w])
        return [`${row.name} waits`, `for ${brief(waitTook[w])}`, `then ${plural(waitBrought[w], "completion")}`];
      return row.waits.length ? [`${row.name} works`, "accepting, receiving, sending"] : [row.name];
    };
    const hide = () => { tip.hidden = true; };
    const tell = (lines, x, y) => {
      tip.replaceChildren(...lines.map((line, i) => {
        const element = document.createElement(i ? "div" : "b");
        element.textContent = line;
        return element;
      }));
      tip.hidden = false;
      const top = map.clientHeight, box = tip.getBoundingClientRect();
      tip.style.left = Math.max(4, Math.min(x + 14, width - box.width - 6)) + "px";
      const below = top + y + 18;
      tip.style.top = (below + box.height < top + height ? below
        : Math.max(2, top + y - box.height - 12)) + "px";
    };
    // The callback of an entry that is nearest to a point, if it is near; and how many are there.
    const eventAt = (entry, x) => {
      const t = seen.from + (x - left) / scaleOf(), reach = 3 / scaleOf();
      let best = -1, distance = Infinity, among = 0;
      for (const {events} of entry.members) {
        const near = lower(events, start, t);
        for (const place of [near - 1, near, near + 1]) {
          const e = events[place];
          if (e === undefined) continue;
          const from = start[e] - (entry.isLoop ? 0 : waited[e]), to = start[e] + took[e] + sending[e];
          const gap = t < from ? from - t : t > to ? t - to : 0;
          if (gap < distance) { distance = gap; best = e; }
        }
        among += lower(events, start, t + reach) - lower(events, start, t - reach);
      }
      return distance <= reach ? {event: best, among: took[best] * scaleOf() < 2 ? among : 1} : null;
    };
    const point = (x, y) => {
      const found = rowAt(y);
      if (!found) return hide();
      const {entry} = found, t = seen.from + (x - left) / scaleOf();
      if (x < left) return entry.isLoop ? hide() : tell(tellClients(entry), x, y);
      if (isDense && !entry.isLoop) return tell(tellPoint(entry, t), x, y);
      const near = isDense ? null : eventAt(entry, x);
      if (near) return tell(told(near.event, near.among), x, y);
      tell(entry.isLoop ? tellLoop(entry.row, t) : tellClients(entry), x, y);
    };
    // A click: on a callback marks whom it delayed, on a name unfolds or folds, anywhere else takes marks away.
    const press = (x, y) => {
      const found = rowAt(y);
      if (!found) return select(-1);
      const {entry} = found;
      if (x < left) {
        if (order.folds && entry.key) {
          if (!order.open.delete(entry.key) && entry.members.length > 1) order.open.add(entry.key);
          rearrange();
        }
        return;
      }
      const near = isDense ? null : eventAt(entry, x);
      if (!near) { select(-1); return point(x, y); }
      const row = rows[loopRows + rowOf[near.event]];
      focus = {row: loopRows + rowOf[near.event], place: row.events.indexOf(near.event)};
      select(near.event);
      point(x, y);
    };
    const rearrange = () => {
      arrange();
      layout();
      clamp();
      draw();
    };
    """#
}
