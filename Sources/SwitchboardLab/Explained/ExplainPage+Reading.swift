extension ExplainPage {
  /// What a run's steps are, and what the whole of it comes to.
  static let reading = #"""
    "use strict";
    const byId = id => document.getElementById(id);
    const scenarios = JSON.parse(byId("data").textContent);
    const CONNECTS = 0, SENDS = 1, RECEIVES = 2, LEAVES = 3, CALL = 4, READY = 5, ENTRY = 6, DONE = 7,
      OPENED = 8, GIVEN = 9, RETURNED = 10, CLOSED = 11, WAITS = 12;
    // A real loop's: of the simulation, with a digest, or of a recording.
    const isLoop = run => Boolean(run.digest || run.recorded);
    const names = {sequential: "One at a time", threads: "A thread each", select: "select",
      poll: "poll", epoll: "epoll", io_uring: "io_uring"};
    const waits = new Set(["select", "poll", "epoll_wait", "io_uring_enter"]);
    const isWait = (run, step) => step[1] === CALL && (isLoop(run) ? waits.has(step[3])
      : step[3] === "recv" || step[3] === "accept" || step[5] === "ECONNRESET");
    // What a blocking call of the model takes when it need not wait.
    const quick = 1700;

    const time = ns => ns >= 1e9 ? (ns / 1e9).toFixed(3) + " s" : ns >= 1e6 ? (ns / 1e6).toFixed(2) + " ms" : (ns / 1e3).toFixed(1) + " µs";
    const plural = (n, one) => n + " " + one + (n === 1 ? "" : "s");

    // Spans for the picture: who waits, whose callback runs, when a thread works.
    const measured = (run, clients) => {
      const open = {}, spans = {wait: [], queue: [], served: [], work: []}, client = {}, asked = {}, owed = {}, first = {};
      const last = {}, begun = {};
      let end = 0;
      for (const step of run.steps) {
        const [t, kind] = step;
        end = Math.max(end, t);
        if (kind === CONNECTS) open[step[2]] = t;
        if (kind === OPENED) {
          client[step[2]] = step[3];
          // Who has asked already waits for the reply.
          spans.queue.push([step[3], open[step[3]] || 0, Math.min(t, first[step[3]] ?? t)]);
          delete open[step[3]];
        }
        if (kind === SENDS) {
          first[step[2]] ??= t;
          if (!owed[step[2]]) asked[step[2]] = t;
          owed[step[2]] = (owed[step[2]] || 0) + step[3];
        }
        if (kind === RECEIVES && (owed[step[2]] -= step[3]) <= 0) {
          spans.wait.push([step[2], asked[step[2]], t]);
          delete asked[step[2]];
        }
        if (kind === GIVEN) begun[step[2]] = t;
        if (kind === RETURNED && begun[step[2]] !== undefined) {
          // Who was there when a recording began has no beginning.
          spans.served.push([client[step[2]] ?? step[2], begun[step[2]], t]);
          delete begun[step[2]];
        }
        // Entries and completions are the kernel's doing.
        if (kind >= CALL && ![READY, ENTRY, DONE].includes(kind)) {
          const thread = kind === CALL ? step[2] : null;
          const sleeper = isLoop(run) ? 0 : thread;
          if (sleeper === null) continue;
          const before = last[sleeper] === undefined ? 0 : last[sleeper];
          const slept = isWait(run, step) && t - before > quick;
          spans.work.push([sleeper, slept ? t - quick / 2 : before, t]);
          last[sleeper] = t;
        }
      }
      for (const [who, from] of Object.entries(open)) spans.queue.push([+who, from, first[who] ?? Infinity]);
      for (const [who, from] of Object.entries(asked)) spans.wait.push([+who, from, Infinity]);
      const slow = spans.served.find(([, a, b]) => b - a > 100000);
      const overlap = (a, b) => Math.max(0, Math.min(a[2], b[2]) - Math.max(a[1], b[1]));
      const paid = !slow ? null : [...spans.wait, ...spans.queue]
        .filter(s => s[0] !== slow[0] && s[0] <= clients).reduce((sum, s) => sum + overlap(s, slow), 0);
      return {spans, end, slow, paid};
    };
    const waitedBy = (run, clients, t) => [...run.measured.spans.wait, ...run.measured.spans.queue]
      .filter(s => s[0] <= clients)
      .reduce((sum, s) => sum + Math.max(0, Math.min(t, s[2]) - Math.min(t, s[1])), 0);
    for (const scenario of scenarios) {
      for (const run of scenario.runs) run.measured = measured(run, scenario.clients);
      const loops = scenario.runs.filter(isLoop).map(run => run.measured.end);
      // Who is kept out by silent connections waits on beyond the edge.
      scenario.end = Math.min(Math.max(...scenario.runs.map(run => run.measured.end)),
        1.9 * Math.max(...loops));
    }
    """#
}
