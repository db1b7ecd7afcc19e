extension ExplainPage {
  /// The lanes and the detail of one.
  static let drawing = #"""
    const {recorded} = scenarios[0];
    const view = {model: recorded ? scenarios[0].runs[0].model : "epoll", clients: recorded ? scenarios[0].clients : 3, idle: 0, slow: 0, deaf: 0, at: 0};
    const scenario = () => scenarios.find(s => s.clients === view.clients && s.idle === view.idle
      && s.slow === view.slow && (s.deaf > 0) === (view.deaf === 1));
    const run = () => scenario().runs.find(r => r.model === view.model);
    const clock = () => view.at > 0 ? run().steps[view.at - 1][0] : 0;
    const lanes = new Map();

    const picture = (r, wide) => {
      const {clients, end, deaf} = scenario(), left = 54, row = clients > 3 ? 13 : 18;
      const threads = r.model === "threads" ? 0 : 1, high = (threads + clients + (deaf ? 1 : 0)) * row + 16;
      const x = t => left + Math.min(t, end) / end * (wide - left - 4);
      const parts = [];
      const rect = (a, b, y, tall, fill, more = "") => {
        if (a >= end) return;
        parts.push(`<rect x="${x(a).toFixed(1)}" y="${y}" width="${Math.max(recorded ? 1.5 : 0.6, x(b) - x(a)).toFixed(1)}" `
          + `height="${tall}" fill="var(--tl-${fill})"${more}/>`);
      };
      const place = client => (threads + (client === deaf ? clients : client - 1)) * row;
      if (threads) {
        parts.push(`<text x="0" y="${row - 4}">thread</text>`);
        for (const [, a, b] of r.measured.spans.work) rect(a, b, 3, row - 6, "work");
      }
      for (let c = 1; c <= clients; c++)
        parts.push(`<text x="0" y="${place(c) + row - 4}">${recorded ? person(c) : "client " + c}</text>`);
      if (deaf) parts.push(`<text x="0" y="${place(deaf) + row - 4}">no reader</text>`);
      for (const [c, a, b] of r.measured.spans.queue) {
        if (c > clients && c !== deaf || a >= end) continue;
        const y = place(c) + row / 2;
        parts.push(`<path d="M${x(a).toFixed(1)} ${y}H${x(b).toFixed(1)}" stroke="var(--tl-wait)" `
          + `stroke-width="2" stroke-dasharray="2 3"/>`);
      }
      for (const [c, a, b] of r.measured.spans.wait)
        if (c <= clients) rect(a, b, place(c) + row / 2 - 2, 4, "wait");
      for (const [c, a, b] of r.measured.spans.served)
        if (c <= clients || c === deaf) rect(a, b, place(c) + 2, row - 4, "served");
      // 20, 50 and 100 µs, and so on.
      let step = 20e3;
      for (let i = 0; end / step > 5; i++) step *= [2.5, 2, 2][i % 3];
      for (let t = 0; t <= end; t += step) {
        parts.unshift(`<path d="M${x(t).toFixed(1)} 0V${high - 14}" stroke="var(--tl-line)"/>`);
        if (x(t) < wide - 40) parts.push(`<text x="${x(t).toFixed(1)}" y="${high - 2}">${
          t >= 1e9 ? t / 1e9 + " s" : t >= 1e6 ? t / 1e6 + " ms" : t / 1e3 + " µs"}</text>`);
      }
      return {svg: `<svg viewBox="0 0 ${wide} ${high}" height="${high}" aria-hidden="true">${parts.join("")}`
        + `<path class="cursor" stroke="var(--tl-ink)" stroke-width="1.5" d="M0 0V${high - 14}"/></svg>`, x};
    };
    const build = () => {
      byId("lanes").replaceChildren();
      lanes.clear();
      for (const r of scenario().runs) {
        const lane = document.createElement("button");
        lane.className = "lane";
        lane.innerHTML = `<span class="head"><b>${names[r.model]}</b><span class="k"></span></span><span class="now"></span>`
          + `<span class="drawing"></span><span class="sum"><span></span><span></span></span>`;
        lane.querySelector(".k").textContent = r.digest ? "a real trace, digest " + r.digest.slice(0, 8)
          : r.recorded ? "as it was recorded" : "a model, reckoned";
        lane.title = r.digest ? "The whole digest is " + r.digest : r.recorded ? "" : "Nothing of it has run.";
        lane.onclick = () => choose(r.model);
        byId("lanes").append(lane);
        const wide = Math.max(240, lane.clientWidth - 26), drawn = picture(r, wide);
        lane.querySelector(".drawing").innerHTML = drawn.svg;
        lanes.set(r.model, {lane, x: drawn.x, cursor: lane.querySelector(".cursor")});
      }
      paying();
      show();
    };
    const show = () => {
      const t = clock(), {clients} = scenario();
      for (const r of scenario().runs) {
        const {lane, x, cursor} = lanes.get(r.model);
        const count = r.model === view.model ? view.at : countBy(r, t), s = stateAt(r, count, clients);
        lane.setAttribute("aria-pressed", r.model === view.model);
        cursor.setAttribute("transform", `translate(${x(t).toFixed(1)})`);
        const now = s.running !== null ? "callback of " + person(s.running, clients)
          : r.recorded ? (s.waiting ? "waits" : "works")
          : r.model === "threads" ? plural(s.threads, "thread") + ", most of them asleep" : doing(r, count);
        lane.querySelector(".now").textContent = count ? now : "not begun";
        const [a, b] = lane.querySelectorAll(".sum span");
        a.textContent = "clients waited " + time(waitedBy(r, clients, t));
        b.textContent = r.recorded ? plural(s.callbacks, "callback") : s.left === clients ? "all served" : s.left + " of " + clients + " have left";
      }
      byId("scrub").max = run().steps.length;
      byId("scrub").value = view.at;
      byId("clock").textContent = time(t) + ", step " + view.at + " of " + run().steps.length;
      detail();
      const hash = `#m=${view.model}&n=${view.clients}&idle=${view.idle}&slow=${view.slow}&deaf=${view.deaf}&at=${view.at}`;
      if (location.hash !== hash) history.replaceState(null, "", hash);
    };
    const detail = () => {
      const r = run(), {clients} = scenario(), s = stateAt(r, view.at, clients), t = clock();
      const step = r.steps[view.at - 1], box = byId("detail");
      const around = 5, from = Math.max(0, Math.min(view.at - 1 - around, r.steps.length - 2 * around - 1));
      const list = r.steps.slice(from, from + 2 * around + 1).map((one, i) => {
        const item = document.createElement("li"), stamp = document.createElement("time");
        item.className = from + i === view.at - 1 ? "at" : from + i >= view.at ? "later" : "";
        stamp.textContent = time(one[0]);
        item.append(stamp, line(one));
        return item;
      });
      const steps = document.createElement("ol");
      steps.className = "steps";
      steps.append(...list);
      const facts = document.createElement("dl");
      const fact = (name, value) => {
        const [dt, dd] = ["dt", "dd"].map(tag => document.createElement(tag));
        dt.textContent = name;
        dd.textContent = value;
        facts.append(dt, dd);
      };
      const known = list => {
        if (recorded) return list.length > 3 ? plural(list.length, "connection") : list.map(c => person(c)).join(", ") || "nobody";
        const {deaf} = scenario(), silent = list.filter(c => c > clients && c !== deaf).length;
        const rest = list.filter(c => c <= clients);
        const all = rest.length > 3 ? [rest.length + " clients"] : rest.map(c => "client " + c);
        if (silent) all.push(silent + " silent");
        if (deaf && list.includes(deaf)) all.push("the one that does not read");
        return all.join(", ") || "nobody";
      };
      const buffered = Object.entries(s.buffered).filter(([, n]) => n > 0).map(([c]) => +c);
      if (!r.recorded) fact("in the kernel's queue", known(s.queue));
      fact("with unread bytes", known(buffered));
      if (!r.recorded) fact("accepted", known(Object.keys(s.descriptor).map(Number)));
      const waiting = Object.entries(s.since).filter(([c]) => +c <= clients && +c !== s.running);
      const longest = Math.max(...waiting.map(([, from]) => t - from));
      fact("who waits", waiting.length > 3 ? `${waiting.length} clients, the longest for ${time(longest)}`
        : waiting.map(([c, from]) => `${person(+c, clients)} for ${time(Math.max(0, t - from))}`).join(", ") || "nobody");
      const held = Object.keys(s.descriptor).map(Number), isKeptOut = r.model === "sequential" && s.queue.length;
      fact("for whom", !waiting.length ? "–"
        : s.running !== null && r.model !== "threads" ? "the callback of " + person(s.running, clients)
        : recorded ? "its turn" : isKeptOut ? (held.length ? known(held) + ", who has the thread" : "those before them in the queue")
        : "the server's turn, or the way there and back");
      if (r.recorded) fact("waits", s.waits);
      else fact("system calls", s.calls + (s.waits ? ", of them " + plural(s.waits, "wait") : ""));
      if (r.model === "io_uring") fact("without a call", plural(s.done, "completion") + ", of "
        + s.entries + (s.entries === 1 ? " entry" : " entries"));
      else if (r.digest) fact("descriptors looked at", s.looked);
      fact("callbacks", s.callbacks);
      if (r.model === "threads") fact("threads", s.threads);
      const head = document.createElement("h3"), say = document.createElement("p");
      head.textContent = names[r.model] + (isLoop(r) ? "" : " (a model)");
      say.className = "say";
      say.textContent = words(step, s, clients);
      box.replaceChildren(head, say, steps, facts);
    };
    const paying = () => {
      const {clients, slow, runs, idle} = scenario(), table = byId("pays");
      const heads = ["", "slow callback", "others waited meanwhile", "all waits", "system calls", "last client left"];
      const rows = runs.map(r => {
        const all = stateAt(r, r.steps.length, clients), gone = all.left === clients;
        return [names[r.model], r.measured.slow ? time(r.measured.slow[2] - r.measured.slow[1]) : slow ? "beyond the edge" : "none",
          r.measured.paid === null ? "–" : time(r.measured.paid),
          time(waitedBy(r, clients, r.measured.end)), all.calls, gone ? time(r.measured.end) : "not yet"];
      });
      const row = (cells, tag) => "<tr>" + cells.map(c => `<${tag}>${c}</${tag}>`).join("") + "</tr>";
      table.innerHTML = row(heads, "th") + rows.map(cells => row(cells, "td")).join("");
    };
    """#
}
