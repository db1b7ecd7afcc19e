import Switchboard
import SwitchboardBase

extension Timeline {
  /// How many callbacks, and how many waits, a page draws; further ones are left out, and the page
  /// says so. The longest that it lists are those of the whole recording.
  public static let mostOnPage = 400_000

  /// A page that draws the recording so that one can zoom into it: complete in itself, it asks no
  /// network for anything.
  ///
  /// - Parameters:
  ///   - title: What was recorded; the file's name.
  ///   - most: How many callbacks, and waits, are drawn.
  public func page(title: String, most: Int = mostOnPage) -> String {
    let page = TimelinePage(self, most: max(1, most))
    return DrawingPage.html(
      title: "\(title) · switchboard timeline", style: TimelinePage.style,
      body: """
        \(TimelinePage.body(title: title))
        \(page.data)
        <script>
        \(TimelinePage.script)
        \(TimelinePage.drawing)
        \(TimelinePage.controls)
        </script>
        """)
  }
}

/// The recording as a page's script reads it: what is short as JSON, events as columns of numbers
/// in base64.
struct TimelinePage {
  private let timeline: Timeline
  private let callbacks: ArraySlice<CallbackRecord>
  private let waits: [WaitRecord]

  /// Where what is drawn ends.
  private let end: Instant
  /// How many of the longest callbacks are listed.
  private static let longestListed = 10

  init(_ timeline: Timeline, most: Int) {
    self.timeline = timeline
    let all = timeline.recording.callbacks
    let callbacks = all.prefix(most)
    // What does not hold all of them ends where they do.
    let end =
      callbacks.count < all.count ? callbacks.map(\.sentBy).max() ?? timeline.end : timeline.end
    let inside = timeline.recording.waits.filter { $0.end > timeline.start && $0.start < end }
    (self.callbacks, self.end) = (callbacks, end)
    waits = Array(inside.prefix(most))
  }

  /// The longest callbacks of the whole recording, the longest first, by their places there.
  private var longest: [Int] {
    let all = timeline.recording.callbacks
    var longest: [Int] = []
    for place in all.indices {
      if longest.count == TimelinePage.longestListed, let last = longest.last,
        all[place].duration <= all[last].duration
      {
        continue
      }
      let at = longest.firstIndex { all[$0].duration < all[place].duration } ?? longest.count
      longest.insert(place, at: at)
      if longest.count > TimelinePage.longestListed { longest.removeLast() }
    }
    return longest
  }

  /// A row of the list: took, kind, client, start, bytes in and out, and the place on the page, or -1.
  private func listed(_ place: Int, _ rows: [ConnectionName: Int]) -> String {
    let callback = timeline.recording.callbacks[place]
    let kind = callback.kind.rawValue - CallbackKind.connected.rawValue
    return "[\(callback.duration.plainMicroseconds),\(kind),\(rows[callback.connection] ?? 0),"
      + "\(relative(callback.start)),\(callback.received),\(callback.sent),"
      + "\(place < callbacks.count ? place : -1)]"
  }

  /// Microseconds from the moment that axes call zero; negative before it.
  private func relative(_ moment: Instant) -> String {
    moment < timeline.zero
      ? "-" + timeline.zero.since(moment).plainMicroseconds
      : moment.since(timeline.zero).plainMicroseconds
  }

  /// Rows of the clients, by connection.
  private var rows: [ConnectionName: Int] {
    Dictionary(uniqueKeysWithValues: timeline.clients.enumerated().map { ($1.connection, $0) })
  }

