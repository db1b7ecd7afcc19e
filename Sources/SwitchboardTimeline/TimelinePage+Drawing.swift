extension TimelinePage {
  /// Draws what is to be seen at the moment, and nothing else: an event costs something only if it
  /// has a point of its own.
  static let drawing = #"""
    const view = byId("view"), map = byId("map"), tip = byId("tip");
    const whole = {from: facts.from, to: Math.max(facts.to, facts.from + 1)};
    // A part that was asked for has exactly that axis.
    const margin = facts.isPart ? 0 : (whole.to - whole.from) * 0.01;
    const all = {from: whole.from - margin, to: whole.to + margin};
    const seen = {from: all.from, to: all.to, top: 0};
    let width = 0, height = 0, left = 0, focus = null, selected = -1, colors = {}, isDense = false;
    const axis = 26, names = "12.5px system-ui, sans-serif", mostLeft = 150;

    const colorNames = ["ink", "faint", "line", "life", "work", "wait", "served", "page", "panel",
      ...kinds.map(k => k.id)];
    const readColors = () => {
      const style = getComputedStyle(document.documentElement);
      for (const name of colorNames) colors[name] = style.getPropertyValue("--tl-" + name).trim();
    };
    // Loops stay in sight while clients are scrolled, unless there are many.
    const pinned = loopRows <= 4 ? loopRows : 0, pinnedHeight = pinned * loopHeight;
    const rowsHeight = () => tops[entries.length];

    const fitCanvas = (canvas, w, h, ratio = window.devicePixelRatio || 1) => {
      const [wide, high] = [Math.round(w * ratio), Math.round(h * ratio)];
      if (canvas.width !== wide || canvas.height !== high) {
        canvas.style.height = h + "px";
        canvas.width = wide;
        canvas.height = high;
      }
      const context = canvas.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, w, h);
      return context;
    };
    let ratio;
    const layout = () => {
      tip.hidden = true;
      width = view.clientWidth;
      const room = Math.max(220, window.innerHeight - (width < 600 ? 260 : 300));
      height = Math.min(axis + rowsHeight() + 6, room);
      const g = view.getContext("2d");
      g.font = names;
      const longest = entries.reduce((a, entry) => entry.name.length > a.length ? entry.name : a, "whole");
      left = Math.ceil(22 + Math.min(mostLeft, g.measureText(longest.replace(/\d/g, "0")).width));
      view.classList.toggle("all", axis + rowsHeight() + 6 > height);
      drawMap();
      draw();
    };
    const scaleOf = () => (width - left) / (seen.to - seen.from);
    const placeOf = t => left + (t - seen.from) * scaleOf();

    const steps = () => {
      const least = (seen.to - seen.from) * (width < 600 ? 84 : 110) / Math.max(1, width - left);
      const power = Math.pow(10, Math.floor(Math.log10(least)));
      return [1, 2, 5, 10].map(n => n * power).find(step => step >= least * 0.999);
    };
    // Deep within a long recording labels would be long and nearly the same: there a round moment stands at the
    // left, and the ticks tell how long after it they are.
    const baseOf = step => {
      if (Math.abs(seen.from) < step * 1000) return null;
      const round = Math.pow(10, Math.ceil(Math.log10(seen.to - seen.from)));
      return Math.floor(seen.from / round) * round;
    };
    const drawAxis = g => {
      const step = Math.max(0.001, steps()), base = baseOf(step), zero = base === null ? 0 : base;
      g.font = "11.5px system-ui, sans-serif";
      let free = left;
      if (base !== null) {
        const text = moment(base, Math.pow(10, Math.floor(Math.log10(seen.to - seen.from) + 1e-9)) / 10);
        const at = Math.max(4, left - 8 - g.measureText(text).width);
        g.fillStyle = colors.ink;
        g.fillText(text, at, 15);
        free = at + g.measureText(text).width + 8;
      }
      g.textAlign = "center";
      for (let n = Math.ceil((seen.from - zero) / step); zero + n * step <= seen.to; n++) {
        const x = Math.round(placeOf(zero + n * step)) + 0.5;
        const label = (base === null ? "" : "+") + moment(n * step, step);
        g.strokeStyle = colors.line;
        g.beginPath();
        g.moveTo(x, axis - 5);
        g.lineTo(x, height);
        g.stroke();
        const half = g.measureText(label).width / 2 + 2, middle = Math.max(x, left + half);
        if (x < left || middle + half > width || middle - half < free) continue;
        g.fillStyle = colors.faint;
        g.fillText(label, middle, 15);
      }
      g.textAlign = "left";
    };

    // The first entry whose end is below y, of all rows from the top.
    const entryAt = y => {
      let a = 0, b = entries.length;
      while (a < b) { const m = (a + b) >> 1; if (tops[m + 1] <= y) a = m + 1; else b = m; }
      return a;
    };
    const heightOf = at => tops[at + 1] - tops[at];
    const topOf = at => axis + tops[at] - (at < pinned ? 0 : seen.top);
    // Each entry that is in sight, with where it is.
    const eachEntry = body => {
      for (let at = 0; at < pinned; at++) body(entries[at], topOf(at), at);
      for (let at = Math.max(pinned, entryAt(pinnedHeight + seen.top)); at < entries.length; at++) {
        if (topOf(at) >= height) break;
        body(entries[at], topOf(at), at);
      }
    };

    const drawLoop = (g, row, y, high) => {
      if (!hasWaits) return;
      g.fillStyle = colors.work;
      const base = y + high - 4, most = high - 9, count = Math.max(1, Math.floor(width - left));
      const each = (seen.to - seen.from) / count;
      const isExact = isKnown(row, seen.from, seen.to);
      const waited = isExact ? null : measure({members: [row], isLoop: true}, seen.from, seen.to, count).waited;
      let before = isExact ? waitedBy(row, seen.from) : 0;
      for (let x = 0, t = seen.from; x < count; x++) {
        t += each;
        const now = isExact ? waitedBy(row, t) : 0;
        // At the edges of what was recorded a point is only partly within.
        const inside = Math.min(t, whole.to) - Math.max(t - each, whole.from);
        const share = inside <= 0 ? 0 : (inside - (isExact ? now - before : waited[x])) / each;
        if (share > 1e-6) {
          const tall = Math.max(1, Math.min(1, share) * most);
          g.fillRect(left + x, base - tall, 1, tall);
        }
        before = now;
      }
    };
    const drawLife = (g, row, y, high) => {
      const from = Math.max(left, placeOf(row.from)), to = Math.min(width, placeOf(row.to));
      if (to <= from) return;
      g.fillStyle = colors.life;
      g.fillRect(from, y + high / 2 - 0.75, to - from, 1.5);
    };
    const label = (g, event, x, wide, y) => {
      const k = kinds[kind[event]];
      g.font = "11.5px system-ui, sans-serif";
      const full = k.name + " " + brief(took[event]);
      const text = g.measureText(full).width + 8 < wide ? full : wide > 13 ? k.letter : "";
      if (!text) return;
      g.fillStyle = ["connected", "send", "drained", "posted", "alarm"].includes(k.id) ? "#111"
        : "#fff";
      g.fillText(text, Math.max(x, left) + 4, y + 12);
    };
    const drawEvents = (g, row, y, high, isLoop) => {
      const {events} = row, scale = scaleOf(), top = y + (isLoop ? 5 : 4);
      const tall = high - (isLoop ? 9 : 8);
      let i = Math.max(0, lower(events, start, seen.from) - 1);
      while (i < events.length) {
        const e = events[i], s = start[e];
        if (s > seen.to + waited[e]) break;
        const x = placeOf(s), wide = took[e] * scale, tail = sending[e] * scale;
        if (!isLoop && waited[e] * scale > 1.5) {
          g.fillStyle = colors.wait;
          const from = Math.max(left, x - waited[e] * scale);
          if (x > from) g.fillRect(from, y + high / 2 - 2, x - from, 4);
        }
        if (isLoop && wide + tail < 1.5) { i = skip(events, i, s, 1.5 / scale); continue; }
        const from = Math.max(left, x), to = Math.min(width, x + Math.max(wide, 1.8));
        if (to > from) {
          g.fillStyle = colors[kinds[kind[e]].id];
          g.fillRect(from, top, to - from, tall);
          if (wide > 13) label(g, e, x, Math.min(to, width) - from, top);
        }
        if (tail > 0.7 && x + wide + tail > left) {
          g.globalAlpha = 0.4;
          g.fillStyle = colors[kinds[kind[e]].id];
          const begin = Math.max(left, x + wide);
          g.fillRect(begin, top, Math.max(0, Math.min(width, x + wide + tail) - begin), tall);
          g.globalAlpha = 1;
        }
        i = wide + tail < 1.8 ? skip(events, i, s, 1.2 / scale) : i + 1;
      }
    };
    // On to the next event that has a point of its own; one that began in this point and lasts
    // longer is not passed over.
    const skip = (events, i, from, span) => {
      let a = i + 1, b = events.length;
      for (let step = 1; a + step < b && start[events[a + step]] < from + span; step *= 2) a += step;
      while (a < b && start[events[a]] < from + span) {
        const e = events[a];
        if (took[e] + sending[e] > span || waited[e] > span) return a;
        a++;
        if (a - i > 64) { a = Math.max(a, lower(events, start, from + span) - 1); i = a; }
      }
      return Math.max(i + 1, a);
    };
    """#
}
