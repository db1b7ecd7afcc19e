/// Finds places for text: none over other text, none beyond the drawing, and over as little of the
/// data as can be.
struct Placer {
  /// Where text may be.
  let bounds: Box
  /// What no text may cover.
  private(set) var taken: [Box] = []
  /// What text had better not cover: points along the lines.
  private var avoided: [Drawing.Point] = []

  init(bounds: Box) { self.bounds = bounds }

  /// Keeps text away from a box.
  mutating func take(_ box: Box) { taken.append(box) }

  /// Keeps text away from a line, if there is room elsewhere.
  mutating func avoid(_ line: [Drawing.Point]) {
    for (start, end) in zip(line, line.dropFirst()) {
      let (dx, dy) = (end.x - start.x, end.y - start.y)
      let pieces = max(1, min(400, Int(max(abs(dx), abs(dy)) / 4)))
      for piece in 0...pieces {
        let share = Double(piece) / Double(pieces)
        avoided.append(.init(start.x + share * dx, start.y + share * dy))
      }
    }
    if line.count == 1 { avoided += line }
  }

  /// The best place for a text near a point, or nil where there is none at all. It is taken then.
  ///
  /// - Parameter width: Longer texts become several lines.
  mutating func place(
    _ text: String, near point: Drawing.Point, width: Double, size: Double = 12, ink: Paint = .text,
    isBold: Bool = false
  ) -> [Label]? {
    let lines = TextMetrics.wrapped(text, to: width, size: size, isBold: isBold)
    let breadth = lines.map { TextMetrics.width($0, size: size, isBold: isBold) }.max() ?? 0
    let height = Double(lines.count) * size * TextMetrics.lineHeight
    var best: (cost: Double, box: Box)?
    for corner in corners(near: point, breadth, height) {
      let box = Box(
        left: corner.x, top: corner.y, right: corner.x + breadth, bottom: corner.y + height)
      // What is too far away need not be looked at.
      guard distance(from: box, to: point) < best?.cost ?? .infinity,
        let cost = cost(of: box, for: point), cost < best?.cost ?? .infinity
      else { continue }
      best = (cost, box)
    }
    guard let box = best?.box else { return nil }
    take(box)
    return labels(lines, in: box, size: size, ink: ink, isBold: isBold, beside: point)
  }

  private func labels(
    _ lines: [String], in box: Box, size: Double, ink: Paint, isBold: Bool,
    beside point: Drawing.Point
  ) -> [Label] {
    // A block at the left of its point ends in line with it.
    let anchor: Label.Anchor = box.right <= point.x ? .end : .start
    return lines.enumerated().map { index, line in
      let baseline =
        box.top + (Double(index) * TextMetrics.lineHeight + TextMetrics.ascent) * size
      return Label(
        text: line, place: .init(anchor == .start ? box.left : box.right, baseline), size: size,
        anchor: anchor, isBold: isBold, ink: ink)
    }
  }

  /// Upper left corners to try: close to the point first, then a grid over everything.
  private func corners(near point: Drawing.Point, _ breadth: Double, _ height: Double)
    -> [Drawing.Point]
  {
    var found: [Drawing.Point] = []
    for gap in [9.0, 16, 26] {
      for dy in [-height / 2, -height - gap, gap] {
        for dx in [gap, -breadth - gap, -breadth / 2] where dx != -breadth / 2 || dy != -height / 2
        {
          found.append(.init(point.x + dx, point.y + dy))
        }
      }
    }
    var y = bounds.top
    while y + height <= bounds.bottom {
      var x = bounds.left
      while x + breadth <= bounds.right {
        found.append(.init(x, y))
        x += 8
      }
      y += 6
    }
    return found
  }

  private func distance(from box: Box, to point: Drawing.Point) -> Double {
    max(box.left - point.x, point.x - box.right, 0)
      + max(box.top - point.y, point.y - box.bottom, 0)
  }

  /// Nil where the text cannot be.
  private func cost(of box: Box, for point: Drawing.Point) -> Double? {
    // Two texts in a line would read as one without a gap.
    let apart = Box(left: box.left - 5, top: box.top, right: box.right + 5, bottom: box.bottom)
    guard bounds.contains(box), !taken.contains(where: { $0.overlaps(apart) }) else { return nil }
    let room = box.grown(by: 4)
    let covered = avoided.count { room.contains($0) }
    return 40 * Double(covered) + distance(from: box, to: point)
  }

  /// Moves heights apart until each has `spacing`, as little as can be, in the order they have.
  static func spread(_ heights: [Double], spacing: Double, from low: Double, to high: Double)
    -> [Double]
  {
    guard !heights.isEmpty else { return [] }
    // Each would be at its height less the room of those above; neighbours that are then out of
    // order share their mean.
    let order = heights.indices.sorted { heights[$0] < heights[$1] }
    var blocks: [(sum: Double, members: Int)] = []
    for (rank, index) in order.enumerated() {
      blocks.append((heights[index] - Double(rank) * spacing, 1))
      while blocks.count > 1 {
        let (above, below) = (blocks[blocks.count - 2], blocks[blocks.count - 1])
        guard above.sum / Double(above.members) > below.sum / Double(below.members) else { break }
        blocks.removeLast(2)
        blocks.append((above.sum + below.sum, above.members + below.members))
      }
    }
    let room = high - Double(heights.count - 1) * spacing
    var result = heights
    var rank = 0
    for block in blocks {
      let base = min(max(block.sum / Double(block.members), low), max(low, room))
      for _ in 0..<block.members {
        result[order[rank]] = base + Double(rank) * spacing
        rank += 1
      }
    }
    return result
  }
}