  /// The elements that hold it.
  var data: String {
    let rows = rows
    let ready = timeline.readyMoments()
    let waited = callbacks.indices.map { place in
      ready[place].map { callbacks[place].start.since($0).microseconds } ?? 0
    }
    let columns: [(String, [UInt8])] = [
      ("start", doubles(callbacks.map { $0.start.since(timeline.zero).microseconds })),
      ("took", floats(callbacks.map { $0.duration.microseconds })),
      ("sending", floats(callbacks.map { Double($0.sending) / 1000 })),
      ("waited", floats(waited)),
      ("row", words(callbacks.map { UInt32(rows[$0.connection] ?? 0) })),
      ("loop", words(callbacks.map { UInt32(clamping: $0.connection.loop) })),
      ("kind", callbacks.map { $0.kind.rawValue - CallbackKind.connected.rawValue }),
      ("received", words(callbacks.map(\.received))), ("sent", words(callbacks.map(\.sent))),
      (
        "wait-start",
        doubles(waits.map { max($0.start, timeline.start).since(timeline.zero).microseconds })
      ),
      ("wait-took", doubles(waits.map { timeline.timeInside($0).microseconds })),
      ("wait-loop", words(waits.map { UInt32(clamping: $0.loop) })),
      ("wait-brought", words(waits.map { UInt32(clamping: $0.completions) })),
    ]
    let elements = columns.map { name, bytes in
      "<script type=\"application/octet-stream\" id=\"\(name)\">\(TimelinePage.base64(bytes))</script>"
    }
    let json = "<script type=\"application/json\" id=\"facts\">\(facts)</script>"
    return ([json] + elements).joined(separator: "\n")
  }

  private var facts: String {
    let recording = timeline.recording
    let kinds = CallbackKind.allCases.map { kind in
      "[\"\(kind)\",\"\(kind.look.letter)\",\(TraceEvent.quoted(timeline.word(for: kind)))]"
    }
    let clients = timeline.clients.map { client in
      let closed = client.closed ?? timeline.end
      let reason = client.closeReason.map(TraceEvent.quoted) ?? "null"
      return "[\"\(client.name)\",\(relative(client.opened)),\(relative(closed)),"
        + "\(client.closed == nil ? 0 : 1),\(reason),"
        + "\(client.places.count),\(client.received),\(client.sent)]"
    }
    let loops = timeline.loops.map { "[\($0),\"\(timeline.name(ofLoop: $0))\"]" }
    let rows = rows
    let longest = longest.map { listed($0, rows) }
    return "{\"from\":\(relative(timeline.start)),\"to\":\(relative(end)),"
      + "\"isPart\":\(recording.window != nil),\"longest\":[\(longest.joined(separator: ","))],"
      + "\"backend\":\(TraceEvent.quoted(recording.backend)),"
      + "\"wallClock\":\(recording.wallClock / 1_000_000),\"missed\":\(recording.missed),"
      + "\"leftOut\":\(recording.callbacks.count - callbacks.count),"
      + "\"kinds\":[\(kinds.joined(separator: ","))],"
      + "\"loops\":[\(loops.joined(separator: ","))],"
      + "\"clients\":[\(clients.joined(separator: ","))]}"
  }

  private func doubles(_ values: [Double]) -> [UInt8] {
    values.flatMap { TimelinePage.littleEndian($0.bitPattern, 8) }
  }
  private func floats(_ values: [Double]) -> [UInt8] {
    values.flatMap { TimelinePage.littleEndian(UInt64(Float($0).bitPattern), 4) }
  }
  private func words(_ values: [UInt32]) -> [UInt8] {
    values.flatMap { TimelinePage.littleEndian(UInt64($0), 4) }
  }
  private static func littleEndian(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }

  /// RFC 4648, 4.
  static func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for place in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[place..<min(place + 3, bytes.count)]
      let bits = group.reduce(0) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
      for digit in 0..<4 {
        let value = Int(bits >> (18 - 6 * UInt32(digit)) & 63)
        text.append(digit <= group.count ? alphabet[value] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}

extension Duration {
  /// In microseconds.
  var microseconds: Double { inSeconds * 1e6 }
  /// In whole and thousandth microseconds, as JSON has numbers.
  fileprivate var plainMicroseconds: String { TraceEvent.microseconds(self) }
}
