import Switchboard
import SwitchboardBase

extension Timeline {
  /// How many callbacks, waits and later sends a page has one by one. Of a longer recording these are its
  /// beginning and what is around its longest callbacks; of all the rest it has what was served and waited
  /// for in slices of time, and says so.
  public static let mostOnPage = 200_000

  /// A page that draws the recording so that one can zoom into it: complete in itself, it asks no
  /// network for anything.
  ///
  /// - Parameters:
  ///   - title: What was recorded; the file's name.
  ///   - most: How many callbacks, waits and later sends are drawn one by one.
  public func page(title: String, most: Int = mostOnPage) -> String {
    TimelinePage(HeldRecording(self), word: { word(for: $0) }, most: most).html(title: title)
  }
}

extension RecordingFile {
  /// The page of a recording, whatever its length: the file is read three times, and what is held of it
  /// grows with its connections, not with what they did. It may still be written to.
  ///
  /// - Parameters:
  ///   - title: What was recorded; the file's name.
  ///   - from: Where the part begins that is shown, from the first callback; nil for the beginning.
  ///   - to: Where it ends; nil for the end.
  /// - Throws: when there is no such file, or when it is something else.
  public static func page(
    of path: String, title: String, from: Duration? = nil, to: Duration? = nil
  ) throws(FileTrouble) -> String {
    guard FileCalls.status(path)?.isOrdinary == true else {
      // What comes through a pipe comes once.
      return Timeline(try read(path).clipped(from: from, to: to)).page(title: title)
    }
    let source = try FiledRecording(path, from: from, to: to)
    let word = { (kind: CallbackKind) in source.frame.backend.isEmpty ? kind.look.name : kind.method
    }
    return try TimelinePage(source, word: word, most: Timeline.mostOnPage).html(title: title)
  }
}

/// The recording as a page's script reads it: what is short as JSON, the rest as columns of numbers in
/// base64.
struct TimelinePage {
  private let frame: RecordingFrame
  private let survey: Survey
  private let detail: SurveyDetail
  private let word: (CallbackKind) -> String

  /// Looks through a recording twice.
  init<Source: RecordingSource>(
    _ source: Source, word: @escaping (CallbackKind) -> String, most: Int
  ) throws(Source.Failure) {
    frame = source.frame
    self.word = word
    survey = try Survey(source)
    detail = try SurveyDetail(of: source, survey, most: most)
  }

  /// The whole page.
  func html(title: String) -> String {
    DrawingPage.html(
      title: "\(title) · switchboard timeline", style: TimelinePage.style,
      body: """
        \(TimelinePage.body(title: title))
        \(data)
        <script>
        \(TimelinePage.script)
        \(TimelinePage.arranging)
        \(TimelinePage.drawing)
        \(TimelinePage.density)
        \(TimelinePage.marking)
        \(TimelinePage.turns)
        \(TimelinePage.pointing)
        \(TimelinePage.controls)
        \(TimelinePage.texts)
        </script>
        """)
  }

  /// The elements that hold what the script reads.
  private var data: String {
    let reasons = Array(Set(survey.rows.compactMap(\.closeReason))).sorted()
    var columns: [(String, PageNumbers)] = [
      ("events", events), ("waits", waits), ("sends", sends), ("rows", rows(reasons)),
      ("loop-cells", TimelinePage.cells(survey.loopTracks)),
    ]
    // Where every callback is there, slices of them are reckoned from those.
    if !detail.isWhole { columns.append(("cells", TimelinePage.cells(survey.clientTracks))) }
    let elements = columns.map { name, numbers in
      "<script type=\"application/octet-stream\" id=\"\(name)\">\(numbers.base64)</script>"
    }
    let json = "<script type=\"application/json\" id=\"facts\">\(facts(reasons))</script>"
    return ([json] + elements).joined(separator: "\n")
  }

  // MARK: - Columns

  // How many there are, then one column after the other.

  /// Starts, each after the one before; took, sending, waited, row, kind, bytes in and out.
  private var events: PageNumbers {
    let (events, first) = (detail.events, CallbackKind.connected.rawValue)
    var numbers = PageNumbers()
    numbers.add(UInt64(events.count))
    numbers.add(events.lazy.map(\.callback.start), since: frame.zero)
    numbers.add(events.lazy.map(\.callback.nanoseconds))
    numbers.add(events.lazy.map(\.callback.sending))
    numbers.add(
      events.lazy.map { event in
        event.ready.map { event.callback.start.nanoseconds - $0.nanoseconds } ?? 0
      })
    numbers.add(events.lazy.map { UInt64($0.row) })
    numbers.add(events.lazy.map { UInt64($0.callback.kind.rawValue - first) })
    numbers.add(events.lazy.map { UInt64($0.callback.received) })
    numbers.add(events.lazy.map { UInt64($0.callback.sent) })
    return numbers
  }

  /// Starts, each after the one before; took, loop, completions; as far as they are in what is shown.
  private var waits: PageNumbers {
    let waits = detail.waits.filter { $0.end > frame.start && $0.start < frame.end }
    let starts = waits.map { max($0.start, frame.start) }
    var numbers = PageNumbers()
    numbers.add(UInt64(waits.count))
    numbers.add(starts, since: frame.zero)
    numbers.add(
      zip(waits, starts).lazy.map { min($0.end, frame.end).nanoseconds - $1.nanoseconds })
    numbers.add(waits.lazy.map { UInt64(survey.place(ofLoop: $0.loop) ?? 0) })
    numbers.add(waits.lazy.map { UInt64($0.completions) })
    return numbers
  }

