extension LoadPage {
  /// Rate, latencies and errors over one axis of time.
  static let overTime = #"""
    const frame = {left: 62, right: 10, steps: 18, rate: 84, heat: 236, errors: 44, gap: 30, axis: 22};
    const begin = spans.length ? spans[0].start : 0, end = spans.length ? spans[spans.length - 1].end : 1;
    const inks = [0.1, 0.17, 0.25, 0.35, 0.46, 0.6, 0.78, 1];

    // Spans that have no room of their own share a column.
    const columns = width => {
      const each = Math.max(1, Math.ceil(spans.length / (width / 2))), list = [];
      for (let i = 0; i < spans.length; i += each) {
        const some = spans.slice(i, i + each), last = some[some.length - 1];
        const length = some.reduce((sum, s) => sum + s.length, 0);
        list.push({start: some[0].start, end: last.end, length, due: added(some.map(s => s.due)),
          rate: some.reduce((sum, s) => sum + s.requests, 0) / length,
          errors: some.reduce((sum, s) => sum + s.errors, 0)});
      }
      return list;
    };
    // The part of an axis that the latencies need, in places; and so many places a row that no row is too low.
    const rows = (list, high) => {
      const places = list.flatMap(c => c.due.map(([place]) => place));
      if (!places.length) return null;
      const least = places.reduce((a, b) => Math.min(a, b)), most = places.reduce((a, b) => Math.max(a, b));
      // An octave at least: what is nearly the same shall look it.
      const lack = Math.max(0, Math.ceil((data.fine - (most - least)) / 2));
      const each = Math.max(1, Math.ceil((most - least + 2 * lack + 1) / (high / 3)));
      return {from: Math.max(0, least - lack), to: most + lack + 1, each};
    };

    const heat = (list, x, top, high) => {
      const axis = rows(list, high), parts = [];
      if (!axis) return {parts: [text("no reply came", frame.left + 8, top + high / 2)], y: null};
      const low = Math.log(bound(axis.from, data.fine)), span = Math.log(bound(axis.to, data.fine)) - low;
      const y = ns => top + high - (Math.log(ns) - low) / span * high;
      const cells = list.map(c => {
        const sums = new Map();
        for (const [place, n] of c.due) {
          const row = Math.floor((place - axis.from) / axis.each);
          sums.set(row, (sums.get(row) || 0) + n);
        }
        return sums;
      });
      const most = cells.reduce((a, sums) => Math.max(a, ...sums.values()), 1), paths = inks.map(() => "");
      list.forEach((c, i) => {
        const [a, b] = [n1(x(c.start)), n1(x(c.end))];
        for (const [row, n] of cells[i]) {
          const ink = most > 1 ? Math.min(inks.length - 1, Math.floor(Math.log(n) / Math.log(most) * inks.length)) : 4;
          const from = axis.from + row * axis.each, to = Math.min(axis.to, from + axis.each);
          const [t, u] = [n1(y(bound(to, data.fine))), n1(y(bound(from, data.fine)))];
          paths[ink] += `M${a} ${t}H${b}V${u}H${a}Z`;
        }
      });
      for (const at of decades(Math.exp(low), Math.exp(low + span), Math.floor(high / 26))) {
        parts.push(line([[frame.left, y(at)], [x(end), y(at)]], "h", 1));
        parts.push(text(tick(at), frame.left - 8, y(at) + 4, "end"));
      }
      paths.forEach((d, i) => parts.push(d && `<path class="f-blue" shape-rendering="crispEdges" fill-opacity="${inks[i]}" d="${d}"/>`));
      for (const [share, more] of [[0.5, ""], [0.99, ` stroke-dasharray="5 3"`]]) {
        // Where nothing came to an end there is nothing to connect.
        let d = "", isOn = false;
        for (const c of list) {
          const at = c.due.length ? n1(y(percentile(c.due, data.fine, share))) : 0;
          if (c.due.length) d += `${isOn ? "L" : "M"}${n1(x(c.start))} ${at}L${n1(x(c.end))} ${at}`;
          isOn = c.due.length > 0;
        }
        parts.push(path(d, "paper", 3.5), path(d, "t", 1.5, more));
      }
      byId("few").textContent = most > 1 ? "1 request" : "";
      byId("many").textContent = plural(most, "request");
      return {parts, y};
    };

