extension HTMLReport {
  /// What a report has beside what all pages have: claims side by side, and the width of wide screens.
  static let style = """

    nav{border:0;padding:0;margin:20px 0 0}
    nav .claims{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,200px),1fr));gap:12px;
    margin:0}
    nav .claims li{margin:0}
    .claims a{display:flex;flex-direction:column;height:100%;box-sizing:border-box;gap:4px;color:inherit;
    text-decoration:none;border:1px solid var(--sb-h);border-radius:6px;padding:8px 10px;line-height:1.3}
    .claims a:hover,.claims a:focus-visible{border-color:var(--sb-blue)}
    .claims .badge{align-self:flex-start;margin:0}
    .claims b{font-size:.86rem}
    nav .claims .figure{color:inherit;font-size:1.1rem;font-weight:600;
    font-variant-numeric:tabular-nums}
    .claims .small{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:3;overflow:hidden;
    font-size:.78rem}
    .thumbnail{display:block;width:100%;height:84px}
    .lead,section>p,footer>p{max-width:75ch}
    .tip{position:absolute;z-index:1;pointer-events:none;max-width:280px;padding:3px 8px;font-size:.84rem;
    background:var(--sb-paper);color:var(--sb-t);border:1px solid var(--sb-f);border-radius:4px}
    @media (min-width:1000px){body{max-width:1360px}
    .evidence{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:0 40px;align-items:start}}
    @media (max-width:640px){nav .claims{grid-template-columns:repeat(2,minmax(0,1fr));gap:8px}
    .thumbnail{height:60px}.claims b{overflow-wrap:anywhere}}
    @media print{.tip{display:none}.evidence{display:block}
    nav .claims{grid-template-columns:repeat(4,minmax(0,1fr))}.claims li{break-inside:avoid}
    .thumbnail{height:60px}}
    """

  /// Shows what can be read of a place, at once and beside it. Without it browsers show the same a little later.
  static let pointing = """

    const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
    document.body.append(tip);
    for (const circle of document.querySelectorAll(".read circle")) {
      circle.setAttribute("aria-label", circle.textContent);
      circle.replaceChildren();
    }
    document.addEventListener("pointerover", (event) => {
      const circle = event.target.closest && event.target.closest(".read circle");
      tip.hidden = !circle;
      if (!circle) return;
      tip.textContent = circle.getAttribute("aria-label");
      const at = circle.getBoundingClientRect(), own = tip.getBoundingClientRect();
      const most = document.documentElement.clientWidth - own.width - 4;
      tip.style.left = `${Math.max(4, Math.min(most, at.x + at.width / 2 - own.width / 2)) + scrollX}px`;
      tip.style.top = `${Math.max(0, at.y - own.height - 2) + scrollY}px`;
    });

    """
}
