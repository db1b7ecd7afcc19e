extension LoadPage {
  /// What the page's data say, and how numbers, lengths of time and axes are written.
  static let reading = #"""
    const byId = id => document.getElementById(id);
    const data = JSON.parse(byId("data").textContent);
    const unpack = text => {
      const bytes = atob(text), list = [];
      let place = 0, at = 0;
      const number = () => {
        let sum = 0, scale = 1, byte;
        do { byte = bytes.charCodeAt(at++); sum += (byte & 127) * scale; scale *= 128; } while (byte > 127);
        return sum;
      };
      while (at < bytes.length) { place += number(); list.push([place, number()]); }
      return list;
    };
    // Where a place begins, in nanoseconds.
    const bound = (place, fine) => 2 ** Math.floor(place / fine) * (1 + place % fine / fine);
    const spans = data.spans.map(([start, length, measured, requests, errors], i) => ({
      start, length, end: start + length, measured, requests, errors, rate: requests / length,
      due: unpack(data.due[i]), sent: unpack(data.sent[i])}));
    const whole = {fine: data.wholeFine, due: unpack(data.whole[0]), sent: unpack(data.whole[1])};

    // Histograms of several spans as one, from the shortest time on.
    const added = lists => {
      const sums = new Map();
      for (const list of lists) for (const [place, n] of list) sums.set(place, (sums.get(place) || 0) + n);
      return [...sums].sort((a, b) => a[0] - b[0]);
    };
    const total = list => list.reduce((sum, [, n]) => sum + n, 0);
    const percentile = (list, fine, share) => {
      const wanted = Math.max(1, Math.ceil(share * total(list) - 1e-6));
      let seen = 0;
      for (const [place, n] of list) if ((seen += n) >= wanted) return bound(place + 1, fine);
      return 0;
    };

    const digits = (value, places) => String(+value.toFixed(places));
    const time = ns => ns < 9950 ? digits(ns / 1e3, 1) + " µs" : ns < 999500 ? digits(ns / 1e3, 0) + " µs"
      : ns < 9.995e6 ? (ns / 1e6).toFixed(2) + " ms" : ns < 999.5e6 ? digits(ns / 1e6, 0) + " ms"
      : (ns / 1e9).toFixed(3) + " s";
    const tick = ns => ns < 1e3 ? ns + " ns" : ns < 1e6 ? ns / 1e3 + " µs" : ns < 1e9 ? ns / 1e6 + " ms" : ns / 1e9 + " s";
    const grouped = n => Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, ",");
    const seconds = s => s % 60 === 0 && Math.abs(s) >= 120 ? s / 60 + " min" : digits(s, 2) + " s";
    const plural = (n, noun) => grouped(n) + " " + noun + (n === 1 ? "" : "s");

    const steps = (most, count) => {
      const least = most / count, decade = 10 ** Math.floor(Math.log10(least));
      const step = [1, 2, 2.5, 5, 10].map(f => f * decade).find(s => s >= least * 0.999999);
      return Array.from({length: Math.floor(most / step * 1.000001) + 1}, (_, i) => i * step);
    };
    const clock = (from, to, count) => {
      const least = (to - from) / count;
      const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600, 86400]
        .find(s => s >= least) || 864000;
      const list = [];
      for (let t = Math.ceil(from / step - 1e-9) * step; t <= to + 1e-9; t += step) list.push(+t.toFixed(3));
      return list;
    };
    // Powers of ten between two lengths of time; where there is room their double and quintuple, too.
    const decades = (low, high, count) => {
      for (const factors of [[1, 2, 5], [1, 3], [1]]) {
        const list = [];
        for (let e = 0; e < 14; e++) for (const f of factors) {
          const at = f * 10 ** e;
          if (at >= low * 0.999999 && at <= high * 1.000001) list.push(at);
        }
        if (list.length <= count || factors.length === 1) return list;
      }
    };

    // A drawing: what is drawn last lies above.
    const letter = 6.9;
    const n1 = value => +value.toFixed(1);
    const path = (d, ink, width, more = "") =>
      `<path class="s-${ink}" fill="none" stroke-width="${width}" stroke-linejoin="round" d="${d}"${more}/>`;
    const line = (points, ink, width, more = "") => points.length < 2 ? ""
      : path("M" + points.map(([x, y]) => n1(x) + " " + n1(y)).join("L"), ink, width, more);
    const area = (points, ink, opacity) => points.length < 3 ? ""
      : `<path class="f-${ink}" fill-opacity="${opacity}" d="M${points.map(([x, y]) => n1(x) + " " + n1(y)).join("L")}Z"/>`;
    const text = (words, x, y, anchor = "start", ink = "f", more = "") =>
      `<text class="f-${ink}" x="${n1(x)}" y="${n1(y)}" font-size="12" text-anchor="${anchor}"${more}>${words}</text>`;
    const drawing = (width, height, name, parts) =>
      `<svg class="sb" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`
      + `<title>${name}</title>${parts.join("")}</svg>`;
    """#
}
