import Switchboard

/// Everything that happened in some stretches of a recording: in all of it where that is little enough;
/// else in its beginning and around the longest callbacks.
struct SurveyDetail {
  /// From when to when everything of a loop is there; nil for the recording's beginning or end.
  struct Stretch: Hashable {
    var loop: Int
    var from: Instant?
    var to: Instant?
  }
  /// A callback, with its row and since when its connection was ready.
  struct Event {
    var callback: CallbackRecord
    var row: Int
    var ready: Instant?
  }

  private(set) var events: [Event] = []
  private(set) var waits: [WaitRecord] = []
  private(set) var sends: [(record: SendRecord, row: Int)] = []
  private(set) var stretches: [Stretch] = []
  /// Where the longest callbacks are among the events, in the survey's order; nil for one that is not.
  private(set) var longest: [Int?]

  private let survey: Survey
  /// Of each loop, which of its records are kept.
  private let ranges: [[Range<Int>]]
  private var reached: [Int]
  private var ordinals: [Int]
  private var lastWaits: [Instant?]

  /// Takes it from the recording that was surveyed.
  ///
  /// - Parameter most: How many callbacks, waits and later sends are kept, or about as many.
  init<Source: RecordingSource>(
    of source: Source, _ survey: Survey, most: Int
  ) throws(Source.Failure) {
    self.survey = survey
    let loops = survey.frame.loops.count
    longest = Array(repeating: nil, count: survey.longest.count)
    reached = Array(repeating: 0, count: loops)
    ordinals = Array(repeating: 0, count: loops)
    lastWaits = Array(repeating: nil, count: loops)
    ranges = SurveyDetail.ranges(survey, most: max(1, most))
    try source.tell(&self)
    for loop in 0..<loops { end(loop) }
  }

  /// Whether all of the recording is there.
  var isWhole: Bool { ranges.indices.allSatisfy { ranges[$0] == [0..<survey.records[$0]] } }

  private static func ranges(_ survey: Survey, most: Int) -> [[Range<Int>]] {
    let records = survey.records
    guard records.reduce(0, +) > most else { return records.map { [0..<$0] } }
    let share = most / 2 / max(1, records.count)
    let around = most / 2 / Survey.longestListed / 2
    var wanted = records.map { share > 0 ? [0..<min(share, $0)] : [] }
    for longest in survey.longest {
      guard let loop = survey.place(ofLoop: longest.callback.connection.loop) else { continue }
      let (from, to) = (longest.ordinal - around, longest.ordinal + around + 1)
      wanted[loop].append(max(0, from)..<min(to, records[loop]))
    }
    return wanted.map(joined)
  }

  /// In order, with those that touch made one.
  private static func joined(_ ranges: [Range<Int>]) -> [Range<Int>] {
    var joined: [Range<Int>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
      if let last = joined.last, last.upperBound >= range.lowerBound {
        joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        joined.append(range)
      }
    }
    return joined
  }

  /// Goes on to a loop's next record.
  ///
  /// - Returns: Whether it is kept.
  private mutating func isKept(_ loop: Int, _ start: Instant, _ end: Instant) -> Bool {
    let ordinal = ordinals[loop]
    ordinals[loop] += 1
    while reached[loop] < ranges[loop].count, ranges[loop][reached[loop]].upperBound <= ordinal {
      reached[loop] += 1
    }
    guard reached[loop] < ranges[loop].count else { return false }
    let range = ranges[loop][reached[loop]]
    guard range.contains(ordinal) else { return false }
    if ordinal == range.lowerBound {
      stretches.append(
        Stretch(loop: survey.frame.loops[loop], from: ordinal == 0 ? nil : start, to: end))
    }
    extend(loop, range.upperBound == survey.records[loop] ? nil : end)
    return true
  }

  private mutating func extend(_ loop: Int, _ end: Instant?) {
    let number = survey.frame.loops[loop]
    guard let at = stretches.lastIndex(where: { $0.loop == number }) else { return }
    stretches[at].to = end.flatMap { end in stretches[at].to.map { max($0, end) } }
  }

  /// A loop with nothing in it is wholly there.
  private mutating func end(_ loop: Int) {
    guard survey.records[loop] == 0 else { return }
    stretches.append(Stretch(loop: survey.frame.loops[loop]))
  }
}

extension SurveyDetail: RecordingWitness {
  mutating func callback(_ callback: CallbackRecord, of client: Int) {
    guard let loop = survey.place(ofLoop: callback.connection.loop) else { return }
    let ordinal = ordinals[loop]
    guard isKept(loop, callback.start, callback.sentBy) else { return }
    let listed = survey.longest.firstIndex {
      $0.ordinal == ordinal && $0.callback.connection.loop == callback.connection.loop
    }
    if let listed { longest[listed] = events.count }
    events.append(
      Event(
        callback: callback, row: survey.row(of: client),
        ready: callback.ready(since: lastWaits[loop])))
  }

  mutating func wait(_ wait: WaitRecord) {
    guard let loop = survey.place(ofLoop: wait.loop) else { return }
    lastWaits[loop] = wait.end
    if isKept(loop, wait.start, wait.end) { waits.append(wait) }
  }

  mutating func sent(_ send: SendRecord, by client: Int?) {
    guard let loop = survey.place(ofLoop: send.connection.loop) else { return }
    if isKept(loop, send.start, send.end), let client {
      sends.append((send, survey.row(of: client)))
    }
  }
}
