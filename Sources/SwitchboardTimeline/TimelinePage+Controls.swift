extension TimelinePage {
  /// Wheel, fingers, mouse, keys; tooltips; the texts around the drawing.
  static let controls = #"""
    const clamp = () => {
      const span = Math.min(Math.max(seen.to - seen.from, 0.05), all.to - all.from);
      seen.from = Math.min(Math.max(seen.from, all.from), all.to - span);
      seen.to = seen.from + span;
      const most = Math.max(0, axis + rowsHeight + 6 - height);
      seen.top = Math.min(Math.max(seen.top, 0), most);
    };
    const show = (from, to) => { seen.from = from; seen.to = to; clamp(); draw(); };
    const zoom = (factor, x) => {
      const at = seen.from + Math.max(0, x - left) / scaleOf();
      show(at - (at - seen.from) * factor, at + (seen.to - at) * factor);
    };
    const move = (dx, dy) => {
      seen.top += dy;
      show(seen.from + dx / scaleOf(), seen.to + dx / scaleOf());
    };
    const middle = () => left + (width - left) / 2;
    const fit = () => { seen.top = 0; show(all.from, all.to); };

    view.addEventListener("wheel", event => {
      event.preventDefault();
      hide();
      const amount = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
      if (event.shiftKey) return move(amount || event.deltaX, 0);
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) return move(event.deltaX, 0);
      zoom(Math.exp(Math.max(-120, Math.min(120, amount)) * 0.0035), event.offsetX);
    }, {passive: false});

    const held = new Map();
    let moved = false;
    view.addEventListener("pointerdown", event => {
      held.set(event.pointerId, {x: event.offsetX, y: event.offsetY});
      view.setPointerCapture(event.pointerId);
      view.classList.add("held");
      moved = false;
    });
    view.addEventListener("pointermove", event => {
      const last = held.get(event.pointerId), x = event.offsetX, y = event.offsetY;
      if (!last) return point(x, y);
      if (held.size === 1) {
        if (Math.abs(x - last.x) + Math.abs(y - last.y) > 2) { moved = true; hide(); }
        move(last.x - x, last.y - y);
      } else if (held.size === 2) {
        moved = true;
        const [a, b] = [...held.values()], other = a === last ? b : a;
        const before = Math.max(20, Math.abs(last.x - other.x));
        const now = Math.max(20, Math.abs(x - other.x));
        zoom(before / now, (x + other.x) / 2);
      }
      held.set(event.pointerId, {x, y});
    });
    const release = event => {
      if (!held.delete(event.pointerId)) return;
      if (!held.size) view.classList.remove("held");
      if (!moved && event.type === "pointerup") point(event.offsetX, event.offsetY);
    };
    view.addEventListener("pointerup", release);
    view.addEventListener("pointercancel", release);
    view.addEventListener("pointerleave", () => { if (!held.size) hide(); });
    view.addEventListener("dblclick", event => zoom(0.25, event.offsetX));

    const centre = event => {
      const t = all.from + (event.offsetX - left) / (width - left) * (all.to - all.from);
      const half = (seen.to - seen.from) / 2;
      show(t - half, t + half);
    };
    map.addEventListener("pointerdown", event => { map.setPointerCapture(event.pointerId); centre(event); });
    map.addEventListener("pointermove", event => { if (event.buttons) centre(event); });

    const rowAt = y => {
      let found = null;
      eachRow((row, top, i) => {
        if (y >= top && y < top + row.height && (i < pinned || y >= axis + pinnedHeight))
          found = {row, top, i};
      });
      return found;
    };
    const bytes = n => plural(n, "byte");
    const told = (e, among) => {
      const client = facts.clients[rowOf[e]];
      const lines = [`at ${moment(start[e], 0.1)}`, `took ${brief(took[e])}`
        + (sending[e] ? `, sending ${brief(sending[e])}` : "")];
      if (waited[e] >= 0.05) lines.push(`ready ${brief(waited[e])} before`);
      if (received[e] || sent[e]) lines.push(`${bytes(received[e])} in, ${bytes(sent[e])} out`);
      if (kinds[kind[e]].id === "closed" && client[4]) lines.push(client[4]);
      if (among > 1) lines.push(`one of ${grouped(among)} callbacks in this point: zoom in`);
      return [`${kinds[kind[e]].name} · ${client[0]}`, ...lines];
    };
    const tellRow = (row, isLoop, t) => {
      if (!isLoop) {
        const [name, from, to, closed, reason, calls, input, output] = facts.clients[rows.indexOf(row) - loopRows];
        return [name, `from ${moment(from, 1e2)} ` + (closed ? `to ${moment(to, 1e2)}` : "on"),
          `${plural(calls, "callback")}, ${bytes(input)} in, ${bytes(output)} out`,
          ...(closed && reason ? [`closed: ${reason}`] : [])];
      }
      const i = lower(row.waits, waitStart, t) - 1, w = row.waits[i];
      if (i >= 0 && t < waitStart[w] + waitTook[w])
        return [`${row.name} waits`, `for ${brief(waitTook[w])}`,
          `then ${plural(waitBrought[w], "completion")}`];
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
    const point = (x, y) => {
      const found = x >= left ? rowAt(y) : null;
      if (!found) return hide();
      const {row, i} = found, t = seen.from + (x - left) / scaleOf(), reach = 3 / scaleOf();
      const near = lower(row.events, start, t);
      let best = -1, distance = Infinity;
      for (const place of [near - 1, near, near + 1]) {
        const e = row.events[place];
        if (e === undefined) continue;
        const from = start[e] - (i < loopRows ? 0 : waited[e]), to = start[e] + took[e] + sending[e];
        const gap = t < from ? from - t : t > to ? t - to : 0;
        if (gap < distance) { distance = gap; best = e; }
      }
      if (best >= 0 && distance <= reach) {
        const among = lower(row.events, start, t + reach) - lower(row.events, start, t - reach);
        return tell(told(best, took[best] * scaleOf() < 2 ? among : 1), x, y);
      }
      tell(tellRow(row, i < loopRows, t), x, y);
    };

    // The next callback of the row that was looked at last, in the middle and in a size to be seen.
    const step = by => {
      const events = rows[focus === null ? 0 : focus.row].events;
      if (!events.length) return;
      const place = focus === null ? 0 : Math.min(Math.max(focus.place + by, 0), events.length - 1);
      go(focus === null ? 0 : focus.row, place);
    };
    const go = (row, place) => {
      focus = {row, place};
      const e = rows[row].events[place], wide = Math.max(took[e] + sending[e], 0.5);
      let span = seen.to - seen.from;
      if (wide / span < 0.02 || wide > span) span = wide * 12;
      if (row >= pinned) {
        const above = rows.slice(pinned, row).reduce((sum, r) => sum + r.height, 0);
        seen.top = above - (height - axis - pinnedHeight) / 2;
      }
      show(start[e] + wide / 2 - span / 2, start[e] + wide / 2 + span / 2);
      requestAnimationFrame(() => {
        eachRow((r, y, i) => { if (i === row) tell(told(e, 1), placeOf(start[e] + took[e] / 2), y + 8); });
      });
    };
    view.addEventListener("keydown", event => {
      const acts = {
        "+": () => zoom(0.6, middle()), "=": () => zoom(0.6, middle()),
        "-": () => zoom(1 / 0.6, middle()), "0": fit, Home: fit,
        ArrowLeft: () => move(-(width - left) / 8, 0), ArrowRight: () => move((width - left) / 8, 0),
        ArrowUp: () => move(0, -44), ArrowDown: () => move(0, 44),
        PageUp: () => move(0, -height / 2), PageDown: () => move(0, height / 2),
        n: () => step(1), p: () => step(-1), Escape: hide,
      };
      if (event.ctrlKey || event.metaKey || !acts[event.key]) return;
      event.preventDefault();
      acts[event.key]();
    });
    byId("in").onclick = () => zoom(0.5, middle());
    byId("out").onclick = () => zoom(2, middle());
    byId("fit").onclick = fit;
    byId("on").onclick = () => step(1);
    byId("back").onclick = () => step(-1);

    // The texts.
    const when = facts.wallClock ? ", recorded " + new Date(facts.wallClock).toLocaleString() : "";
    byId("summary").textContent += `: ${plural(facts.clients.length, "client")}, `
      + `${plural(start.length + facts.leftOut, "callback")}`
      + (facts.leftOut ? "" : ` in ${brief(whole.to - whole.from)}`)
      + (facts.backend ? `, ${facts.backend}` : "") + when;
    const warn = text => {
      const p = document.createElement("p");
      p.className = "warn";
      p.textContent = text;
      byId("summary").after(p);
    };
    if (facts.missed) warn(`${plural(facts.missed, "record")} came when there was no room and `
      + `${facts.missed === 1 ? "is" : "are"} missing.`);
    if (facts.leftOut) warn(`Drawn are the first ${grouped(start.length)} of them, `
      + `${brief(whole.to - whole.from)}. The list of the longest is that of all; choose a part to draw `
      + "with --from and --to.");
    const present = new Set(kind);
    const entry = (color, text, style = "") => {
      const item = document.createElement("li"), swatch = document.createElement("i");
      swatch.style.cssText = `background:var(--tl-${color});${style}`;
      item.append(swatch, text);
      byId("legend").append(item);
    };
    kinds.forEach((k, i) => { if (present.has(i)) entry(k.id, `${k.letter} ${k.name}`); });
    if (sending.some(t => t > 0)) entry("receive", "pale: sending its output", "opacity:.4");
    if (hasWaits) {
      entry("wait", "ready, waits for its turn", "height:4px;vertical-align:3px");
      entry("work", "the loop at work; gaps are waits");
    }
    for (const [time, which, client, at, input, output, e] of facts.longest) {
      const cells = [brief(time), kinds[which].name, facts.clients[client][0],
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
      cell.append(button);
    }

    const recolor = () => { readColors(); if (width) { drawMap(); draw(); } };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolor);
    readColors();
    new ResizeObserver(layout).observe(byId("view").parentElement);
    addEventListener("resize", layout);
    layout();
    """#
}
