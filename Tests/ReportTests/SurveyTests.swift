import Switchboard
import TestSupport
import Testing

@testable import SwitchboardTimeline

/// Slices of time are made of a whole recording: whatever their size, their sums are the recording's.
@Suite struct SurveyTests {
  /// Loops with clients that are served in turns, from a clock that has gone for three months.
  static func recording(
    loops: Int, clients: UInt32, turns: Int, seed: UInt64 = 3,
    from start: UInt64 = 8_000_000_000_000_000
  ) -> Recording {
    var generator = SeededGenerator(seed: seed)
    var recording = Recording()
    for loop in 0..<loops {
      var now = start + UInt64(loop) * 700
      for turn in 0..<turns {
        let wait = UInt64.random(in: 0...300_000, using: &generator)
        recording.waits.append(
          WaitRecord(
            loop: loop, start: Instant(nanoseconds: now), end: Instant(nanoseconds: now + wait),
            completions: Int(clients)))
        now += wait
        for client in 0..<clients where turn == 0 || turn % Int(client + 1) == 0 {
          let took = UInt64.random(in: 0...4000, using: &generator)
          // Now and then a callback is long, or takes no time at all.
          let long = turn % 50 == 49 && client == 1 ? took * 2000 : took % 7 == 0 ? 0 : took
          let from = Instant(nanoseconds: now)
          var callback = CallbackRecord(
            turn == 0 ? .connected : .receive, of: Key(index: client, generation: 1), loop: loop,
            from: from, to: Instant(nanoseconds: now + long))
          callback.sending = UInt64.random(in: 0...20_000, using: &generator)
          (callback.received, callback.sent) = (16, 32)
          recording.callbacks.append(callback)
          now += long + callback.sending + 500
        }
      }
    }
    recording.callbacks.sort { $0.start < $1.start }
    recording.waits.sort { $0.start < $1.start }
    return recording
  }

  private static func sum(
    _ tracks: SurveyTracks, _ value: (SurveyTracks.Cell) -> UInt64
  ) -> UInt64 {
    tracks.rows.joined().map(value).reduce(0, +)
  }

  @Test(arguments: [1, 3], [0, 100, 2000, 1 << 17])
  func `The sums of all slices are those of the recording, however coarse they are`(
    loops: Int, cells: Int
  ) throws {
    let recording = Self.recording(loops: loops, clients: 9, turns: 200)
    let timeline = Timeline(recording)
    let survey = Survey(HeldRecording(timeline), mostCells: cells)
    let busy = recording.callbacks.map { $0.nanoseconds + $0.sending }.reduce(0, +)
    #expect(survey.callbacks == recording.callbacks.count)
    #expect(Self.sum(survey.clientTracks, \.calls) == UInt64(recording.callbacks.count))
    #expect(Self.sum(survey.loopTracks, \.calls) == UInt64(recording.callbacks.count))
    #expect(Self.sum(survey.clientTracks, \.busy) == busy)
    #expect(Self.sum(survey.loopTracks, \.busy) == busy)
    #expect(survey.rows.map(\.busy).reduce(0, +) == busy)
    let ready = zip(recording.callbacks, timeline.readyMoments()).map { callback, ready in
      ready.map { callback.start.nanoseconds - $0.nanoseconds } ?? 0
    }
    #expect(survey.rows.map(\.waited).reduce(0, +) == ready.reduce(0, +))
    // What a client waited lies within the recording from its first callback on, which waited for none.
    #expect(Self.sum(survey.clientTracks, \.waited) == ready.reduce(0, +))
    let waits = recording.waits.map { timeline.timeInside($0) }.reduce(.zero, +)
    #expect(Self.sum(survey.loopTracks, \.waited) == UInt64(waits.inNanoseconds))
    let count = survey.clientTracks.rows.map(\.count).reduce(0, +)
    #expect(count <= max(cells, SurveyTracks.leastOfRow * survey.rows.count))
  }

