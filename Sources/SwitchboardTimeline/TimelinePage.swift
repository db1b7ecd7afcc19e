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
    let word = { (kind: CallbackKind) in source.frame.backend.isEmpty ? kind.look.name : kind.method }
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

  /// Start (after the one before), took, sending, waited, row, kind, bytes in and out.
  private var events: PageNumbers {
    var (numbers, last) = (PageNumbers(), frame.zero)
    for event in detail.events {
      let callback = event.callback
      numbers.add(from: last, to: callback.start)
      last = callback.start
      numbers.add(callback.nanoseconds)
      numbers.add(callback.sending)
      numbers.add(event.ready.map { callback.start.nanoseconds - $0.nanoseconds } ?? 0)
      numbers.add(UInt64(event.row))
      numbers.add(UInt64(callback.kind.rawValue - CallbackKind.connected.rawValue))
      numbers.add(UInt64(callback.received))
      numbers.add(UInt64(callback.sent))
    }
    return numbers
  }

  /// Start (after the one before), took, loop, completions; as far as they are in what is shown.
  private var waits: PageNumbers {
    var (numbers, last) = (PageNumbers(), frame.zero)
    for wait in detail.waits where wait.end > frame.start && wait.start < frame.end {
      let start = max(wait.start, frame.start)
      numbers.add(from: last, to: start)
      last = start
      numbers.add(min(wait.end, frame.end).nanoseconds - start.nanoseconds)
      numbers.add(UInt64(survey.place(ofLoop: wait.loop) ?? 0))
      numbers.add(UInt64(wait.completions))
    }
    return numbers
  }

  /// Start (after the one before), took, row, bytes.
  private var sends: PageNumbers {
    var (numbers, last) = (PageNumbers(), frame.zero)
    for (send, row) in detail.sends {
      numbers.add(from: last, to: send.start)
      last = send.start
      numbers.add(send.end.nanoseconds - min(send.start, send.end).nanoseconds)
      numbers.add(UInt64(row))
      numbers.add(signed: Int64(send.bytes))
    }
    return numbers
  }

  /// Of each row: number, clients, loop, opened, closed, whether it was, why, calls, bytes in and out, busy,
  /// waited.
  private func rows(_ reasons: [String]) -> PageNumbers {
    let places = Dictionary(uniqueKeysWithValues: reasons.enumerated().map { ($1, $0 + 1) })
    var numbers = PageNumbers()
    for row in survey.rows {
      for value in [row.number, row.clients, survey.place(ofLoop: row.loop) ?? 0] {
        numbers.add(UInt64(value))
      }
      numbers.add(from: frame.zero, to: row.opened)
      numbers.add(from: frame.zero, to: row.closed ?? frame.end)
      for value in [row.closed == nil ? 0 : 1, row.closeReason.flatMap { places[$0] } ?? 0] {
        numbers.add(UInt64(value))
      }
      numbers.add(UInt64(row.calls))
      numbers.add(signed: Int64(row.received))
      numbers.add(signed: Int64(row.sent))
      numbers.add(row.busy)
      numbers.add(row.waited)
    }
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
    let light = TimelineColors.all.map { ($0.name, $0.light) }
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
