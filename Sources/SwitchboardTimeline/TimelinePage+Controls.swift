extension TimelinePage {
  /// Wheel, fingers, mouse, keys, and the strip on which a part is chosen.
  static let controls = #"""
    const clamp = () => {
      const span = Math.min(Math.max(seen.to - seen.from, 0.05), all.to - all.from);
      seen.from = Math.min(Math.max(seen.from, all.from), all.to - span);
      seen.to = seen.from + span;
      const most = Math.max(0, axis + rowsHeight() + 6 - height);
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
      if (event.offsetX < left) return move(0, amount);
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
      if (!moved && event.type === "pointerup") press(event.offsetX, event.offsetY);
    };
    view.addEventListener("pointerup", release);
    view.addEventListener("pointercancel", release);
    view.addEventListener("pointerleave", () => { if (!held.size) hide(); });
    view.addEventListener("dblclick", event => zoom(0.25, event.offsetX));

    // On the strip: what is in sight is moved by its window; a part is chosen by dragging over it.
    let brush = null;
    const timeOn = x => all.from + Math.min(1, Math.max(0, (x - left) / (width - left))) * (all.to - all.from);
    const brushTo = x => {
      const t = timeOn(x);
      if (brush.offset !== null) {
        const span = seen.to - seen.from;
        return show(t - brush.offset, t - brush.offset + span);
      }
      if (Math.abs(x - brush.x) > 3) show(Math.min(brush.from, t), Math.max(brush.from, t));
    };
    map.addEventListener("pointerdown", event => {
      try { map.setPointerCapture(event.pointerId); } catch { /* a pointer that has gone */ }
      const t = timeOn(event.offsetX), span = seen.to - seen.from;
      const holds = t > seen.from && t < seen.to && span < (all.to - all.from) * 0.98;
      brush = {from: t, x: event.offsetX, offset: holds ? t - seen.from : null};
    });
    map.addEventListener("pointermove", event => { if (brush) brushTo(event.offsetX); });
    map.addEventListener("pointerup", event => {
      if (!brush) return;
      const isClick = brush.offset === null && Math.abs(event.offsetX - brush.x) <= 3;
      if (isClick) { const half = (seen.to - seen.from) / 2; show(brush.from - half, brush.from + half); }
      brush = null;
    });
    map.addEventListener("pointercancel", () => { brush = null; });

    // The next callback of the row that was looked at last, in the middle and in a size to be seen.
    const step = by => {
      const row = focus === null ? 0 : focus.row;
      const {events} = rows[row] || {events: []};
      if (!events.length) return;
      go(row, focus === null ? 0 : Math.min(Math.max(focus.place + by, 0), events.length - 1));
    };
    const go = (row, place) => {
      focus = {row, place};
      const e = rows[row].events[place], wide = Math.max(took[e] + sending[e], 0.5);
      let span = seen.to - seen.from;
      if (wide / span < 0.02 || wide > span) span = wide * 12;
      const at = entryOf[row];
      if (at >= pinned) seen.top = tops[at] - pinnedHeight - (height - axis - pinnedHeight) / 2;
      show(start[e] + wide / 2 - span / 2, start[e] + wide / 2 + span / 2);
      select(e);
      requestAnimationFrame(() => tell(told(e, 1), placeOf(start[e] + took[e] / 2), topOf(at) + 8));
    };
    view.addEventListener("keydown", event => {
      const acts = {
        "+": () => zoom(0.6, middle()), "=": () => zoom(0.6, middle()),
        "-": () => zoom(1 / 0.6, middle()), "0": fit, Home: fit,
        ArrowLeft: () => move(-(width - left) / 8, 0), ArrowRight: () => move((width - left) / 8, 0),
        ArrowUp: () => move(0, -44), ArrowDown: () => move(0, 44),
        PageUp: () => move(0, -height / 2), PageDown: () => move(0, height / 2),
        n: () => step(1), p: () => step(-1), "]": () => stepTurn(1), "[": () => stepTurn(-1),
        Escape: () => { hide(); select(-1); },
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
    byId("turn-on").onclick = () => stepTurn(1);
    byId("turn-back").onclick = () => stepTurn(-1);
    byId("turn-close").onclick = () => select(-1);
    byId("sort").onchange = event => { order.by = event.target.value; seen.top = 0; rearrange(); };
    byId("fold").onchange = event => { order.folds = event.target.checked; order.open.clear(); seen.top = 0; rearrange(); };
    """#
}