    const drawTime = width => {
      const f = frame, x = t => f.left + (t - begin) / Math.max(1e-9, end - begin) * (width - f.left - f.right);
      const list = columns(width - f.left - f.right), parts = [];
      const rateTop = f.steps + 20, heatTop = rateTop + f.rate + f.gap, errorsTop = heatTop + f.heat + f.gap;
      const bottom = errorsTop + f.errors;
      // Above what veils the time before the window.
      const titles = [], titled = (words, top, ink = "f") => titles.push(text(words, f.left, top - 8, "start", ink));
      // The rate, and the rates that were asked for.
      const most = Math.max(1, ...list.map(c => c.rate), ...data.steps.map(([, rate]) => rate)) * 1.02;
      const up = rate => rateTop + f.rate * (1 - rate / most);
      titled("replies a second", rateTop);
      for (const at of steps(most, 3)) {
        parts.push(line([[f.left, up(at)], [x(end), up(at)]], "h", 1));
        parts.push(text(at >= 1e6 ? digits(at / 1e6, 2) + " M" : grouped(at), f.left - 8, up(at) + 4, "end"));
      }
      const outline = list.flatMap(c => [[x(c.start), up(c.rate)], [x(c.end), up(c.rate)]]);
      if (outline.length) parts.push(area([[outline[0][0], up(0)], ...outline, [outline[outline.length - 1][0], up(0)]], "blue", 0.16));
      parts.push(line(outline, "blue", 1.75));
      data.steps.forEach(([start, rate], i) => {
        const to = i + 1 < data.steps.length ? data.steps[i + 1][0] : end;
        parts.push(line([[x(start), up(rate)], [x(to), up(rate)]], "f", 1, ` stroke-dasharray="4 3"`));
      });
      // Latencies.
      titled("latency" + (data.open ? " since due" : ""), heatTop);
      parts.push(...heat(list, x, heatTop, f.heat).parts);
      // Errors.
      const worst = Math.max(0, ...list.map(c => c.errors)), all = list.reduce((sum, c) => sum + c.errors, 0);
      titled(all ? plural(all, "error") : "no errors", errorsTop, all ? "vermilion" : "f");
      parts.push(line([[f.left, bottom], [x(end), bottom]], "f", 1));
      if (worst) parts.push(text(grouped(worst), f.left - 8, errorsTop + 9, "end", "vermilion"));
      for (const c of list) if (c.errors) {
        const high = Math.max(2, c.errors / worst * f.errors);
        parts.push(`<rect class="f-vermilion" x="${n1(x(c.start))}" y="${n1(bottom - high)}" `
          + `width="${Math.max(1, n1(x(c.end) - x(c.start)))}" height="${n1(high)}"/>`);
      }
      // Steps, the time before the window, and the axis.
      let free = f.left;
      if (data.steps.length > 1) data.steps.forEach(([start, rate]) => {
        parts.push(line([[x(start), f.steps - 14], [x(start), bottom]], "f", 1, ` stroke-dasharray="2 3"`));
        const words = grouped(rate) + "/s", wide = words.length * letter + 12;
        if (x(start) < free || x(start) + wide > width) return;
        parts.push(text(words, x(start) + 5, f.steps - 4, "start", "t", ` font-weight="700"`));
        free = x(start) + wide;
      });
      if (begin < 0 && end > 0) {
        parts.push(`<rect class="f-paper" fill-opacity="0.62" x="${f.left}" y="${rateTop}" `
          + `width="${n1(x(0) - f.left)}" height="${bottom - rateTop}"/>`);
        parts.push(line([[x(0), rateTop - 4], [x(0), bottom]], "f", 1));
        if (x(0) - f.left > 60) titles.push(text("warm-up", f.left + 4, bottom - 6));
      }
      parts.push(...titles);
      let last = -Infinity;
      for (const at of clock(begin, end, Math.max(2, Math.floor((width - f.left) / 80)))) {
        const words = seconds(at), half = words.length * letter / 2;
        const middle = Math.min(Math.max(x(at), half + 2), width - half - 2);
        parts.push(line([[x(at), bottom], [x(at), bottom + 4]], "f", 1));
        if (middle - half < last + 8) continue;
        parts.push(text(words, middle, bottom + 17, "middle"));
        last = middle + half;
      }
      parts.push(`<rect id="brush" class="f-t" fill-opacity="0.12" y="${rateTop - 4}" height="${bottom - rateTop + 4}" hidden/>`);
      return {svg: drawing(width, bottom + f.axis, "Rate, latencies and errors over time", parts), x};
    };
    """#
}
