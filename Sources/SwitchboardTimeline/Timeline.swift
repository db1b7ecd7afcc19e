import Switchboard
import SwitchboardBase

/// A picture, in characters, of who was served when: the whole run with a row for each client, and
/// a close-up of its first burst, in which one thread is seen to serve the clients in turn.
///
/// A pure function from a recording and a width to lines; it knows nothing of any terminal.
public struct Timeline {
  /// One connection's row.
  struct Client {
    /// `conn0`, `conn1`: in the order in which the server accepted them.
    let name: String
    let connection: ConnectionName
    /// Where its callbacks are in the recording.
    var places: [Int32] = []
    var received = 0
    var sent = 0
    /// How long its callbacks took, and sending what they wrote.
    var busy = Duration.zero
    /// When its first callback began, be that before what is shown.
    var opened: Instant
    /// When its connection was closed, and why.
    var closed: Instant?
    var closeReason: String?
  }

  let recording: Recording
  let clients: [Client]
  /// Loops with something to show, in order.
  let loops: [Int]
  /// The beginning of the part that was asked for, or of the first callback.
  let start: Instant
  /// The end of that part, or of the last callback and of what it sent.
  let end: Instant
  /// The moment that the axes call zero.
  let zero: Instant
  /// Where the rows begin to the right of the clients' names.
  let left: Int

  /// A picture of what was recorded.
  public init(_ recording: Recording) {
    let recording = recording.numbered()
    clients = Timeline.clients(of: recording)
    self.recording = recording
    start =
      recording.window?.lowerBound ?? recording.callbacks.first?.start ?? Instant(nanoseconds: 0)
    end = recording.window?.upperBound ?? recording.callbacks.map(\.sentBy).max() ?? start
    zero = recording.origin ?? start
    let present = Set(recording.callbacks.map(\.connection.loop) + recording.waits.map(\.loop))
    loops = present.sorted()
    let longest = clients.map(\.name.count).max() ?? 0
    left = max("thread".count, longest, present.count > 1 ? "loop 00".count : 0) + 2
  }

  private static func clients(of recording: Recording) -> [Client] {
    var clients: [Client] = []
    var rows: [ConnectionName: Int] = [:]
    for (place, callback) in recording.callbacks.enumerated() {
      let row: Int
      if let known = rows[callback.connection] {
        row = known
      } else {
        row = clients.count
        rows[callback.connection] = row
        clients.append(client(callback.connection, from: callback.start, of: recording))
      }
      clients[row].add(callback, at: place)
    }
    // Those that stood in the part that was asked for, and nobody called.
    for (connection, life) in recording.lives where rows[connection] == nil {
      rows[connection] = clients.count
      clients.append(client(connection, from: life.opened, of: recording))
    }
    for sending in recording.sends {
      if let row = rows[sending.connection] { clients[row].sent += sending.bytes }
    }
    let number = { (client: Client) in recording.numbers[client.connection] ?? 0 }
    return clients.sorted { number($0) < number($1) }
  }

  private static func client(
    _ connection: ConnectionName, from first: Instant, of recording: Recording
  ) -> Client {
    let (number, life) = (recording.numbers[connection] ?? 0, recording.lives[connection])
    return Client(
      name: "conn\(number)", connection: connection, opened: life?.opened ?? first,
      closed: life?.closed, closeReason: life?.closeReason)
  }

  /// A client's callbacks, in order.
  func callbacks(of client: Client) -> some Collection<CallbackRecord> {
    client.places.lazy.map { recording.callbacks[Int($0)] }
  }

  /// What a kind of callback is called: by the reactor's words or by the session's.
  func word(for kind: CallbackKind) -> String {
    recording.backend.isEmpty ? kind.look.name : kind.method
  }

  /// What a loop's row is called.
  func name(ofLoop loop: Int) -> String { loops.count > 1 ? "loop \(loop)" : "loop" }

