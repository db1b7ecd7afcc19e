import Switchboard

/// Finds a load's requests in what its server wrote down, and what each of them waited for.
///
/// It is given the records one by one, in the order of the file, and makes no call. A request is found by who asked
/// (``PeerMark``) and by when: callbacks of that connection which began between its sending and its answer are its own,
/// since a connection has one request in flight at a time.
package struct SpanFinder {
  /// What is known of one request.
  private struct Sought {
    let request: TracedRequest
    let isTail: Bool
    var server: ServerPart?
  }

  /// What its server did for it: moments of the monotonic clock, in nanoseconds.
  private struct ServerPart {
    /// The wait that brought it, and when the one before had returned.
    let wait: (start: UInt64, end: UInt64)
    let previousEnd: UInt64
    let first: UInt64
    /// In callbacks, so far.
    var handler: UInt64 = 0
    /// The end of the last callback that may have made the answer, and when that was written.
    var end: UInt64
    var written: UInt64
    var hasWritten = false
  }

  /// The requests of one peer, in the order of time, and those that are over.
  private struct Peer {
    var requests: [Int] = []
    var over = 0
  }

  private struct LoopState {
    var wait: (start: UInt64, end: UInt64)?
    var previousEnd: UInt64 = 0
    /// A ring's: requests whose answers go with its next call.
    var touched: [Int] = []
  }

  private var sought: [Sought] = []
  private var peers: [UInt64: Peer] = [:]
  private var connections: [UInt64: UInt64] = [:]
  private var loops: [UInt16: LoopState] = [:]
  private let isRing: Bool
  // Why nothing was found, if nothing is.
  private var (accepted, marked, known) = (0, 0, 0)
  private var missed = false
  private var (first, last) = (UInt64.max, UInt64(0))
  private let (begin, end): (UInt64, UInt64)

  /// Of these requests, the slowest hundredth since they were sent, and a tenth around the median, are looked for.
  ///
  /// - Parameter backend: What the recording's head says that the loops waited with.
  package init(_ traces: RequestTraces, backend: String) {
    isRing = backend == Server.BackendName.ioUring.rawValue
    let all = traces.requests.sorted { $0.sinceSent < $1.sinceSent }
    begin = all.lazy.map(\.sent).min() ?? 0
    end = all.lazy.map(\.answered).max() ?? 0
    let tail = all.suffix((all.count + 99) / 100)
    let middle = all[(all.count * 9 / 20)..<(all.count * 11 / 20)].prefix(
      SpanFinder.mostInTheMiddle)
    sought = tail.map { Sought(request: $0, isTail: true) }
    // Of very few requests one may be both.
    sought += middle.filter { $0.sinceSent < tail.first?.sinceSent ?? 0 }
      .map { Sought(request: $0, isTail: false) }
    sought.sort { $0.request.sent < $1.request.sent }
    for (place, sought) in sought.enumerated() {
      peers[sought.request.peer, default: Peer()].requests.append(place)
    }
  }

  /// An average needs no more.
  private static let mostInTheMiddle = 1 << 13

  // ---------------------------------------------------------------------------- records

  /// A record of the file.
  package mutating func add(_ record: LoopRecord) {
    first = min(first, record.start)
    last = max(last, record.start)
    if let kind = CallbackKind(rawValue: record.code) { return addCallback(kind, record) }
    switch LoopRecord.Kind(rawValue: record.code) {
    case .wait: addWait(record)
    case .accepted: addConnection(record)
    case .sent: addSending(record)
    case .missed: missed = true
    case .returned, nil: break
    }
  }

  private static func place(of record: LoopRecord) -> UInt64 {
    UInt64(record.loop) << 32 | UInt64(record.connection)
  }

  private mutating func addConnection(_ record: LoopRecord) {
    accepted += 1
    guard let mark = PeerMark(record) else { return }
    marked += 1
    guard peers[mark.rawValue] != nil else { return }
    known += 1
    connections[SpanFinder.place(of: record)] = mark.rawValue
  }

  private mutating func addWait(_ record: LoopRecord) {
    var state = loops[record.loop] ?? LoopState()
    for place in state.touched where record.start < sought[place].request.answered {
      let written = sought[place].server?.written ?? 0
      sought[place].server?.written = max(written, record.start)
    }
    state.touched = []
    state.previousEnd = state.wait?.end ?? 0
    state.wait = (record.start, record.start &+ record.wide)
    loops[record.loop] = state
  }

  /// The request of a record's connection that was under way then.
  private mutating func request(of record: LoopRecord) -> Int? {
    guard let mark = connections[SpanFinder.place(of: record)], var peer = peers[mark] else {
      return nil
    }
    while peer.over < peer.requests.count,
      sought[peer.requests[peer.over]].request.answered <= record.start
    {
      peer.over += 1
    }
    peers[mark] = peer
    guard peer.over < peer.requests.count else { return nil }
    let place = peer.requests[peer.over]
    return sought[place].request.sent <= record.start ? place : nil
  }

  private mutating func addCallback(_ kind: CallbackKind, _ record: LoopRecord) {
    guard kind != .closed, let place = request(of: record) else { return }
    if sought[place].server == nil { begin(place, kind, record) }
    // What comes behind the answer is no part of it.
    guard var server = sought[place].server, !server.hasWritten || record.d > 0 else { return }
    let duration = LoopRecord.unpacked(record.a)
    server.handler &+= duration
    server.end = record.start &+ duration
    server.written = max(server.written, server.end &+ LoopRecord.unpacked(record.b))
    server.hasWritten = record.d > 0
    sought[place].server = server
    if isRing { loops[record.loop]?.touched.append(place) }
  }

  /// Its first callback: one that was brought by the request, and not by a timer or another's letter.
  private mutating func begin(_ place: Int, _ kind: CallbackKind, _ record: LoopRecord) {
    guard [.connected, .receive, .ended].contains(kind), let state = loops[record.loop],
      let wait = state.wait
    else { return }
    sought[place].server = ServerPart(
      wait: wait, previousEnd: state.previousEnd, first: record.start, end: record.start,
      written: record.start)
  }

  /// Output that had to wait went out.
  private mutating func addSending(_ record: LoopRecord) {
    guard let place = request(of: record), let written = sought[place].server?.written else {
      return
    }
    let end = record.start &+ LoopRecord.unpacked(record.a)
    sought[place].server?.written = max(written, end)
    sought[place].server?.hasWritten = true
  }

  // ----------------------------------------------------------------------------- answers

  /// What all records say together.
  package func finish() -> LoadSpans {
    let groups = [false, true].map { isTail in
      sought.filter { $0.isTail == isTail }.compactMap(SpanFinder.parts)
    }
    guard let tail = SpanFinder.average(groups[1]) else { return LoadSpans(reason: reason) }
    return LoadSpans(
      sought: sought.count, found: groups[0].count + groups[1].count,
      middle: SpanFinder.average(groups[0]), tail: tail)
  }

  /// How long each kind took of one request, in their order, in nanoseconds; nil where it was not found. Whatever the
  /// records say, none is negative, and together they are the time from due to answered.
  private static func parts(_ sought: Sought) -> [UInt64]? {
    guard let server = sought.server else { return nil }
    let (request, answered) = (sought.request, sought.request.answered)
    let sent = min(request.sent, answered)
    let within = { (moment: UInt64, low: UInt64) in max(low, min(moment, answered)) }
    let first = within(server.first, sent)
    let waitEnd = min(within(server.wait.end, sent), first)
    let waitStart = min(within(server.wait.start, sent), waitEnd)
    let unknown = min(within(server.previousEnd, sent), waitStart)
    let end = within(server.end, first)
    let handler = min(server.handler, end - first)
    let written = within(server.written, end)
    return [
      sent - min(request.due, sent), unknown - sent + (waitEnd - waitStart),
      waitStart - unknown + (first - waitEnd), handler, end - first - handler, written - end,
      answered - written,
    ]
  }

  private static func average(_ requests: [[UInt64]]) -> LoadSpans.Group? {
    guard !requests.isEmpty else { return nil }
    let sums = LoadSpans.Kind.allCases.indices.map { kind in
      requests.reduce(0.0) { $0 + Double($1[kind]) }
    }
    return LoadSpans.Group(
      count: requests.count, nanoseconds: sums.map { $0 / Double(requests.count) })
  }

  private var reason: String {
    if sought.isEmpty { return "No request of the window was answered: nothing can be looked for." }
    if last == 0 {
      return
        "The server's recording is empty: wait until its loops have done something, and load again."
    }
    if first > end || last < begin {
      return
        "The server's recording does not cover the load: record while it runs, and raise --record-limit "
        + "where the file is full."
    }
    if accepted == 0 {
      return
        "The server's recording begins after the connections, or has lost them: begin it before the load."
    }
    if marked == 0 {
      return
        "The server's recording does not say who connected: record with this version, over TCP."
    }
    if known == 0 {
      return
        "No connection of the load is in the server's recording: give that of the server that was loaded, "
        + "with no proxy between."
    }
    return missed
      ? "The server's recording has lost the requests that were looked for: raise --record-limit."
      : "The requests are not in the server's recording: measure a protocol whose server answers in callbacks."
  }
}
