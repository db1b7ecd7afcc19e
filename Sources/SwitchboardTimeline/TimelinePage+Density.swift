extension TimelinePage {
  /// Density: of each point how much was served and waited for; and the picture as a whole.
  static let density = #"""
    // One by one if everything in sight is known and has room; else by density, in all rows alike.
    const choose = () => {
      const room = (width - left) / 4;
      let dense = false;
      eachEntry(entry => {
        if (dense) return;
        let count = 0;
        for (const row of entry.members) {
          if (!isKnown(row, seen.from, seen.to)) { dense = true; return; }
          if (!entry.isLoop) count += lower(row.events, start, seen.to) - lower(row.events, start, seen.from);
          if (count > room) { dense = true; return; }
        }
      });
      isDense = dense;
    };
    // Served from below in blue, waited above it in amber; the whole height is the whole of a point's time. What
    // there was at all shows.
    const drawDensity = (g, entry, y, high) => {
      const count = Math.max(1, Math.floor(width - left)), each = (seen.to - seen.from) / count;
      const {busy, waited, calls} = measure(entry, seen.from, seen.to, count);
      const most = (high - 6) / entry.members.length, base = y + high - 3;
      const blue = new Path2D(), amber = new Path2D();
      for (let x = 0; x < count; x++) {
        const served = busy[x] > 0 || calls[x] > 0.5 ? Math.max(2, Math.min(1, busy[x] / each) * most) : 0;
        if (waited[x] > 0) {
          const tall = Math.min(high - 6 - served, Math.max(1.5, Math.min(1, waited[x] / each) * most));
          amber.rect(left + x, base - served - tall, 1, tall);
        }
        if (served) blue.rect(left + x, base - served, 1, served);
      }
      g.fillStyle = colors.wait;
      g.fill(amber);
      g.fillStyle = colors.served;
      g.fill(blue);
    };
    let wanted = false;
    const draw = () => {
      if (wanted) return;
      wanted = true;
      requestAnimationFrame(() => { wanted = false; paint(); });
    };
    const drawEntry = (g, entry, y, at) => {
      const high = heightOf(at), {row} = entry;
      g.save();
      g.beginPath();
      const floor = at < pinned ? axis : axis + pinnedHeight;
      g.rect(0, floor, width, height - floor);
      g.clip();
      if (entry.isLoop) drawLoop(g, row, y, high); else for (const one of entry.members.slice(0, 1)) drawLife(g, one, y, high);
      if (!isDense) for (const one of entry.members) drawEvents(g, one, y, high, entry.isLoop);
      else if (!entry.isLoop) drawDensity(g, entry, y, high);
      g.font = names;
      g.fillStyle = entry.isLoop ? colors.faint : colors.ink;
      g.fillText(entry.name, 8, y + high / 2 + 4.5, left - 16);
      g.restore();
    };
    const paint = () => {
      const g = fitCanvas(view, width, height, ratio);
      g.fillStyle = colors.page;
      g.fillRect(0, 0, width, height);
      choose();
      drawAxis(g);
      eachEntry((entry, y, at) => drawEntry(g, entry, y, at));
      drawDelayed(g);
      g.fillStyle = colors.line;
      g.fillRect(0, axis + pinnedHeight - 0.5, width, 1);
      g.fillRect(left - 3, 0, 1, height);
      drawScroll(g);
      drawWindow();
      tellRange();
    };
    const tellRange = () => {
      // Of the recording, without the margins beside it.
      const from = Math.max(seen.from, whole.from), to = Math.min(seen.to, whole.to);
      const span = Math.max(0, to - from), grain = (seen.to - seen.from) / 100;
      byId("range").textContent = moment(from, grain) + " to " + moment(to, grain)
        + " (" + brief(span) + ")";
      const isCoarse = isDense && facts.slice * scaleOf() > 1.5
        && entries.some(entry => !entry.isLoop && !isKnown(entry.row, seen.from, seen.to));
      byId("how").textContent = !clientRows ? "" : !isDense ? "each callback"
        : "density: served and waited for, in each point"
          + (isCoarse ? `; the page has slices of ${brief(facts.slice)} here, --from and --to show more` : "");
    };
    const drawScroll = g => {
      const room = height - axis - pinnedHeight, rest = rowsHeight() - pinnedHeight;
      if (rest <= room) return;
      g.fillStyle = colors.life;
      g.fillRect(width - 5, axis + pinnedHeight + seen.top / rest * room, 3, Math.max(8, room * room / rest));
    };

    // The strip above: the whole, and what of it is in sight.
    let strip = null;
    const drawMap = () => {
      strip = document.createElement("canvas");
      const g = fitCanvas(strip, width, 44, ratio), span = all.to - all.from;
      const count = Math.max(1, Math.floor(width - left)), each = span / count;
      g.fillStyle = colors.work;
      const shares = new Float64Array(count);
      for (const row of rows.slice(0, loopRows)) {
        const sums = {busy: new Float64Array(count), waited: new Float64Array(count), calls: new Float64Array(count)};
        addCells(row, sums, all.from, all.to, each);
        for (let x = 0; x < count; x++) {
          const t = all.from + (x + 1) * each, inside = Math.min(t, whole.to) - Math.max(t - each, whole.from);
          const share = inside <= 0 ? 0
            : hasWaits ? (inside - sums.waited[x]) / each : Math.max(sums.busy[x] / each, sums.calls[x] > 0 ? 0.03 : 0);
          shares[x] = Math.max(shares[x], Math.min(1, share));
        }
      }
      for (let x = 0; x < count; x++) if (shares[x] > 1e-6) {
        const tall = Math.max(1, shares[x] * 34);
        g.fillRect(left + x, 40 - tall, 1, tall);
      }
    };
    const drawWindow = () => {
      const g = fitCanvas(map, width, 44, ratio), scale = (width - left) / (all.to - all.from);
      g.drawImage(strip, 0, 0, width, 44);
      g.font = names;
      g.fillStyle = colors.faint;
      g.fillText("whole", 8, 26);
      const from = Math.max(left, left + (seen.from - all.from) * scale);
      const to = Math.min(width, left + (seen.to - all.from) * scale);
      g.fillStyle = colors.receive;
      g.globalAlpha = 0.16;
      g.fillRect(from, 0, Math.max(2, to - from), 44);
      g.globalAlpha = 1;
      g.fillRect(from, 0, 1.5, 44);
      g.fillRect(Math.max(from, to - 1.5), 0, 1.5, 44);
    };
    """#
}
