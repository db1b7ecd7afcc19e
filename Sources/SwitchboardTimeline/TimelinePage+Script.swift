extension TimelinePage {
  /// Reads the data, and says times.
  static let script = #"""
    "use strict";
    const byId = id => document.getElementById(id);
    const facts = JSON.parse(byId("facts").textContent);
    // Numbers of seven bits a byte, the lowest first; in doubles, since they may have more than 32 bits.
    const reader = id => {
      const element = byId(id), text = element ? atob(element.textContent) : "";
      const bytes = new Uint8Array(text.length);
      for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
      let at = 0;
      return () => {
        let byte = bytes[at++], value = byte & 127;
        for (let scale = 128; byte > 127; scale *= 128) {
          byte = bytes[at++];
          value += (byte & 127) * scale;
        }
        return value;
      };
    };
    // Columns of numbers, one after the other. What a column's numbers are: counts as they are; times, which
    // nanoseconds become microseconds in; those of either that may be negative; moments, each after the one before.
    const count = 0, time = 1, signed = 2, moments = 3, moment0 = 4;
    const table = (id, columns) => {
      const next = reader(id), size = next() || 0, lists = {};
      for (const [name, what] of Object.entries(columns)) {
        const list = lists[name] = new Float64Array(size);
        let last = 0;
        for (let i = 0; i < size; i++) {
          let value = next();
          if (what > time) value = value % 2 ? -(value + 1) / 2 : value / 2;
          if (what === moments) last = value += last;
          list[i] = what === count || what === signed ? value : value / 1000;
        }
      }
      return lists;
    };
    const {start, took, sending, waited, row: rowOf, kind, received, sent} = table("events", {start: moments,
      took: time, sending: time, waited: time, row: count, kind: count, received: count, sent: count});
    const {start: waitStart, took: waitTook, loop: waitLoop, brought: waitBrought} = table("waits",
      {start: moments, took: time, loop: count, brought: count});
    const sends = table("sends", {start: moments, took: time, row: count, bytes: signed});
    const clients = table("rows", {number: count, count, loop: count, from: moment0, to: moment0, closed: count,
      reason: count, calls: count, input: signed, output: signed, busy: time, waited: time});
    const kinds = facts.kinds.map(([id, letter, name]) => ({id, letter, name}));
    const hasWaits = facts.waits > 0;

    // The slices of all rows, one row's behind another's: where they begin, calls, served, waited; and where the
    // slices of each row end.
    const readCells = (id, count, slice) => {
      const next = reader(id), cells = {from: [], calls: [], busy: [], waited: [], ends: new Uint32Array(count + 1), slice};
      for (let i = 0; i < count; i++) {
        const size = next() || 0;
        let at = 0;
        for (let n = 0; n < size; n++) {
          cells.from.push(facts.from + (at += next()) * slice);
          cells.calls.push(next());
          cells.busy.push(next() / 1000);
          cells.waited.push(next() / 1000);
        }
        cells.ends[i + 1] = cells.from.length;
      }
      return cells;
    };
    const loopRows = facts.loops.length, clientRows = clients.number.length;
    const loopCells = readCells("loop-cells", loopRows, facts.loopSlice);
    const clientCells = facts.isWhole ? null : readCells("cells", clientRows, facts.slice);

    // Rows: loops first, then clients; each with the places of its callbacks, in order.
    const gather = (keys, count) => {
      const ends = new Uint32Array(count + 1);
      for (const key of keys) ends[key + 1]++;
      for (let i = 0; i < count; i++) ends[i + 1] += ends[i];
      const next = ends.slice(), places = new Uint32Array(keys.length);
      for (let i = 0; i < keys.length; i++) places[next[keys[i]]++] = i;
      return row => places.subarray(ends[row], ends[row + 1]);
    };
    const ofClient = gather(rowOf, clientRows);
    const ofLoop = gather(rowOf.map(row => clients.loop[row]), loopRows);
    const waitsOf = gather(waitLoop, loopRows);
    const rows = facts.loops.map(([name, stretches], loop) => {
      const waits = waitsOf(loop), sums = new Float64Array(waits.length + 1);
      for (let i = 0; i < waits.length; i++) sums[i + 1] = sums[i] + waitTook[waits[i]];
      const whole = stretches.map(([from, to]) => [from ?? -Infinity, to ?? Infinity]);
      return {loop, name, events: ofLoop(loop), waits, sums, stretches: whole, cells: loopCells, place: loop};
    });
    const nameOf = i => "conn" + clients.number[i]
      + (clients.count[i] > 1 ? "–" + (clients.number[i] + clients.count[i] - 1) : "");
    for (let i = 0; i < clientRows; i++)
      rows.push({client: i, name: nameOf(i), loop: clients.loop[i], from: clients.from[i], to: clients.to[i],
        closed: clients.closed[i], reason: clients.reason[i] ? facts.reasons[clients.reason[i] - 1] : null,
        calls: clients.calls[i], input: clients.input[i], output: clients.output[i],
        busy: clients.busy[i], waited: clients.waited[i], get events() { return ofClient(i); },
        stretches: clients.count[i] > 1 && loopRows > 1 && !facts.isWhole ? [] : rows[clients.loop[i]].stretches,
        cells: clientCells, place: i});

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
