import Switchboard

extension Timeline {
  /// The recording as trace events, for ui.perfetto.dev, chrome://tracing and whatever else reads
  /// Chrome's format: a process with a thread for each loop, and one with a thread for each client,
  /// so that both pictures are there. Times are microseconds from the first callback on.
  ///
  /// Source: "Trace Event Format", the Chromium project.
  public func trace() -> String {
    var events = processes()
    for wait in recording.waits where wait.end > start && wait.start < end {
      let begin = max(wait.start, start)
      events.append(
        TraceEvent(
          "wait", "wait", server, wait.loop + 1, at: begin.since(zero),
          for: timeInside(wait), ["completions": "\(wait.completions)"]))
    }
    for (row, client) in clients.enumerated() {
      events.append(lifeline(of: client, row: row))
      for callback in callbacks(of: client) { add(callback, of: client, row: row, to: &events) }
    }
    let lines = events.map(\.json).joined(separator: ",\n")
    return "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n\(lines)\n]}\n"
  }

  private var server: Int { 1 }
  private var everyone: Int { 2 }

  /// What processes and threads are called, and their order.
  private func processes() -> [TraceEvent] {
    let title = recording.backend.isEmpty ? "server" : "server (\(recording.backend))"
    var events = [
      TraceEvent(naming: "process_name", title, server, 0),
      TraceEvent(naming: "process_name", "clients", everyone, 0),
    ]
    for loop in loops {
      events.append(TraceEvent(naming: "thread_name", name(ofLoop: loop), server, loop + 1))
      events.append(TraceEvent(sorting: loop, server, loop + 1))
    }
    for (row, client) in clients.enumerated() {
      events.append(TraceEvent(naming: "thread_name", client.name, everyone, row + 1))
      events.append(TraceEvent(sorting: row, everyone, row + 1))
    }
    return events
  }

  private func lifeline(of client: Client, row: Int) -> TraceEvent {
    let opened = callbacks(of: client).first?.start ?? start
    var facts = [
      "received": "\(client.received)", "sent": "\(client.sent)",
      "loop": "\(client.connection.loop)",
    ]
    if let reason = client.closeReason { facts["closed"] = TraceEvent.quoted(reason) }
    return TraceEvent(
      "connection", "connection", everyone, row + 1, at: opened.since(zero),
      for: max(client.closed ?? end, opened).since(opened), facts)
  }

  private func add(
    _ callback: CallbackRecord, of client: Client, row: Int, to events: inout [TraceEvent]
  ) {
    var facts = [
      "client": TraceEvent.quoted(client.name), "received": "\(callback.received)",
      "sent": "\(callback.sent)",
    ]
    if let reason = callback.closeReason { facts["reason"] = TraceEvent.quoted(reason) }
    let threads = [(server, callback.connection.loop + 1), (everyone, row + 1)]
    for (process, thread) in threads {
      events.append(
        TraceEvent(
          word(for: callback.kind), "callback", process, thread, at: callback.start.since(zero),
          for: callback.duration, facts))
      guard callback.sending > 0 else { continue }
      events.append(
        TraceEvent(
          "send", "send", process, thread, at: callback.end.since(zero),
          for: callback.sentBy.since(callback.end), ["sent": "\(callback.sent)"]))
    }
  }
}

/// An event of the format, as its JSON.
struct TraceEvent {
  let json: String

  /// Something that took a while: phase X.
  init(
    _ name: String, _ category: String, _ process: Int, _ thread: Int, at start: Duration,
    for duration: Duration, _ facts: [String: String]
  ) {
    let arguments = facts.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
    json =
      "{\"name\":\(TraceEvent.quoted(name)),\"cat\":\"\(category)\",\"ph\":\"X\","
      + "\"ts\":\(TraceEvent.microseconds(start)),\"dur\":\(TraceEvent.microseconds(duration)),"
      + "\"pid\":\(process),\"tid\":\(thread),\"args\":{\(arguments.joined(separator: ","))}}"
  }

  /// A name for a process or a thread: phase M.
  init(naming what: String, _ name: String, _ process: Int, _ thread: Int) {
    json =
      "{\"name\":\"\(what)\",\"ph\":\"M\",\"ts\":0,\"pid\":\(process),\"tid\":\(thread),"
      + "\"args\":{\"name\":\(TraceEvent.quoted(name))}}"
  }

  /// A thread's place among the others.
  init(sorting place: Int, _ process: Int, _ thread: Int) {
    json =
      "{\"name\":\"thread_sort_index\",\"ph\":\"M\",\"ts\":0,\"pid\":\(process),\"tid\":\(thread),"
      + "\"args\":{\"sort_index\":\(place)}}"
  }

  /// To the nanosecond, and never in a form like 1e-5.
  static func microseconds(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let nanoseconds = attoseconds / 1_000_000_000
    let rest = String(nanoseconds % 1000)
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
    let (sum, over) = whole.addingReportingOverflow(nanoseconds / 1000)
    if overflow || over { return "9007199254740991" }
    return "\(sum)." + String(repeating: "0", count: 3 - rest.count) + rest
  }

  /// A string of JSON (RFC 8259, 7).
  static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      // A page's script must not be ended by a name.
      case "<": quoted += "\\u003C"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