  /// Starts, each after the one before; took, row, bytes.
  private var sends: PageNumbers {
    let sends = detail.sends
    var numbers = PageNumbers()
    numbers.add(UInt64(sends.count))
    numbers.add(sends.lazy.map(\.record.start), since: frame.zero)
    numbers.add(
      sends.lazy.map { $0.record.end.nanoseconds - min($0.record.start, $0.record.end).nanoseconds }
    )
    numbers.add(sends.lazy.map { UInt64($0.row) })
    for send in sends { numbers.add(signed: Int64(send.record.bytes)) }
    return numbers
  }

  /// Of the rows: number, clients, loop, opened, closed, whether it was, why, calls, bytes in and out, busy,
  /// waited.
  private func rows(_ reasons: [String]) -> PageNumbers {
    let places = Dictionary(uniqueKeysWithValues: reasons.enumerated().map { ($1, $0 + 1) })
    let rows = survey.rows
    var numbers = PageNumbers()
    numbers.add(UInt64(rows.count))
    numbers.add(rows.lazy.map { UInt64($0.number) })
    numbers.add(rows.lazy.map { UInt64($0.clients) })
    numbers.add(rows.lazy.map { UInt64(survey.place(ofLoop: $0.loop) ?? 0) })
    for row in rows { numbers.add(from: frame.zero, to: row.opened) }
    for row in rows { numbers.add(from: frame.zero, to: row.closed ?? frame.end) }
    numbers.add(rows.lazy.map { $0.closed == nil ? 0 : 1 })
    numbers.add(rows.lazy.map { row in UInt64(row.closeReason.flatMap { places[$0] } ?? 0) })
    numbers.add(rows.lazy.map { UInt64($0.calls) })
    for row in rows { numbers.add(signed: Int64(row.received)) }
    for row in rows { numbers.add(signed: Int64(row.sent)) }
    numbers.add(rows.lazy.map(\.busy))
    numbers.add(rows.lazy.map(\.waited))
    return numbers
  }

  /// Of each row the number of its cells, and of each: slice (after the one before), calls, busy, waited.
  static func cells(_ tracks: SurveyTracks) -> PageNumbers {
    var numbers = PageNumbers()
    for row in tracks.rows {
      numbers.add(UInt64(row.count))
      var last: UInt64 = 0
      for cell in row {
        numbers.add(cell.slice - last)
        last = cell.slice
        numbers.add(cell.calls)
        numbers.add(cell.busy)
        numbers.add(cell.waited)
      }
    }
    return numbers
  }
}

// MARK: - What is short

extension TimelinePage {
  private func facts(_ reasons: [String]) -> String {
    let kinds = CallbackKind.allCases.map { kind in
      "[\"\(kind)\",\"\(kind.look.letter)\",\(TraceEvent.quoted(word(kind)))]"
    }
    let loops = frame.loops.map { loop in
      let name = frame.loops.count > 1 ? "loop \(loop)" : "loop"
      let stretches = detail.stretches.filter { $0.loop == loop }.map { stretch in
        "[\(stretch.from.map(relative) ?? "null"),\(stretch.to.map(relative) ?? "null")]"
      }
      return "[\"\(name)\",[\(stretches.joined(separator: ","))]]"
    }
    let longest = zip(survey.longest, detail.longest).map { listed($0, $1) }
    let light =
      TimelineColors.all.map { ($0.name, $0.light) }
      + CallbackKind.allCases.map { ("\($0)", $0.colors.light) }
    return "{\"from\":\(relative(frame.start)),\"to\":\(relative(frame.end)),"
      + "\"isPart\":\(frame.isPart),\"isWhole\":\(detail.isWhole),"
      + "\"longest\":[\(longest.joined(separator: ","))],"
      + "\"backend\":\(TraceEvent.quoted(frame.backend)),"
      + "\"wallClock\":\(frame.wallClock / 1_000_000),\"missed\":\(frame.missed),"
      + "\"unknown\":\(frame.unknown),\"clients\":\(frame.clients.count),"
      + "\"callbacks\":\(survey.callbacks),\"waits\":\(survey.waits),"
      + "\"slice\":\(slice(survey.clientTracks)),\"loopSlice\":\(slice(survey.loopTracks)),"
      + "\"paper\":{\(light.map { "\"\($0.0)\":\"\($0.1)\"" }.joined(separator: ","))},"
      + "\"reasons\":[\(reasons.map(TraceEvent.quoted).joined(separator: ","))],"
      + "\"kinds\":[\(kinds.joined(separator: ","))],\"loops\":[\(loops.joined(separator: ","))]}"
  }

  /// How long a slice is, in microseconds.
  private func slice(_ tracks: SurveyTracks) -> String {
    Instant(nanoseconds: 1 << min(tracks.exponent, 63)).since(Instant(nanoseconds: 0))
      .plainMicroseconds
  }

  /// A row of the list: took, kind, client, start, bytes in and out, and the place on the page, or -1.
  private func listed(_ longest: Survey.Longest, _ place: Int?) -> String {
    let callback = longest.callback
    let kind = callback.kind.rawValue - CallbackKind.connected.rawValue
    return "[\(callback.duration.plainMicroseconds),\(kind),\(longest.row),"
      + "\(relative(callback.start)),\(callback.received),\(callback.sent),\(place ?? -1)]"
  }

  /// Microseconds from the moment that axes call zero; negative before it.
  private func relative(_ moment: Instant) -> String {
    moment < frame.zero
      ? "-" + frame.zero.since(moment).plainMicroseconds
      : moment.since(frame.zero).plainMicroseconds
  }
}

extension Duration {
  /// In whole and thousandth microseconds, as JSON has numbers.
  fileprivate var plainMicroseconds: String { TraceEvent.microseconds(self) }
}
