extension TimelinePage {
  /// Reads the data, and says times.
  static let script = #"""
    "use strict";
    const byId = id => document.getElementById(id);
    const facts = JSON.parse(byId("facts").textContent);
    // Numbers of seven bits a byte, the lowest first; in doubles, since they may have more than 32 bits.
    const reader = id => {
      const element = byId(id), text = element ? atob(element.textContent) : "";
      let at = 0;
      const next = () => {
        let value = 0, scale = 1, byte;
        do {
          byte = text.charCodeAt(at++);
          value += (byte & 127) * scale;
          scale *= 128;
        } while (byte > 127);
        return value;
      };
      const signed = () => {
        const value = next();
        return value % 2 ? -(value + 1) / 2 : value / 2;
      };
      return {next, signed, more: () => at < text.length};
    };
    // Columns of numbers, as many rows as there are. A column is a name and how it is read.
    const table = (id, columns) => {
      const from = reader(id), lists = Object.fromEntries(columns.map(([name]) => [name, []]));
      const reads = columns.map(([name, read]) => [lists[name], read]);
      while (from.more()) for (const [list, read] of reads) list.push(read(from));
      return lists;
    };
    const plain = r => r.next(), time = r => r.next() / 1000, signed = r => r.signed();
    // Moments are told as nanoseconds after the one before.
    const after = () => {
      let at = 0;
      return r => (at += r.signed()) / 1000;
    };
    const events = table("events", [["start", after()], ["took", time], ["sending", time],
      ["waited", time], ["row", plain], ["kind", plain], ["received", plain], ["sent", plain]]);
    const start = Float64Array.from(events.start), took = Float64Array.from(events.took),
      sending = Float64Array.from(events.sending), waited = Float64Array.from(events.waited),
      rowOf = Uint32Array.from(events.row), kind = Uint8Array.from(events.kind),
      {received, sent} = events;
    const loopWaits = table("waits", [["start", after()], ["took", time], ["loop", plain], ["brought", plain]]);
    const waitStart = Float64Array.from(loopWaits.start), waitTook = Float64Array.from(loopWaits.took),
      waitBrought = loopWaits.brought;
    const sends = table("sends", [["start", after()], ["took", time], ["row", plain], ["bytes", signed]]);
    const clients = table("rows", [["number", plain], ["count", plain], ["loop", plain],
      ["from", r => r.signed() / 1000], ["to", r => r.signed() / 1000], ["closed", plain], ["reason", plain],
      ["calls", plain], ["input", signed], ["output", signed], ["busy", time], ["waited", time]]);
    const kinds = facts.kinds.map(([id, letter, name]) => ({id, letter, name}));
    const hasWaits = facts.waits > 0;

    // The slices of each row: where they begin, calls, served, waited.
    const readCells = (id, count, slice) => {
      const from = reader(id), lists = [];
      for (let i = 0; i < count; i++) {
        const size = from.more() ? from.next() : 0;
        const cells = {from: new Float64Array(size), calls: new Float64Array(size), busy: new Float64Array(size),
          waited: new Float64Array(size), slice};
        let at = 0;
        for (let n = 0; n < size; n++) {
          cells.from[n] = facts.from + (at += from.next()) * slice;
          cells.calls[n] = from.next();
          cells.busy[n] = from.next() / 1000;
          cells.waited[n] = from.next() / 1000;
        }
        lists.push(cells);
      }
      return lists;
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
    const ofClient = gather(rowOf, clientRows), sendsOf = gather(sends.row, clientRows);
    const ofLoop = gather(Array.from(rowOf, row => clients.loop[row]), loopRows);
    const waitsOf = gather(loopWaits.loop, loopRows);
    const rows = facts.loops.map(([name, stretches], loop) => {
      const waits = waitsOf(loop), sums = new Float64Array(waits.length + 1);
      for (let i = 0; i < waits.length; i++) sums[i + 1] = sums[i] + waitTook[waits[i]];
      const whole = stretches.map(([from, to]) => [from ?? -Infinity, to ?? Infinity]);
      return {loop, name, events: ofLoop(loop), waits, sums, stretches: whole, cells: loopCells[loop]};
    });
    const nameOf = i => "conn" + clients.number[i]
      + (clients.count[i] > 1 ? "–" + (clients.number[i] + clients.count[i] - 1) : "");
    for (let i = 0; i < clientRows; i++)
      rows.push({client: i, name: nameOf(i), loop: clients.loop[i], from: clients.from[i], to: clients.to[i],
        closed: clients.closed[i], reason: clients.reason[i] ? facts.reasons[clients.reason[i] - 1] : null,
        calls: clients.calls[i], input: clients.input[i], output: clients.output[i],
        busy: clients.busy[i], waited: clients.waited[i], events: ofClient(i), sends: sendsOf(i),
        stretches: clients.count[i] > 1 && loopRows > 1 && !facts.isWhole ? [] : rows[clients.loop[i]].stretches,
        cells: clientCells && clientCells[i]});

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
