extension FailurePage {
  /// The states, the slider, and the list.
  static let reading = """
    "use strict";
    const byId = (id) => document.getElementById(id);
    const states = JSON.parse(byId("data").textContent);
    let shown = states.length - 1;
    const milliseconds = (t) => (t / 1e6).toFixed(3);
    function element(name, className, text) {
      const made = document.createElement(name);
      if (className) made.className = className;
      if (text !== undefined) made.textContent = text;
      return made;
    }
    function list(state) {
      const rows = state.events.map(([time, lane, kind, , text]) => {
        const row = element("li", `${lane} ${kind}`);
        row.append(element("time", "", milliseconds(time)), element("span", "", text));
        return row;
      });
      if (state.left) {
        const row = element("li", "loop plain");
        row.append(element("time", "", "…"),
          element("span", "", `${state.left.toLocaleString("en")} events before are left out`));
        rows.unshift(row);
      }
      byId("events").replaceChildren(...rows);
    }
    function show(place) {
      shown = Math.max(0, Math.min(states.length - 1, place));
      const state = states[shown];
      if (!state) return;
      byId("facts").textContent = state.facts;
      byId("sentence").firstElementChild.textContent = state.wrong;
      list(state);
      draw(state);
    }
    function slider() {
      if (states.length < 2) return;
      const input = element("input");
      Object.assign(input, { type: "range", min: 0, max: states.length - 1, value: shown });
      input.setAttribute("aria-label", "From all that the seed had to what is needed");
      input.addEventListener("input", () => show(Number(input.value)));
      byId("shrinking").append(element("span", "faint", "all"), input,
        element("span", "faint", "what is needed"));
    }
    """

  /// The lanes.
  static let drawing = """
    const SVG = byId("lanes").firstElementChild.namespaceURI;
    const most = 30, high = 22, left = 76, right = 6;
    function node(name, attributes, text) {
      const made = document.createElementNS(SVG, name);
      for (const key in attributes) made.setAttribute(key, attributes[key]);
      if (text !== undefined) made.textContent = text;
      return made;
    }
    function places(events, width) {
      // A long pause is as wide as some short ones: its logarithm counts.
      let sum = 0, before = events.length ? events[0][0] : 0;
      const at = events.map(([time]) => {
        sum += Math.log2(1 + Math.max(0, time - before) / 1000) + 0.05;
        before = time;
        return sum;
      });
      return at.map((x) => left + (x / Math.max(1e-9, sum)) * (width - left - right));
    }
    function lanesOf(events) {
      const numbers = [...new Set(events.filter((e) => e[3] > 0).map((e) => e[3]))]
        .sort((a, b) => a - b);
      const names = numbers.slice(0, most).map((n) => `client ${n}`);
      if (numbers.length > most) names.push(`${numbers.length - most} more`);
      const row = new Map(numbers.map((n, i) => [n, Math.min(i, most)]));
      const network = names.push("network") - 1, loop = names.push("loop") - 1;
      return { names, network, loop, rowOf: ([, lane, kind, client]) =>
        lane === "loop" ? loop : lane === "network" ? network : row.get(client) ?? network };
    }
    function mark(kind, x, y) {
      const look = { class: kind, fill: "var(--c)" };
      if (kind === "call") return node("rect", { ...look, x: x - 0.5, y: y - 5, width: 1, height: 10 });
      if (kind === "fault")
        return node("path", { ...look, d: `M${x} ${y - 6}l6 6l-6 6l-6-6z` });
      return node("circle", { ...look, cx: x, cy: y, r: 4 });
    }
    function draw(state) {
      const width = Math.max(260, byId("lanes").clientWidth);
      const { names, loop, network, rowOf } = lanesOf(state.events);
      const height = names.length * high + 22;
      const svg = node("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
        "aria-label": `${state.events.length} events in ${names.length} lanes: ${state.wrong}` });
      const y = (row) => row * high + high / 2;
      names.forEach((name, row) => svg.append(
        node("text", { x: 0, y: y(row) + 4, "font-size": 12, fill: "var(--tl-faint)" }, name),
        node("line", { x1: left, x2: width, y1: y(row), y2: y(row), stroke: "var(--tl-line)" })));
      const x = places(state.events, width);
      state.events.forEach((event, i) => {
        const kind = event[2];
        if (kind === "wrong") {
          svg.append(node("line", { x1: x[i], x2: x[i], y1: 0, y2: height - 18, class: "wrong",
            stroke: "var(--c)", "stroke-width": 3 }));
          return;
        }
        const row = rowOf(event), client = rowOf([0, "client", kind, event[3]]);
        if (kind === "fault" && client !== network) svg.append(
          node("line", { x1: x[i], x2: x[i], y1: y(client), y2: y(network), class: kind,
            stroke: "var(--c)", "stroke-dasharray": "2 2" }));
        const made = mark(row === loop && kind === "plain" ? "call" : kind, x[i], y(row));
        made.append(node("title", {}, `${milliseconds(event[0])} ms: ${event[4]}`));
        made.addEventListener("mouseenter", () => seen(i, state));
        svg.append(made);
      });
      if (state.events.length) axis(svg, state.events, x, width, height);
      byId("lanes").replaceChildren(svg);
    }
    function axis(svg, events, x, width, height) {
      const style = { y: height - 4, "font-size": 12, fill: "var(--tl-faint)" };
      const label = (i) => `${milliseconds(events[i][0])} ms`;
      svg.append(node("text", { ...style, x: left }, label(0)));
      // Where there is room, the middle one too.
      const last = events.length - 1;
      if (last > 0 && width > 360)
        svg.append(node("text", { ...style, x: width, "text-anchor": "end" }, label(last)));
    }
    function seen(i, state) {
      for (const row of document.querySelectorAll("#events .seen")) row.classList.remove("seen");
      byId("events").children[i + (state.left ? 1 : 0)]?.classList.add("seen");
    }
    slider();
    show(shown);
    addEventListener("resize", () => draw(states[shown]));
    addEventListener("beforeprint", () => draw(states[shown]));
    """
}
