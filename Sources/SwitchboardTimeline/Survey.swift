import Switchboard

/// A recording as a page needs it, whatever its length: what each row did in slices of time, and
/// everything of some stretches.
struct Survey {
  /// A client, or several that follow each other, where there are more than a page can have.
  struct Row {
    /// The number of the first one.
    var number: Int
    var clients = 1
    var loop: Int
    var opened: Instant
    /// Nil where one of them stood to the end.
    var closed: Instant?
    var closeReason: String?
    /// Callbacks.
    var calls = 0
    /// Bytes.
    var received = 0
    var sent = 0
    /// Nanoseconds of callbacks and of sending their output.
    var busy: UInt64 = 0
    /// Nanoseconds of waiting for its turn.
    var waited: UInt64 = 0
  }

  /// A callback among the longest.
  struct Longest {
    var callback: CallbackRecord
    var row: Int
    /// Which of its loop's records it is.
    var ordinal: Int
  }

  /// How many of the longest callbacks are listed.
  static let longestListed = 10
  /// Clients with a row of their own, at most.
  static let mostRows = 1 << 16
  /// Cells of all clients, and of all loops.
  static let (mostCells, mostLoopCells) = (1 << 17, 1 << 15)

  let frame: RecordingFrame
  private(set) var rows: [Row] = []
  /// The slices of clients and of loops; a loop's place is that in ``RecordingFrame/loops``.
  private(set) var clientTracks: SurveyTracks
  private(set) var loopTracks: SurveyTracks
  /// The longest first.
  private(set) var longest: [Longest] = []
  private(set) var (callbacks, waits) = (0, 0)
  /// Records of each loop: callbacks, waits, and what was sent later.
  private(set) var records: [Int]
  private let loopPlaces: [Int: Int]
  /// A row has two to the power of this many clients.
  private let grouping: Int
  private var lastWaits: [Instant?]

  /// Counts a recording.
  init<Source: RecordingSource>(
    _ source: Source, mostRows: Int = mostRows, mostCells: Int = mostCells
  ) throws(Source.Failure) {
    frame = source.frame
    var grouping = 0
    while frame.clients.count >> grouping > max(1, mostRows) { grouping += 1 }
    self.grouping = grouping
    loopPlaces = Dictionary(uniqueKeysWithValues: frame.loops.enumerated().map { ($1, $0) })
    records = Array(repeating: 0, count: frame.loops.count)
    lastWaits = Array(repeating: nil, count: frame.loops.count)
    for (place, client) in frame.clients.enumerated() {
      if place & ((1 << grouping) - 1) == 0 {
        rows.append(Row(client))
      } else {
        rows[rows.count - 1].add(client)
      }
    }
    clientTracks = SurveyTracks(
      rows: rows.count, from: frame.start, to: frame.end, most: mostCells)
    loopTracks = SurveyTracks(
      rows: frame.loops.count, from: frame.start, to: frame.end,
      most: min(mostCells, Self.mostLoopCells))
    try source.tell(&self)
  }

  /// The row of a client.
  func row(of client: Int) -> Int { client >> grouping }
  /// The place of a loop in ``RecordingFrame/loops``.
  func place(ofLoop loop: Int) -> Int? { loopPlaces[loop] }

  private mutating func consider(_ callback: CallbackRecord, _ row: Int, _ ordinal: Int) {
    if longest.count == Self.longestListed, let last = longest.last,
      callback.nanoseconds <= last.callback.nanoseconds
    {
      return
    }
    let at =
      longest.firstIndex { $0.callback.nanoseconds < callback.nanoseconds } ?? longest.count
    longest.insert(Longest(callback: callback, row: row, ordinal: ordinal), at: at)
    if longest.count > Self.longestListed { longest.removeLast() }
  }
}

extension Survey: RecordingWitness {
  mutating func callback(_ callback: CallbackRecord, of client: Int) {
    guard let loop = loopPlaces[callback.connection.loop] else { return }
    let row = row(of: client)
    let sentBy = callback.sentBy
    rows[row].calls += 1
    rows[row].received += Int(callback.received)
    rows[row].sent += Int(callback.sent)
    rows[row].busy = rows[row].busy.addingSaturated(callback.nanoseconds)
      .addingSaturated(callback.sending)
    clientTracks.call(at: callback.start, in: row)
    clientTracks.busy(from: callback.start, to: sentBy, in: row)
    loopTracks.call(at: callback.start, in: loop)
    loopTracks.busy(from: callback.start, to: sentBy, in: loop)
    if let ready = callback.ready(since: lastWaits[loop]) {
      let waited = callback.start.nanoseconds - ready.nanoseconds
      rows[row].waited = rows[row].waited.addingSaturated(waited)
      clientTracks.waited(from: ready, to: callback.start, in: row)
    }
    consider(callback, row, records[loop])
    callbacks += 1
    records[loop] += 1
  }

  mutating func wait(_ wait: WaitRecord) {
    guard let loop = loopPlaces[wait.loop] else { return }
    lastWaits[loop] = wait.end
    loopTracks.waited(from: wait.start, to: wait.end, in: loop)
    waits += 1
    records[loop] += 1
  }

  mutating func sent(_ send: SendRecord, by client: Int?) {
    if let client { rows[row(of: client)].sent += send.bytes }
    if let loop = loopPlaces[send.connection.loop] { records[loop] += 1 }
  }
}

extension Survey.Row {
  fileprivate init(_ client: RecordingFrame.Client) {
    self.init(
      number: client.number, loop: client.loop, opened: client.life.opened,
      closed: client.life.closed, closeReason: client.life.closeReason)
  }

  fileprivate mutating func add(_ client: RecordingFrame.Client) {
    clients += 1
    opened = min(opened, client.life.opened)
    if let known = closed, let other = client.life.closed {
      closed = max(known, other)
    } else {
      closed = nil
    }
    if closeReason != client.life.closeReason { closeReason = nil }
  }
}

extension CallbackRecord {
  /// How long it took.
  var nanoseconds: UInt64 { end.nanoseconds - min(start, end).nanoseconds }

  /// Since when its connection was known to be ready, where it answers what a wait brings.
  ///
  /// - Parameter wait: The end of its loop's last wait.
  func ready(since wait: Instant?) -> Instant? {
    switch kind {
    case .receive, .ended, .drained, .connected:
      guard let wait, wait <= start else { return nil }
      return wait
    default: return nil
    }
  }
}
