extension TimelinePage {
  /// Which rows are shown, in which order: sorted, and equal ones folded into one.
  static let arranging = #"""
    // An entry is a row as it is shown: a loop, a client, or several clients that are alike.
    let entries = [], tops = new Float64Array(1), entryOf = new Int32Array(rows.length);
    const order = {by: "number", folds: false, open: new Set()};
    const loopHeight = 30, clientHeight = 22;
    const sorts = {number: null, waited: row => row.waited, calls: row => row.calls,
      bytes: row => row.input + row.output, busy: row => row.busy};
    // Clients are alike if they did the same, and none of them waits to be told apart.
    const alike = row => [row.loop, row.calls, row.input, row.output, row.closed, row.reason].join("|");
    const indexOf = row => row.client === undefined ? row.loop : loopRows + row.client;
    const arrange = () => {
      const by = sorts[order.by], list = rows.slice(loopRows);
      if (by) list.sort((a, b) => by(b) - by(a) || a.client - b.client);
      entries = rows.slice(0, loopRows).map(row => ({row, members: [row], name: row.name, isLoop: true}));
      const folded = new Map();
      for (const row of list) {
        const key = order.folds ? alike(row) : null, known = key !== null && folded.get(key);
        if (known && !order.open.has(key)) { known.members.push(row); continue; }
        const entry = {row, members: [row], name: row.name, isLoop: false, key};
        if (key !== null && !known) folded.set(key, entry);
        entries.push(entry);
      }
      tops = new Float64Array(entries.length + 1);
      entries.forEach((entry, at) => {
        if (entry.members.length > 1) entry.name += " ×" + grouped(entry.members.length);
        tops[at + 1] = tops[at] + (entry.isLoop ? loopHeight : clientHeight);
        for (const row of entry.members) entryOf[indexOf(row)] = at;
      });
    };
    arrange();

    // What was served and waited for in each of `count` parts of a time, by an entry: from what happened one by
    // one where all of that is known, from slices where it is not.
    const isKnown = (row, from, to) => {
      const a = Math.max(from, facts.from), b = Math.min(to, facts.to);
      return a >= b || row.stretches.some(([low, high]) => low <= a && b <= high);
    };
    const addSpan = (sums, from, each, a, b, amount) => {
      const low = Math.max(0, (a - from) / each), high = Math.min(sums.length, (b - from) / each);
      if (!(high > low)) return;
      const density = amount * each / (b - a);
      for (let x = Math.floor(low); x < high; x++)
        sums[x] += density * (Math.min(high, x + 1) - Math.max(low, x));
    };
    const measure = (entry, from, to, count) => {
      const each = (to - from) / count;
      const sums = {busy: new Float64Array(count), waited: new Float64Array(count), calls: new Float64Array(count)};
      for (const row of entry.members) {
        if (isKnown(row, from, to)) addEvents(row, sums, from, to, each, entry.isLoop);
        else if (row.cells) addCells(row, sums, from, to, each);
      }
      return sums;
    };
    const addEvents = (row, sums, from, to, each, isLoop) => {
      const {events} = row;
      let i = lower(events, start, from);
      // What began before may last until now; of one connection nothing overlaps.
      i = Math.max(0, i - 1);
      for (; i < events.length; i++) {
        const e = events[i], s = start[e], took_ = took[e] + sending[e];
        if (s - waited[e] > to && s > to) break;
        if (s >= from && s < to) sums.calls[Math.min(sums.calls.length - 1, Math.floor((s - from) / each))]++;
        if (took_ > 0) addSpan(sums.busy, from, each, s, s + took_, took_);
        if (!isLoop && waited[e] > 0) addSpan(sums.waited, from, each, s - waited[e], s, waited[e]);
      }
      if (!isLoop) return;
      for (let j = Math.max(0, lower(row.waits, waitStart, from) - 1); j < row.waits.length; j++) {
        const w = row.waits[j];
        if (waitStart[w] > to) break;
        addSpan(sums.waited, from, each, waitStart[w], waitStart[w] + waitTook[w], waitTook[w]);
      }
    };
    const addCells = ({cells, place}, sums, from, to, each) => {
      const places = cells.from, end = cells.ends[place + 1];
      let a = cells.ends[place], b = end;
      while (a < b) { const m = (a + b) >> 1; if (places[m] + cells.slice <= from) a = m + 1; else b = m; }
      for (; a < end && places[a] < to; a++) {
        const low = places[a], high = Math.min(low + cells.slice, Math.max(facts.to, low + 1e-3));
        addSpan(sums.busy, from, each, low, high, cells.busy[a]);
        addSpan(sums.waited, from, each, low, high, cells.waited[a]);
        addSpan(sums.calls, from, each, low, high, cells.calls[a]);
      }
    };
    """#
}
