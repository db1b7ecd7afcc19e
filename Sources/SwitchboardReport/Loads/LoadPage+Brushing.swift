extension LoadPage {
  /// A part of the time, chosen by dragging: the curve is of that alone, until all is chosen again.
  static let brushing = #"""
    const view = {from: null, to: null}, every = byId("said").textContent;
    const isPart = () => view.from !== null;
    const chosen = () => {
      if (!isPart()) return whole;
      const some = spans.slice(view.from, view.to + 1);
      return {fine: data.fine, due: added(some.map(s => s.due)), sent: added(some.map(s => s.sent))};
    };
    const saying = () => {
      if (!isPart()) return every;
      const some = spans.slice(view.from, view.to + 1), {due, fine} = chosen();
      const errors = some.reduce((sum, s) => sum + s.errors, 0);
      const head = "From " + seconds(some[0].start) + " to " + seconds(some[some.length - 1].end) + ", "
        + plural(total(due), "request") + (errors ? ", " + plural(errors, "error") : "");
      const figures = [0.5, 0.9, 0.99, 0.999].map(s => "p" + digits(s * 100, 1) + " " + time(percentile(due, fine, s)));
      return head + (due.length ? ": " + figures.join(", ") : "");
    };
    const [timeBox, curveBox] = ["time", "curve"].map(id => document.querySelector("#" + id + " .canvas"));
    const room = box => Math.max(260, Math.round(printing ? 660 : box.clientWidth));
    let printing = false, over = null;
    const showCurve = () => {
      curveBox.innerHTML = drawCurve(room(curveBox), chosen(), isPart() ? whole : null);
      byId("whole").hidden = !isPart();
      byId("said").textContent = saying();
      const brush = byId("brush");
      if (isPart()) {
        const from = over.x(spans[view.from].start), to = over.x(spans[view.to].end);
        brush.setAttribute("x", n1(from));
        brush.setAttribute("width", n1(Math.max(1, to - from)));
      }
      brush.toggleAttribute("hidden", !isPart());
      brush.style.display = isPart() ? "" : "none";
    };
    const draw = () => {
      over = drawTime(room(timeBox));
      timeBox.innerHTML = over.svg;
      showCurve();
    };
    const choose = (from, to) => {
      [view.from, view.to] = from === null ? [null, null] : [Math.min(from, to), Math.max(from, to)];
      showCurve();
    };
    // The span that a pointer is over.
    const under = event => {
      const box = timeBox.firstChild.getBoundingClientRect(), wide = timeBox.firstChild.viewBox.baseVal.width;
      const x = (event.clientX - box.left) / box.width * wide;
      const found = spans.findIndex(s => over.x(s.end) > x);
      return found < 0 ? spans.length - 1 : found;
    };
    let held = null;
    timeBox.onpointerdown = event => {
      if (!spans.length || event.button) return;
      held = {at: under(event), x: event.clientX, moved: false};
      timeBox.setPointerCapture(event.pointerId);
    };
    timeBox.onpointermove = event => {
      if (!held || !held.moved && Math.abs(event.clientX - held.x) < 4) return;
      held.moved = true;
      choose(held.at, under(event));
    };
    timeBox.onpointerup = () => { if (held && !held.moved) choose(null); held = null; };
    timeBox.onpointercancel = () => { held = null; };
    addEventListener("keydown", event => { if (event.key === "Escape") choose(null); });
    curveBox.onpointermove = event => {
      if (!shown) return;
      const box = curveBox.firstChild.getBoundingClientRect(), wide = curveBox.firstChild.viewBox.baseVal.width;
      const x = (event.clientX - box.left) / box.width * wide;
      const share = 1 - 10 ** (-(x - shown.left) / (shown.right - shown.left) * shown.far);
      const isWithin = share >= 0 && x <= shown.right, guide = byId("guide");
      guide.setAttribute("visibility", isWithin ? "visible" : "hidden");
      guide.setAttribute("transform", "translate(" + n1(x) + ")");
      byId("said").textContent = isWithin ? words(share) : saying();
    };
    curveBox.onpointerleave = () => {
      if (shown) byId("guide").setAttribute("visibility", "hidden");
      byId("said").textContent = saying();
    };
    const print = on => { printing = on; draw(); };
    addEventListener("beforeprint", () => print(true));
    addEventListener("afterprint", () => print(false));
    let wide = document.body.clientWidth;
    addEventListener("resize", () => {
      if (printing || document.body.clientWidth === wide) return;
      wide = document.body.clientWidth;
      draw();
    });
    draw();
    """#
}
