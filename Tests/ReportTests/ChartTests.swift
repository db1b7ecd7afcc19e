import Testing

@testable import SwitchboardBase
@testable import SwitchboardReport

@Suite("Charts")
struct ChartTests {
  // ---------------------------------------------------------------------------- ticks

  @Test(arguments: [
    (9.0, 5, [0.0, 2, 4, 6, 8, 10]), (1.0, 4, [0, 0.25, 0.5, 0.75, 1]), (23, 3, [0, 10, 20, 30]),
  ])
  func `A linear axis has round steps from zero to beyond its data`(
    most: Double, steps: Int, wanted: [Double]
  ) {
    let ticks = Ticks.linear(upTo: most, steps: steps, .number)
    #expect(ticks.count == wanted.count)
    #expect(zip(ticks, wanted).allSatisfy { abs($0 - $1) < 1e-9 })
  }

  @Test func `A linear axis of bytes steps in its own unit`() {
    let ticks = Ticks.linear(upTo: 180 * 0x1p20, steps: 4, .bytes)
    #expect(
      ticks.map { Ticks.bytes($0, like: 180 * 0x1p20) } == [
        "0", "50 MiB", "100 MiB", "150 MiB", "200 MiB",
      ])
  }

  @Test func `A logarithmic axis has decades, and more where these are few`() {
    #expect(
      Ticks.logarithmic(from: 1, to: 10_000, steps: 6, .number) == [1, 10, 100, 1000, 10_000])
    #expect(Ticks.logarithmic(from: 15, to: 90, steps: 6, .number) == [20, 50])
    #expect(Ticks.logarithmic(from: 1, to: 1e8, steps: 4, .number).count <= 4)
    #expect(Ticks.logarithmic(from: 1, to: 0x1p20, steps: 8, .bytes).last == 0x1p20)
    #expect(Ticks.logarithmic(from: 0, to: 10, steps: 4, .number) == [])
  }

  @Test(arguments: [
    (0.25, "0.25"), (1000, "1,000"), (2_500_000, "2.5 M"), (0.0001, "0.0001"), (3, "3"), (0, "0"),
  ])
  func `Numbers are written without superfluous zeros`(value: Double, text: String) {
    #expect(Ticks.number(value) == text)
  }

  @Test func `Durations and bytes take the unit that suits them`() {
    #expect(Ticks.duration(0.00002, like: 0.00002) == "20 µs")
    #expect(Ticks.duration(0.5, like: 2) == "0.5 s")
    #expect(Ticks.bytes(1536, like: 1536) == "1.5 KiB")
    #expect(Ticks.duration(0, like: 1) == "0")
  }

  @Test func `Nines are equally far apart`() {
    let axis = Axis("share", unit: .share, scale: .nines).fitted(to: [0.5, 0.9999], steps: 5)
    let places = [0.9, 0.99, 0.999, 0.9999].map(axis.share)
    let gaps = zip(places, places.dropFirst()).map { $1 - $0 }
    #expect(gaps.allSatisfy { abs($0 - gaps[0]) < 1e-6 })
    #expect(axis.text(0.999) == "99.9 %")
  }

  @Test(arguments: [50, 500, 3000]) func `Neighbouring dots lie at different heights`(count: Int) {
    let values = (1...count).map { Double($0) }
    let chart = StripChart(
      title: "Many", axis: Axis("s"), strips: [.init("all", .blue, values, "all")])
    let drawing = chart.drawn(width: 720)
    let heights = drawing.shapes.compactMap { shape -> Double? in
      guard case .marker(let place, _, _) = shape else { return nil }
      return place.y
    }
    #expect(Set(heights).count == 5)
    #expect(zip(heights, heights.dropFirst()).allSatisfy { $0 != $1 })
    let words = count > 100 ? "a dot for one of \(count / 100)" : "each dot is one"
    #expect(drawing.texts.contains { $0.text.hasPrefix(words) })
  }

  // --------------------------------------------------------------------------- placing

  @Test func `Labels at line ends keep their order and their distance`() {
    let wanted = [100.0, 101, 99, 30]
    let placed = Placer.spread(wanted, spacing: 16, from: 0, to: 200)
    let order = placed.indices.sorted { placed[$0] < placed[$1] }
    #expect(order == [3, 2, 0, 1])
    #expect(zip(order, order.dropFirst()).allSatisfy { placed[$1] - placed[$0] >= 15.999 })
    #expect(placed[3] == 30)
    // Those that are close share their shift.
    #expect(abs(placed[0] - 100) < 1)
  }

  @Test func `Labels do not leave the plot at its edges`() {
    let placed = Placer.spread([199, 198, 200], spacing: 16, from: 0, to: 200)
    #expect(placed.allSatisfy { $0 <= 200 })
    #expect(Placer.spread([], spacing: 16, from: 0, to: 200) == [])
  }

  @Test func `A text avoids other texts, and the line if it can`() throws {
    let bounds = Box(left: 0, top: 0, right: 300, bottom: 100)
    var placer = Placer(bounds: bounds)
    placer.avoid([.init(0, 50), .init(300, 50)])
    let labels = try (0..<6).map { _ in
      try #require(placer.place("crossing point", near: .init(150, 50), width: 200)?.first)
    }
    for (index, label) in labels.enumerated() {
      #expect(bounds.contains(label.box))
      for other in labels[(index + 1)...] { #expect(!label.box.overlaps(other.box)) }
    }
    #expect(labels[0].box.bottom <= 50 || labels[0].box.top >= 50)
  }

  @Test func `There is no place where there is no room`() {
    var placer = Placer(bounds: Box(left: 0, top: 0, right: 20, bottom: 20))
    #expect(placer.place("crossing point", near: .init(10, 10), width: 200) == nil)
  }

  @Test func `Prose is broken at spaces, and no line is wider than asked for`() {
    let text = "A thread for each client costs memory and switches that an event loop does not need"
    let lines = TextMetrics.wrapped(text, to: 180, size: 12)
    #expect(lines.count > 2)
    #expect(lines.joined(separator: " ") == text)
    #expect(lines.allSatisfy { TextMetrics.width($0, size: 12) <= 180 })
  }

  // -------------------------------------------------------------------------- pictures

  @Test func `Lines that end at the same place have names apart`() {
    let models = ["select", "poll", "epoll", "io_uring", "threads", "pool", "sequential"]
    let series = models.map { name in
      LineChart.Series(name, .of(name), [1, 10, 100].map { .init($0, 5 + $0 / 50) })
    }
    let chart = LineChart(
      title: "All do the same with so few connections", x: Axis("connections", scale: .logarithmic),
      y: Axis("requests in a second"), series: series)
    #expect(faults(of: chart) == [])
  }

  @Test func `Marks, rules and early ends have room beside each other`() {
    let early = LineChart.Series("select", .vermilion, [10, 100, 1000].map { .init($0, $0 / 1e6) })
    let flat = LineChart.Series(
      "epoll", .blue, [10, 100, 1000, 10_000].map { .init($0, 8e-6, from: 7e-6, to: 9e-6) })
    let chart = LineChart(
      title: "A wait with select or poll grows with what is watched, with epoll it does not",
      x: Axis("connections watched", scale: .logarithmic),
      y: Axis("time of one wait", unit: .duration, scale: .logarithmic), series: [early, flat],
      marks: [.init(x: 8, y: 8e-6, "poll and epoll cost the same with 8 connections")],
      rules: [.init(.upright, at: 1024, "select ends: FD_SETSIZE")])
    #expect(faults(of: chart) == [])
    #expect(chart.drawn(width: 720).texts.contains { $0.text.contains("FD_SETSIZE") })
  }

  @Test func `Empty pictures are drawn too`() {
    let axis = Axis("connections", scale: .logarithmic)
    let pictures: [any Picture] = [
      LineChart(title: "Nothing", x: axis, y: axis, series: []),
      LineChart(title: "One", x: axis, y: axis, series: [.init("one", .blue, [.init(1, 1)])]),
      LineChart(
        title: "None left", x: axis, y: axis, series: [.init("one", .blue, [.init(0, -1)])]),
      BarChart(title: "Nothing", axis: axis, bars: []),
      RowChart(title: "Nothing", subtitle: "", axis: axis, rows: []),
      StripChart(title: "Nothing", axis: Axis("s", unit: .duration), strips: []),
      StackChart(title: "Nothing", axis: Axis("s", unit: .duration), kinds: [], bars: []),
    ]
    for picture in pictures { #expect(faults(of: picture) == []) }
  }

  @Test(arguments: [340.0, 720]) func `The parts of a whole follow each other and fill its bar`(
    width: Double
  ) {
    let names = ["client and kernel, there", "waiting for the loop", "handler", "waiting to write"]
    let kinds = zip(names, [Hue.sky, .vermilion, .blue, .purple]).map { StackChart.Kind($0, $1) }
    let chart = StackChart(
      title: "Of 5 s, 2 s were spent waiting", axis: Axis("time of a request", unit: .duration),
      kinds: kinds,
      bars: [
        .init("around the median", [1, 0, 0.5, 0.25], "1.75 s"),
        .init("slowest", [1, 2, 1, 1], "5 s"),
      ])
    #expect(faults(of: chart) == [])
    let drawing = chart.drawn(width: width)
    let boxes = drawing.shapes.compactMap { shape -> Box? in
      if case .rectangle(let box, _, _) = shape { box } else { nil }
    }
    // Squares of the legend come first; nothing has no part.
    let parts = boxes.dropFirst(kinds.count)
    #expect(parts.count == 7)
    let slow = Array(parts.suffix(4))
    #expect(zip(slow, slow.dropFirst()).allSatisfy { abs($0.right - $1.left) < 1e-6 })
    let breadths = slow.map { $0.right - $0.left }
    #expect(abs(breadths[1] - 2 * breadths[0]) < 1e-6 && abs(breadths[2] - breadths[3]) < 1e-6)
    #expect(drawing.texts.filter { names.contains($0.text) }.count == kinds.count)
    #expect(drawing.readings.contains { $0.text == "slowest, waiting for the loop: 2.000 s" })
  }

  @Test func `Infinite and missing values draw nothing wrong`() {
    let chart = LineChart(
      title: "Broken", x: Axis("x"), y: Axis("y"),
      series: [.init("a", .blue, [.init(1, .nan), .init(2, .infinity), .init(3, 4)])])
    let svg = chart.drawn(width: 720).svg
    #expect(!svg.contains("nan") && !svg.contains("inf"))
  }

  @Test func `Long names stand above their bars on a telephone`() {
    let bars = (0..<5).map { index in
      BarChart.Bar(
        "the article's interest changes, number \(index)", .blue, Double(index), "\(index).02 calls"
      )
    }
    #expect(faults(of: BarChart(title: "Calls", axis: Axis("calls a request"), bars: bars)) == [])
  }
}
