import Switchboard

/// A picture, in characters, of who was served when: the whole run with a row for each client, and
/// a close-up of its first burst, in which one thread is seen to serve the clients in turn.
///
/// A pure function from a recording and a width to lines; it knows nothing of any terminal.
public struct Timeline {
  /// One connection's row.
  struct Client {
    /// `conn0`, `conn1`: in the order in which the server accepted them.
    let name: String
    let peer: Key
    var callbacks: [CallbackRecord]
  }

  let recording: Recording
  let clients: [Client]
  /// The first callback's beginning.
  let start: Instant
  /// The last callback's end.
  let end: Instant
  /// Where the rows begin to the right of the clients' names.
  let left: Int

  /// A picture of what was recorded.
  public init(_ recording: Recording) {
    var clients: [Client] = []
    var rows: [Key: Int] = [:]
    for callback in recording.callbacks {
      if let row = rows[callback.peer] {
        clients[row].callbacks.append(callback)
      } else {
        rows[callback.peer] = clients.count
        let name = "conn\(clients.count)"
        clients.append(Client(name: name, peer: callback.peer, callbacks: [callback]))
      }
    }
    self.recording = recording
    self.clients = clients
    start = recording.callbacks.first?.start ?? Instant(nanoseconds: 0)
    end = recording.callbacks.map(\.end).max() ?? start
    left = max("thread".count, clients.last?.name.count ?? 0) + 2
  }

  /// The picture, in lines of at most `width` columns.
  ///
  /// - Parameters:
  ///   - width: Columns to fill, at least 24; a smaller number counts as that.
  ///   - color: Whether to use the escape codes that terminals understand.
  public func lines(width: Int, color: Bool) -> [String] {
    let width = max(24, width)
    guard !clients.isEmpty else { return ["nobody was served"] }
    let blank = [TextLine(width: width)]
    let parts = [overview(width: width), closeUp(width: width), summary(width: width)]
    return parts.joined(separator: blank).map { $0.text(color: color) }
  }

  private func summary(width: Int) -> [TextLine] {
    let callbacks = recording.callbacks
    let busy = callbacks.reduce(Duration.zero) { $0 + $1.duration }
    let elapsed = end.since(start)
    let noun = callbacks.count == 1 ? "callback" : "callbacks"
    var text = "\(Figures.grouped(callbacks.count)) \(noun) took \(Figures.brief(busy)) in all."
    if let used = recording.processorTime, elapsed > .zero {
      text += " The one thread that made them used a processor for \(Figures.brief(used)) of"
      text += " \(Figures.brief(elapsed)) and waited for \(percentLeft(used, of: elapsed)) % of it."
    }
    if recording.missed > 0 {
      text += " \(Figures.grouped(recording.missed)) more were not recorded: the buffer was full."
    }
    return TextLine.paragraph(text, width: width)
  }

  /// Rounded down, so that it is 100 only for a thread that did nothing.
  private func percentLeft(_ used: Duration, of whole: Duration) -> String {
    let left = max(0, 1 - used.inSeconds / whole.inSeconds)
    return Figures.fixed((left * 10_000).rounded(.down) / 100, places: 2)
  }
}
