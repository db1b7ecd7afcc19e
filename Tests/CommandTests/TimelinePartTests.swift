import Switchboard
import SwitchboardTimeline
import Testing

/// Parts of recordings, and pages that cannot draw the whole: what they show is true of what they are of.
@Suite struct TimelinePartTests {
  private static func callback(
    _ kind: CallbackKind, of index: UInt32, at milliseconds: UInt64, for microseconds: UInt64
  ) -> CallbackRecord {
    let start = milliseconds * 1_000_000
    return CallbackRecord(
      kind, of: Key(index: index, generation: 1), from: Instant(nanoseconds: start),
      to: Instant(nanoseconds: start + microseconds * 1000))
  }

  /// Two connections of ten seconds, the second of which says nothing between its first second and its
  /// last, and one that is over soon.
  private static var recording: Recording {
    let first = (0...100).map { callback(.receive, of: 0, at: UInt64($0) * 100, for: 5) }
    let second = [
      callback(.connected, of: 1, at: 20, for: 5), callback(.closed, of: 1, at: 9_900, for: 5),
    ]
    let third = [
      callback(.connected, of: 2, at: 30, for: 5), callback(.closed, of: 2, at: 40, for: 5),
    ]
    return Recording((first + second + third).sorted { $0.start < $1.start })
  }

  @Test(arguments: [(2000, 3000), (2010, 2090), (0, 5000), (9_500, 20_000)])
  func `A part has exactly the axis that was asked for, as far as anything was recorded`(
    from: Int, to: Int
  ) {
    let part = TimelinePartTests.recording.clipped(from: .milliseconds(from), to: .milliseconds(to))
    let page = Timeline(part).page(title: "part")
    // In microseconds; the last callback ends five after ten seconds.
    let end = min(to * 1000, 10_000_005)
    let axis = "{\"from\":\(from * 1000).000,\"to\":\(end).000,\"isPart\":true"
    let isThere = page.contains(axis)
    #expect(isThere)
  }

  @Test(arguments: [40, 80, 200])
  func `A connection that was open before a part has its line, and one that was closed has none`(
    width: Int
  ) throws {
    let part = TimelinePartTests.recording.clipped(from: .seconds(2), to: .seconds(3))
    let lines = Timeline(part).lines(width: width, color: false)
    #expect(lines.first?.contains("2 clients") == true)
    #expect(!lines.contains { $0.hasPrefix("conn2") })
    let axis = try #require(lines.first { $0.contains("├") })
    let row = Array(try #require(lines.first { $0.hasPrefix("conn1") }))
    let (left, right) = (
      try #require(Array(axis).firstIndex(of: "├")), try #require(Array(axis).firstIndex(of: "┤"))
    )
    #expect(row[left...right].allSatisfy { $0 == "━" })
    #expect(lines.allSatisfy { $0.count <= width })
  }

  @Test func `A part in which nobody was called shows who stood there`() {
    let part = TimelinePartTests.recording.clipped(
      from: .milliseconds(2010), to: .milliseconds(2090))
    let lines = Timeline(part).lines(width: 80, color: false)
    #expect(lines.contains { $0.hasPrefix("conn0") } && lines.contains { $0.hasPrefix("conn1") })
    #expect(lines.last == "0 callbacks took 0 µs in all.")
    #expect(Timeline(part).svg(width: 400).contains("2 clients"))
  }

  @Test func `The longest callbacks are those of the whole recording, drawn or not`() {
    var recording = TimelinePartTests.recording
    let late = TimelinePartTests.callback(.receive, of: 0, at: 10_100, for: 272)
    recording.callbacks.append(late)
    let page = Timeline(recording).page(title: "long", most: 50)
    // Took 272 µs, of the first client, at 10.1 s: on the page with one before it, behind the first 25.
    let isListed = page.contains("\"longest\":[[272.000,1,0,10100000.000,0,0,26],[5.000,")
    #expect(isListed)
    let isAdmitted = page.contains("\"isWhole\":false") && page.contains("\"callbacks\":106")
    #expect(isAdmitted)
    let whole = Timeline(recording).page(title: "long")
    let isOnPage = whole.contains("\"longest\":[[272.000,1,0,10100000.000,0,0,105],[5.000,")
    #expect(isOnPage)
  }
}