  /// The picture, in lines of at most `width` columns.
  ///
  /// - Parameters:
  ///   - width: Columns to fill, at least 24; a smaller number counts as that.
  ///   - color: Whether to use the escape codes that terminals understand.
  ///   - clients: How many clients get a row.
  public func lines(width: Int, color: Bool, clients limit: Int = .max) -> [String] {
    let width = max(24, width)
    guard !clients.isEmpty else { return ["nobody was served"] }
    let blank = [TextLine(width: width)]
    var parts = [overview(width: width, clients: max(1, limit))]
    if !recording.callbacks.isEmpty { parts.append(closeUp(width: width, clients: max(1, limit))) }
    parts.append(summary(width: width))
    return parts.joined(separator: blank).map { $0.text(color: color) }
  }

  private func summary(width: Int) -> [TextLine] {
    let callbacks = recording.callbacks
    let busy = callbacks.reduce(Duration.zero) { $0 + $1.duration }
    let elapsed = end.since(start)
    let sending = callbacks.reduce(Duration.zero) { $0 + $1.sentBy.since($1.end) }
    var text = "\(Figures.counted(callbacks.count, "callback")) took \(Figures.brief(busy)) in all"
    text += sending > .zero ? ", and sending their output \(Figures.brief(sending))." : "."
    if let used = recording.processorTime, elapsed > .zero {
      text += " The one thread that made them used a processor for \(Figures.brief(used)) of"
      text += " \(Figures.brief(elapsed)) and waited for \(percentLeft(used, of: elapsed)) % of it."
    }
    if !recording.waits.isEmpty { text += " " + waiting(of: elapsed) + longest }
    if recording.missed > 0 {
      let were = recording.missed == 1 ? "was" : "were"
      let count = Figures.grouped(recording.missed)
      text += " \(count) more \(were) not recorded: the buffer was full."
    }
    if recording.unknown > 0 {
      text += " \(Figures.counted(recording.unknown, "record")) could not be understood."
    }
    return TextLine.paragraph(text, width: width)
  }

  /// How often and for how long the loops waited.
  private func waiting(of elapsed: Duration) -> String {
    let sentences = loops.map { loop in
      let waits = recording.waits.filter { $0.loop == loop && $0.end > start && $0.start < end }
      let waited = waits.reduce(Duration.zero) { $0 + timeInside($1) }
      let times = waits.count == 1 ? "once" : "\(Figures.grouped(waits.count)) times"
      let name = loops.count > 1 ? "Loop \(loop)" : "The loop"
      return "\(name) waited \(times), for \(share(waited, of: elapsed)) % of "
        + "\(Figures.brief(elapsed))."
    }
    // A ring has no other calls: the kernel receives and sends during them.
    let remark =
      recording.backend == "io_uring" ? " With io_uring that includes receiving and sending." : ""
    return sentences.joined(separator: " ") + remark
  }

  /// The part of a wait that the picture shows.
  func timeInside(_ wait: WaitRecord) -> Duration {
    min(wait.end, end).since(max(wait.start, start))
  }

  private var longest: String {
    guard let slowest = recording.callbacks.max(by: { $0.duration < $1.duration }),
      let number = recording.numbers[slowest.connection]
    else { return "" }
    return " The longest callback took \(Figures.brief(slowest.duration)): "
      + "\(word(for: slowest.kind)), conn\(number), at \(Figures.brief(slowest.start.since(zero)))."
  }

  private func share(_ part: Duration, of whole: Duration) -> String {
    guard whole > .zero else { return "0" }
    return Figures.fixed(min(1, part.inSeconds / whole.inSeconds) * 100, places: 1)
  }

  /// Rounded down, so that it is 100 only for a thread that did nothing.
  private func percentLeft(_ used: Duration, of whole: Duration) -> String {
    let left = max(0, 1 - used.inSeconds / whole.inSeconds)
    return Figures.fixed((left * 10_000).rounded(.down) / 100, places: 2)
  }
}

extension Timeline.Client {
  fileprivate mutating func add(_ callback: CallbackRecord, at place: Int) {
    places.append(Int32(clamping: place))
    received += Int(callback.received)
    sent += Int(callback.sent)
    busy += callback.duration + .nanoseconds(Int64(clamping: callback.sending))
    if callback.kind == .closed { (closed, closeReason) = (callback.end, callback.closeReason) }
  }
}