  @Test func `Every coarser level has the sums of the finer one, row by row and in order`() {
    let survey = Survey(HeldRecording(Timeline(Self.recording(loops: 1, clients: 5, turns: 300))))
    var tracks = survey.clientTracks
    for _ in 0..<20 {
      let (before, size) = (tracks.rows, tracks.exponent)
      tracks.coarsen()
      #expect(tracks.exponent == size + 1)
      for (fine, coarse) in zip(before, tracks.rows) {
        #expect(fine.map(\.busy).reduce(0, +) == coarse.map(\.busy).reduce(0, +))
        #expect(fine.map(\.waited).reduce(0, +) == coarse.map(\.waited).reduce(0, +))
        #expect(fine.map(\.calls).reduce(0, +) == coarse.map(\.calls).reduce(0, +))
        #expect(zip(coarse, coarse.dropFirst()).allSatisfy { $0.slice < $1.slice })
        #expect(Set(fine.map { $0.slice >> 1 }) == Set(coarse.map(\.slice)))
      }
    }
    // All of it in one slice.
    #expect(tracks.rows.allSatisfy { $0.count == 1 })
  }

  @Test func `No slice holds more of one connection than it is long`() {
    let survey = Survey(
      HeldRecording(Timeline(Self.recording(loops: 1, clients: 4, turns: 100))), mostCells: 60)
    let length = UInt64(1) << survey.clientTracks.exponent
    for cell in survey.clientTracks.rows.joined() { #expect(cell.busy + cell.waited <= length) }
    for cell in survey.loopTracks.rows.joined() { #expect(cell.busy + cell.waited <= length) }
  }

  @Test func `Where there are more clients than rows, some share one, and none is lost`() {
    let recording = Self.recording(loops: 2, clients: 50, turns: 20)
    let survey = Survey(HeldRecording(Timeline(recording)), mostRows: 16)
    #expect(survey.rows.count <= 16)
    #expect(survey.rows.map(\.clients).reduce(0, +) == 100)
    #expect(survey.rows.map(\.calls).reduce(0, +) == recording.callbacks.count)
    #expect(Self.sum(survey.clientTracks, \.calls) == UInt64(recording.callbacks.count))
  }

  @Test(arguments: [1, 40, 300, 100_000])
  func `What is kept one by one is the beginning and what is around the longest`(most: Int) throws {
    let recording = Self.recording(loops: 2, clients: 9, turns: 200)
    let source = HeldRecording(Timeline(recording))
    let survey = Survey(source)
    let detail = SurveyDetail(of: source, survey, most: most)
    #expect(detail.isWhole == (most == 100_000))
    // The longest are each there, with those around them, however few there may be.
    let kept = detail.events.count + detail.waits.count + detail.sends.count
    #expect(kept <= most + 2 * Survey.longestListed)
    for (longest, place) in zip(survey.longest, detail.longest) {
      let event = detail.events[try #require(place)]
      #expect(event.callback == longest.callback)
    }
    let slowest = recording.callbacks.map(\.nanoseconds).sorted(by: >).prefix(10)
    #expect(survey.longest.map(\.callback.nanoseconds) == Array(slowest))
    // Nothing of a loop is missing between the ends of a stretch.
    for stretch in detail.stretches {
      let inside = recording.callbacks.filter { callback in
        callback.connection.loop == stretch.loop && callback.start >= stretch.from ?? callback.start
          && callback.sentBy <= stretch.to ?? callback.sentBy
      }
      let known = detail.events.filter { event in
        event.callback.connection.loop == stretch.loop
          && event.callback.start >= stretch.from ?? event.callback.start
          && event.callback.sentBy <= stretch.to ?? event.callback.sentBy
      }
      #expect(known.map(\.callback) == inside)
    }
  }

  @Test func `Numbers are read as they were written, and base64 is that of RFC 4648`() {
    var numbers = PageNumbers()
    for value in [0, 127, 128, 300, UInt64.max] { numbers.add(value) }
    numbers.add(signed: -1)
    numbers.add(signed: .min)
    #expect(numbers.bytes.prefix(6) == [0, 127, 0x80, 1, 0xAC, 2])
    #expect(numbers.bytes.count == 6 + 10 + 1 + 10)
    for (text, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v")] {
      var bytes = PageNumbers()
      for byte in text.utf8 { bytes.add(UInt64(byte)) }
      #expect(bytes.base64 == expected)
    }
  }
}

extension Duration {
  fileprivate var inNanoseconds: Int64 {
    components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
  }
}
