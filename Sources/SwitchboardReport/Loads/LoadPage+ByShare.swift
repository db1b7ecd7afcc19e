extension LoadPage {
  /// The curve of percentiles: how many of the requests took no longer than so long.
  static let byShare = #"""
    const edge = {left: 62, right: 14, top: 10, axis: 40};
    const nines = share => -Math.log10(Math.max(1e-12, 1 - share));
    // Each place as a step: the share that is shorter, the share with it, and how long it is.
    const curveOf = (list, fine) => {
      const all = total(list), points = [];
      let seen = 0;
      for (const [place, n] of list) {
        const from = seen / all, ns = bound(place + 1, fine);
        seen += n;
        points.push([from, ns], [seen / all, ns]);
      }
      return points;
    };
    // How long so great a share took no longer than.
    const at = (curve, share) => {
      for (let i = 1; i < curve.length; i += 2) if (curve[i][0] >= share - 1e-12) return curve[i][1];
      return curve.length ? curve[curve.length - 1][1] : 0;
    };

    let shown = null;
    const drawCurve = (width, {due, sent, fine}, behind) => {
      const f = edge, high = Math.round(Math.max(250, Math.min(410, width * 0.8))), parts = [];
      const curves = {due: curveOf(due, fine), sent: curveOf(sent, fine),
        all: behind ? curveOf(behind.due, behind.fine) : []};
      const times = [...curves.due, ...curves.sent, ...curves.all].map(([, ns]) => ns);
      const bottom = f.top + high;
      shown = null;
      if (!times.length) return drawing(width, bottom + f.axis, "Percentiles", [text("no reply came", f.left + 8, f.top + high / 2)]);
      const far = Math.max(2, Math.log10(Math.max(total(due), behind ? total(behind.due) : 0)));
      let low = Math.min(...times), top = Math.max(...times);
      const lack = Math.max(1.06, Math.sqrt(2 * low / top));
      [low, top] = [Math.log(low / lack), Math.log(top * lack)];
      const x = share => f.left + Math.min(1, nines(share) / far) * (width - f.left - f.right);
      const y = ns => bottom - (Math.log(ns) - low) / (top - low) * high;
      for (const ns of decades(Math.exp(low), Math.exp(top), Math.floor(high / 28))) {
        parts.push(line([[f.left, y(ns)], [width - f.right, y(ns)]], "h", 1), text(tick(ns), f.left - 8, y(ns) + 4, "end"));
      }
      let last = -Infinity;
      for (const percent of [0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999, 99.99999]) {
        if (nines(percent / 100) > far + 1e-9) break;
        const words = percent + " %", middle = Math.min(x(percent / 100), width - words.length * letter / 2 - 2);
        parts.push(line([[x(percent / 100), f.top], [x(percent / 100), bottom]], "h", 1));
        if (middle - words.length * letter / 2 < last + 6) continue;
        parts.push(text(words, middle, bottom + 17, "middle"));
        last = middle + words.length * letter / 2;
      }
      parts.push(text("of all requests", (f.left + width - f.right) / 2, bottom + 34, "middle"));
      const drawn = curve => curve.map(([share, ns]) => [x(share), y(ns)]);
      if (data.open && sent.length) parts.push(area([...drawn(curves.due), ...drawn(curves.sent).reverse()], "amber", 0.28));
      parts.push(line(drawn(curves.all), "f", 1.5, ` stroke-dasharray="1 3" stroke-linecap="round"`));
      if (data.open) parts.push(line(drawn(curves.sent), "blue", 2));
      parts.push(line(drawn(curves.due), data.open ? "amber" : "blue", 2));
      shown = {curves, x, far, left: f.left, right: width - f.right};
      parts.push(`<path id="guide" class="s-t" stroke-width="1" d="M0 ${f.top}V${bottom}" visibility="hidden"/>`);
      return drawing(width, bottom + f.axis, "How many requests took no longer", parts);
    };
    // What stands at a share of all, in words.
    const words = share => {
      const name = "p" + digits(share * 100, Math.max(0, Math.ceil(nines(share)) + 1));
      const due = time(at(shown.curves.due, share));
      const sent = shown.curves.sent.length ? "; since sent " + time(at(shown.curves.sent, share)) : "";
      return name + (data.open ? ": since due " : ": ") + due + sent;
    };
    """#
}
