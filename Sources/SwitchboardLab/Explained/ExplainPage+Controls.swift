extension ExplainPage {
  /// Buttons, keys, and the address.
  static let controls = #"""
    let playing = null;
    const stop = () => {
      clearInterval(playing);
      playing = null;
      byId("run").textContent = "play";
    };
    const go = at => { view.at = Math.max(0, Math.min(at, run().steps.length)); show(); };
    const play = () => {
      if (playing) return stop();
      if (view.at >= run().steps.length) go(0);
      byId("run").textContent = "pause";
      playing = setInterval(() => { if (view.at >= run().steps.length) stop(); else go(view.at + 1); }, 220);
    };
    // The other lane at the same moment.
    const choose = model => {
      const t = clock();
      view.model = model;
      go(t > 0 ? countBy(run(), t) : 0);
    };
    const turn = (name, value) => {
      stop();
      view[name] = value;
      view.at = 0;
      build();
    };
    byId("on").onclick = () => { stop(); go(view.at + 1); };
    byId("back").onclick = () => { stop(); go(view.at - 1); };
    byId("first").onclick = () => { stop(); go(0); };
    byId("run").onclick = play;
    byId("scrub").oninput = event => { stop(); go(+event.target.value); };
    byId("clients").onchange = event => turn("clients", +event.target.value);
    byId("idle").onchange = event => turn("idle", +event.target.value);
    byId("slow").onchange = event => turn("slow", event.target.checked ? 1 : 0);
    byId("deaf").onchange = event => turn("deaf", event.target.checked ? 1 : 0);
    addEventListener("keydown", event => {
      if (event.ctrlKey || event.metaKey || event.altKey || /^(SELECT|INPUT)$/.test(event.target.tagName)) return;
      const acts = {ArrowRight: () => { stop(); go(view.at + 1); }, ArrowLeft: () => { stop(); go(view.at - 1); },
        Home: () => { stop(); go(0); }, End: () => { stop(); go(run().steps.length); }, p: play};
      Object.keys(names).forEach((model, i) => { if (scenario().runs.some(r => r.model === model)) acts[i + 1] = () => choose(model); });
      if (!acts[event.key]) return;
      event.preventDefault();
      acts[event.key]();
    });
    const fromAddress = () => {
      const wanted = new URLSearchParams(location.hash.slice(1));
      const [n, idle, slow, deaf] = ["n", "idle", "slow", "deaf"].map(name => Number(wanted.get(name)));
      if (scenarios.some(s => s.clients === n)) view.clients = n;
      if (scenarios.some(s => s.idle === idle)) view.idle = idle;
      view.slow = slow === 1 ? 1 : 0;
      view.deaf = deaf === 1 ? 1 : 0;
      if (scenario().runs.some(r => r.model === wanted.get("m"))) view.model = wanted.get("m");
      byId("clients").value = view.clients;
      byId("idle").value = view.idle;
      byId("slow").checked = view.slow === 1;
      byId("deaf").checked = view.deaf === 1;
      const at = Math.floor(Number(wanted.get("at")));
      view.at = at >= 0 ? Math.min(at, run().steps.length) : 0;
    };
    if (recorded) document.querySelector(".legend i.wait").nextSibling.textContent = "ready, and waits for its turn";
    fromAddress();
    build();
    addEventListener("hashchange", () => { fromAddress(); build(); });
    let room = innerWidth;
    addEventListener("resize", () => { if (innerWidth !== room) { room = innerWidth; build(); } });
    """#
}
