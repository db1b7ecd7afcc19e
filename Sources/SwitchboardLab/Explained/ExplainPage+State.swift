extension ExplainPage {
  /// What is so after some steps: nothing but what was recorded, so that back is the same way again.
  static let state = #"""
    const fresh = () => ({calls: 0, waits: 0, looked: 0, entries: 0, done: 0, callbacks: 0,
      accepted: [], queue: [], session: {}, descriptor: {}, buffered: {}, owed: {}, since: {}, running: null,
      watched: 0, threads: 1, left: 0, last: null});
    const follow = (s, step, clients) => {
      const [, kind, a, b, c, d] = step;
      s.last = step;
      if (kind === CONNECTS) { s.queue.push(a); if (a <= clients) s.since[a] = step[0]; }
      if (kind === SENDS) {
        s.buffered[a] = (s.buffered[a] || 0) + b;
        s.owed[a] = (s.owed[a] || 0) + b;
        if (s.since[a] === undefined) s.since[a] = step[0];
      }
      if (kind === RECEIVES && (s.owed[a] -= b) <= 0) delete s.since[a];
      if (kind === LEAVES) { s.left++; delete s.since[a]; }
      if (kind === CALL) {
        s.calls++;
        if (b === "accept" && +d >= 0) s.accepted.push(+d);
        if (b === "pthread_create") s.threads++;
        if (waits.has(b)) s.waits++;
      }
      if (kind === READY) { s.watched = a; s.ready = b; }
      if (kind === ENTRY) s.entries++;
      if (kind === DONE) s.done++;
      if (kind === OPENED) {
        s.session[a] = b;
        s.descriptor[b] = s.accepted.length ? s.accepted.shift() : a;
        s.queue = s.queue.filter(client => client !== b);
        if (!s.buffered[b]) delete s.since[b];
      }
      if (kind === GIVEN) {
        // Who was there when a recording began is known from its first callback on.
        const client = s.session[a] ??= a;
        s.running = client;
        s.callbacks++;
        s.buffered[client] = Math.max(0, (s.buffered[client] || 0) - b);
      }
      if (kind === WAITS) s.waiting = true;
      if (kind === CALL) s.waiting = false;
      if (kind === RETURNED && s.running === s.session[a]) s.running = null;
      if (kind === CLOSED) { delete s.descriptor[s.session[a]]; delete s.session[a]; }
      return s;
    };
    const stateAt = (run, count, clients) => {
      const s = fresh(), looks = run.model === "select" || run.model === "poll";
      for (let i = 0; i < count; i++) {
        follow(s, run.steps[i], clients);
        if (run.steps[i][1] === READY) s.looked += looks ? run.steps[i][2] : run.steps[i][3].length;
      }
      return s;
    };
    // How many steps have happened by then.
    const countBy = (run, t) => {
      let a = 0, b = run.steps.length;
      while (a < b) { const m = (a + b) >> 1; if (run.steps[m][0] <= t) a = m + 1; else b = m; }
      return a;
    };
    const clientOf = (s, descriptor) => {
      const found = Object.entries(s.descriptor).find(([, d]) => d === descriptor);
      return found ? +found[0] : null;
    };
    const person = (client, clients) => scenario().recorded ? scenario().names[client - 1]
      : client === scenario().deaf ? "the client that does not read"
      : client > clients ? "a silent connection" : "client " + client;

    // The call that the server is in: the one that answers next.
    const doing = (run, count) => {
      for (let i = count; i < run.steps.length; i++) {
        if (run.steps[i][1] === GIVEN) return "between calls";
        if (run.steps[i][1] === CALL) {
          const [, , , name, fd] = run.steps[i];
          return "in " + name + (fd >= 0 ? "(" + fd + ")" : "()");
        }
      }
      return "waits for others";
    };
    const line = step => {
      const [, kind, a, b, c, d] = step, {recorded} = scenario();
      return kind === WAITS ? "the loop begins to wait"
        : recorded && kind === SENDS ? person(a) + " is ready" + (b ? ", with " + plural(b, "byte") : "")
        : recorded && kind === RECEIVES ? person(a) + " has its turn"
        : recorded && kind === CALL && b === "send" ? "sent " + plural(+d, "byte")
        : recorded && kind === CALL ? b + " = " + d
        : kind === GIVEN && c ? "callback: " + c + (b ? "(" + plural(b, "byte") + ")" : "")
        : kind === CALL ? (run().digest || run().model === "sequential" ? "" : "thread " + a + ": ")
          + b + "(" + (c >= 0 ? c : "") + ") = " + d
        : kind === CONNECTS ? person(a, scenario().clients) + " connects"
        : kind === SENDS ? person(a, scenario().clients) + " sends " + plural(b, "byte")
        : kind === RECEIVES ? "client " + a + " receives " + plural(b, "byte")
        : kind === LEAVES ? "client " + a + " leaves"
        : kind === READY ? "  of " + a + " watched: " + (b.length ? b.join(", ") : "none")
        : kind === ENTRY ? "  entry: " + a + (b >= 0 ? " " + b : "")
        : kind === DONE ? "  completion: " + a
        : kind === OPENED ? "session of " + person(b, scenario().clients) + " begins"
        : kind === GIVEN ? "callback: received(" + plural(b, "byte") + ")"
        : kind === RETURNED ? "callback returns" : "session ends";
    };
    const recordedWords = ([, kind, a, b, c, d], s) =>
      kind === WAITS ? "Nothing is left to do: the loop waits."
        : kind === SENDS ? `${person(a)} is ready: the wait has found it${b ? ", with " + plural(b, "byte") : ""}. From here on it waits for its turn.`
        : kind === RECEIVES ? `${person(a)} has its turn.`
        : kind === CALL && b === "send" ? (+d < 0 ? `${plural(-d, "byte")} counted as sent came back.` : `${plural(+d, "byte")} of output have been handed to the kernel.`)
        : kind === CALL ? `The loop wakes: ${b} brought ${plural(+d, "completion")}.`
        : kind === OPENED ? `The connection ${person(b)} has been accepted.`
        : kind === GIVEN ? `The callback ${c} of ${person(s.session[a] || a)} begins. Until it returns this loop serves nobody else.`
        : kind === RETURNED ? "The callback has returned; what it wrote is sent next." : `${person(a)} is closed.`;
    const words = (step, s, clients) => {
      if (!step) return "Nothing has happened yet. Step on, or drag the slider.";
      const [, kind, a, b, c, d] = step;
      if (scenario().recorded) return recordedWords(step, s);
      const whose = c >= 0 && clientOf(s, c) ? " of " + person(clientOf(s, c), clients) : "";
      if (kind === CALL && d === "ECONNRESET") return `The connection${whose} is gone, and the call that has slept all the time comes back.`;
      if (kind === CALL && d === "EAGAIN") return b === "accept"
        ? "Nobody else stands in the queue: the call says so at once, and does not wait."
        : b === "send" ? `The kernel's buffer${whose} is full: the call says so at once. What is left waits in the server, and the loop goes on with the others.`
        : "Nothing (more) is there" + whose + ": the call says so at once, and does not wait.";
      if (kind === CALL) return ({
        accept: `The next one in the kernel's queue is accepted: descriptor ${d}.`,
        recv: +d === 0 ? `The end${whose}: its peer has finished.`
          : `${plural(+d, "byte")}${whose} are copied out of the kernel's buffer.`,
        send: `${plural(+d, "byte")}${whose} are copied into the kernel, which takes care of the rest.`,
        epoll_wait: `The loop wakes. The kernel has noted who has something, and tells of ${d}; it looked at nobody else.`,
        poll: `The loop wakes: ${d} of its entries have something. The kernel went through all of them.`,
        select: `The loop wakes: ${d} in its sets have something. The sets were copied both ways and gone through.`,
        io_uring_enter: `One call: ${d === "0" ? "no entries" : plural(+d, "entry").replace("entrys", "entries")} handed over, and what is done by now is in the ring of completions.`,
        epoll_ctl: "The kernel is told of the descriptor, once for as long as the connection lives.",
        pthread_create: "A thread of its own for the connection.",
        close: "The descriptor is given back.", shutdown: "The server has no more to say on this connection.",
        socket: "A socket is made.", bind: "It gets its address.", listen: "From here on the kernel takes connections by itself.",
        io_uring_setup: "The two rings are made, in memory that the kernel and the program share.",
        epoll_create1: "The kernel makes a list in which it will note who has something.",
        eventfd: "A descriptor by which others can wake the loop.",
      })[b] || `The call ${b} answers ${d}.`;
      return kind === CONNECTS ? "A client connects. The kernel does that by itself; the server knows nothing of it yet."
        : kind === SENDS && a === scenario().deaf ? "A client asks for three mebibytes, and reads none of them."
        : kind === SENDS ? `Client ${a} sends ${plural(b, "byte")}, and waits from here on.`
        : kind === RECEIVES ? `Client ${a} receives ${plural(b, "byte")}${s.owed[a] > 0 ? "; " + s.owed[a] + " are still to come" : ": it has its reply"}.`
        : kind === LEAVES ? `Client ${a} has all that it wanted, and leaves.`
        : kind === READY ? (b.length ? `Of ${plural(a, "descriptor")} that are watched, ${b.length === 1 ? "one has" : b.length + " have"} something: `
          + b.map(d => d + (clientOf(s, d) ? " (" + person(clientOf(s, d), clients) + ")" : "")).join(", ") + "."
          : `None of ${plural(a, "descriptor")} has anything: the time was over, or somebody woke the loop.`)
        : kind === ENTRY ? `The kernel takes an entry, as part of the call that follows: ${a}${b >= 0 ? " on " + b : ""}.`
        : kind === DONE ? "An operation is done; its result stands in the ring, without a call."
        : kind === OPENED ? `A session begins for ${person(b, clients)}.`
        : kind === GIVEN ? `The callback of ${person(s.session[a], clients)} begins. Until it returns this thread serves nobody else.`
        : kind === RETURNED ? "The callback has returned; what it wrote is sent next."
        : "The session is over.";
    };
    """#
}
