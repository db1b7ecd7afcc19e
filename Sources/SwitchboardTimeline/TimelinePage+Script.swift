extension TimelinePage {
  /// Reads the data, and says times.
  static let script = #"""
    "use strict";
    const byId = id => document.getElementById(id);
    const bytesOf = id => {
      const text = atob(byId(id).textContent), bytes = new Uint8Array(text.length);
      for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
      return bytes.buffer;
    };
    const facts = JSON.parse(byId("facts").textContent);
    const start = new Float64Array(bytesOf("start")), took = new Float32Array(bytesOf("took")),
      sending = new Float32Array(bytesOf("sending")), waited = new Float32Array(bytesOf("waited")),
      rowOf = new Uint32Array(bytesOf("row")), loopOf = new Uint32Array(bytesOf("loop")),
      kind = new Uint8Array(bytesOf("kind")), received = new Uint32Array(bytesOf("received")),
      sent = new Uint32Array(bytesOf("sent"));
    const waitStart = new Float64Array(bytesOf("wait-start")),
      waitTook = new Float64Array(bytesOf("wait-took")),
      waitLoop = new Uint32Array(bytesOf("wait-loop")),
      waitBrought = new Uint32Array(bytesOf("wait-brought"));
    const kinds = facts.kinds.map(([id, letter, name]) => ({id, letter, name}));
    const hasWaits = waitStart.length > 0;

    // Rows: loops first, then clients; each with the places of its callbacks, in order.
    const gather = (keys, count) => {
      const ends = new Uint32Array(count + 1);
      for (const key of keys) ends[key + 1]++;
      for (let i = 0; i < count; i++) ends[i + 1] += ends[i];
      const next = ends.slice(), places = new Uint32Array(keys.length);
      for (let i = 0; i < keys.length; i++) places[next[keys[i]]++] = i;
      return row => places.subarray(ends[row], ends[row + 1]);
    };
    const most = list => list.reduce((a, b) => Math.max(a, b), 0);
    const loopCount = facts.loops.length ? facts.loops[facts.loops.length - 1][0] + 1 : 0;
    const ofClient = gather(rowOf, facts.clients.length), ofLoop = gather(loopOf, loopCount),
      waitsOf = gather(waitLoop, loopCount);
    const rows = [];
    for (const [loop, name] of facts.loops) {
      const waits = waitsOf(loop), sums = new Float64Array(waits.length + 1);
      for (let i = 0; i < waits.length; i++) sums[i + 1] = sums[i] + waitTook[waits[i]];
      rows.push({loop, name, events: ofLoop(loop), waits, sums, height: 30});
    }
    const loopRows = rows.length;
    facts.clients.forEach(([name, from, to, closed, reason, calls, input, output], i) =>
      rows.push({name, from, to, closed, reason, calls, input, output, events: ofClient(i),
        height: 22}));

    // The first place in a row whose value is not below t.
    const lower = (places, values, t) => {
      let a = 0, b = places.length;
      while (a < b) {
        const m = (a + b) >> 1;
        if (values[places[m]] < t) a = m + 1; else b = m;
      }
      return a;
    };
    // How long a loop had waited by then.
    const waitedBy = (row, t) => {
      const i = lower(row.waits, waitStart, t);
      if (i === 0) return 0;
      const last = row.waits[i - 1];
      return row.sums[i - 1] + Math.min(waitTook[last], t - waitStart[last]);
    };

    const grouped = n => Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, ",");
    const plural = (n, one, many) => grouped(n) + " " + (n === 1 ? one : many || one + "s");
    // A length of time, three digits or so.
    const brief = us => {
      const [size, unit] = us >= 1e6 ? [1e6, "s"] : us >= 1e3 ? [1e3, "ms"]
        : us >= 1 || us === 0 ? [1, "µs"] : [1e-3, "ns"];
      const value = us / size;
      return (value >= 100 || value === 0 ? value.toFixed(0) : value >= 10 ? value.toFixed(1)
        : value.toFixed(2)) + " " + unit;
    };
    // A moment, as exactly as a step needs.
    const moment = (us, step) => {
      const [size, unit] = step >= 1e5 ? [1e6, "s"] : step >= 100 ? [1e3, "ms"] : [1, "µs"];
      if (Math.abs(us) < step * 1e-6) return "0 " + unit;
      const places = Math.max(0, Math.min(3, Math.ceil(-Math.log10(step / size) - 1e-9)));
      const [whole, rest] = (us / size).toFixed(places).split(".");
      return whole.replace(/\B(?=(\d{3})+$)/g, ",") + (rest ? "." + rest : "") + " " + unit;
    };
    """#
}
