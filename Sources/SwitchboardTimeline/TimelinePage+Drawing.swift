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
    let width = 0, height = 0, left = 0, focus = null, colors = {};
    const axis = 26, names = "12.5px system-ui, sans-serif";

    const readColors = () => {
      const style = getComputedStyle(document.documentElement);
      for (const name of ["ink", "faint", "line", "life", "work", "wait", "page", "panel",
        ...kinds.map(k => k.id)]) colors[name] = style.getPropertyValue("--tl-" + name).trim();
    };
    const rowsHeight = rows.reduce((sum, row) => sum + row.height, 0);
    // Loops stay in sight while clients are scrolled, unless there are many.
    const pinned = loopRows <= 4 ? loopRows : 0;
    const pinnedHeight = rows.slice(0, pinned).reduce((sum, row) => sum + row.height, 0);

    const fitCanvas = (canvas, w, h) => {
      const ratio = window.devicePixelRatio || 1;
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
    const layout = () => {
      tip.hidden = true;
      width = view.clientWidth;
      const room = Math.max(220, window.innerHeight - (width < 600 ? 260 : 300));
      height = Math.min(axis + rowsHeight + 6, room);
      const g = view.getContext("2d");
      g.font = names;
      left = 22 + most(rows.map(row => g.measureText(row.name).width));
      view.classList.toggle("all", axis + rowsHeight + 6 > height);
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
    const drawAxis = g => {
      const step = Math.max(0.001, steps());
      g.font = "11.5px system-ui, sans-serif";
      g.textAlign = "center";
      for (let n = Math.ceil(seen.from / step); n * step <= seen.to; n++) {
        const x = Math.round(placeOf(n * step)) + 0.5, label = moment(n * step, step);
        g.strokeStyle = colors.line;
        g.beginPath();
        g.moveTo(x, axis - 5);
        g.lineTo(x, height);
        g.stroke();
        const half = g.measureText(label).width / 2 + 2, middle = Math.max(x, left + half);
        if (x < left || middle + half > width) continue;
        g.fillStyle = colors.faint;
        g.fillText(label, middle, 15);
      }
      g.textAlign = "left";
    };

    // Each row that is in sight, with where it is.
    const eachRow = body => {
      let y = axis;
      for (let i = 0; i < pinned; i++) {
        body(rows[i], y, i);
        y += rows[i].height;
      }
      y -= seen.top;
      for (let i = pinned; i < rows.length && y < height; i++) {
        if (y + rows[i].height > axis + pinnedHeight) body(rows[i], y, i);
        y += rows[i].height;
      }
    };

    const drawLoop = (g, row, y) => {
      if (!row.waits.length) return;
      g.fillStyle = colors.work;
      const base = y + row.height - 4, most = row.height - 9, each = 1 / scaleOf();
      let before = waitedBy(row, seen.from);
      for (let x = left, t = seen.from; x < width; x++) {
        t += each;
        const now = waitedBy(row, t);
        if (t >= whole.from && t - each <= whole.to) {
          const share = 1 - (now - before) / each;
          if (share > 1e-6) {
            const tall = Math.max(1, Math.min(1, share) * most);
            g.fillRect(x, base - tall, 1, tall);
          }
        }
        before = now;
      }
    };
    const drawLife = (g, row, y) => {
      const from = Math.max(left, placeOf(row.from)), to = Math.min(width, placeOf(row.to));
      if (to <= from) return;
      g.fillStyle = colors.life;
      g.fillRect(from, y + row.height / 2 - 0.75, to - from, 1.5);
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
    const drawEvents = (g, row, y, isLoop) => {
      const {events} = row, scale = scaleOf(), top = y + (isLoop ? 5 : 4);
      const tall = row.height - (isLoop ? 9 : 8);
      let i = Math.max(0, lower(events, start, seen.from) - 1);
      while (i < events.length) {
        const e = events[i], s = start[e];
        if (s > seen.to + waited[e]) break;
        const x = placeOf(s), wide = took[e] * scale, tail = sending[e] * scale;
        if (!isLoop && waited[e] * scale > 1.5) {
          g.fillStyle = colors.wait;
          const from = Math.max(left, x - waited[e] * scale);
          if (x > from) g.fillRect(from, y + row.height / 2 - 2, x - from, 4);
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

    let wanted = false;
    const draw = () => {
      if (wanted) return;
      wanted = true;
      requestAnimationFrame(() => { wanted = false; paint(); });
    };
    const paint = () => {
      const g = fitCanvas(view, width, height);
      g.fillStyle = colors.page;
      g.fillRect(0, 0, width, height);
      drawAxis(g);
      eachRow((row, y, i) => {
        g.save();
        g.beginPath();
        const floor = i < pinned ? axis : axis + pinnedHeight;
        g.rect(0, floor, width, height - floor);
        g.clip();
        if (i < loopRows) drawLoop(g, row, y); else drawLife(g, row, y);
        drawEvents(g, row, y, i < loopRows);
        g.font = names;
        g.fillStyle = i < loopRows ? colors.faint : colors.ink;
        g.fillText(row.name, 8, y + row.height / 2 + 4.5);
        g.restore();
      });
      g.fillStyle = colors.line;
      g.fillRect(0, axis + pinnedHeight - 0.5, width, 1);
      g.fillRect(left - 3, 0, 1, height);
      drawScroll(g);
      drawWindow();
      // Of the recording, without the margins beside it.
      const from = Math.max(seen.from, whole.from), to = Math.min(seen.to, whole.to);
      const span = Math.max(0, to - from), grain = (seen.to - seen.from) / 100;
      byId("range").textContent = moment(from, grain) + " to " + moment(to, grain)
        + " (" + brief(span) + ")";
    };
    const drawScroll = g => {
      const room = height - axis - pinnedHeight, rest = rowsHeight - pinnedHeight;
      if (rest <= room) return;
      g.fillStyle = colors.life;
      g.fillRect(width - 5, axis + pinnedHeight + seen.top / rest * room, 3, room * room / rest);
    };

    // The strip above: the whole, and what of it is in sight.
    let strip = null;
    const drawMap = () => {
      strip = document.createElement("canvas");
      const g = fitCanvas(strip, width, 44), span = all.to - all.from;
      g.fillStyle = colors.work;
      for (let x = 0; x < width - left; x++) {
        const from = all.from + span * x / (width - left), to = from + span / (width - left);
        let share = 0;
        if (to < whole.from || from > whole.to) continue;
        for (const row of rows.slice(0, loopRows)) {
          const part = row.waits.length ? 1 - (waitedBy(row, to) - waitedBy(row, from)) / (to - from)
            : Math.min(1, lower(row.events, start, to) - lower(row.events, start, from));
          share = Math.max(share, part);
        }
        if (share > 1e-6) g.fillRect(left + x, 40 - Math.max(1, share * 34), 1, Math.max(1, share * 34));
      }
    };
    const drawWindow = () => {
      const g = fitCanvas(map, width, 44), scale = (width - left) / (all.to - all.from);
      g.drawImage(strip, 0, 0, width, 44);
      g.font = names;
      g.fillStyle = colors.faint;
      g.fillText("whole", 8, 26);
      const from = Math.max(left, left + (seen.from - all.from) * scale);
      const to = Math.min(width, left + (seen.to - all.from) * scale);
      g.fillStyle = colors.receive;
      g.globalAlpha = 0.16;
      g.fillRect(from, 0, Math.max(2, to - from), 44);
      g.globalAlpha = 1;
      g.fillRect(from, 0, 1.5, 44);
      g.fillRect(Math.max(from, to - 1.5), 0, 1.5, 44);
    };
    """#
}
