import Switchboard
import SwitchboardBase

extension Timeline {
  /// How many callbacks, and how many waits, a page holds; further ones are left out, and the page
  /// says so.
  public static let mostOnPage = 400_000

  /// A page that draws the recording so that one can zoom into it: complete in itself, it asks no
  /// network for anything.
  ///
  /// - Parameter title: What was recorded; the file's name.
  public func page(title: String) -> String {
    let page = TimelinePage(self)
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(Markup.escaped(title)) · switchboard timeline</title>
      <style>
      :root{\(TimelineColors.variables(isDark: false))}
      @media (prefers-color-scheme:dark){:root{\(TimelineColors.variables(isDark: true))}}
      \(TimelinePage.style)
      </style>
      </head>
      <body>
      \(TimelinePage.body(title: title))
      \(page.data)
      <script>
      \(TimelinePage.script)
      \(TimelinePage.drawing)
      \(TimelinePage.controls)
      </script>
      </body>
      </html>

      """
  }
}

/// The recording as a page's script reads it: what is short as JSON, events as columns of numbers
/// in base64.
struct TimelinePage {
  private let timeline: Timeline
  private let callbacks: ArraySlice<CallbackRecord>
  private let waits: [WaitRecord]

  init(_ timeline: Timeline) {
    self.timeline = timeline
    callbacks = timeline.recording.callbacks.prefix(Timeline.mostOnPage)
    let end = callbacks.last?.sentBy ?? timeline.end
    let inside = timeline.recording.waits.filter { $0.end > timeline.start && $0.start < end }
    waits = Array(inside.prefix(Timeline.mostOnPage))
  }

  /// The elements that hold it.
  var data: String {
    let rows = Dictionary(
      uniqueKeysWithValues: timeline.clients.enumerated().map { ($1.connection, $0) })
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
      let opened = timeline.callbacks(of: client).first?.start ?? timeline.start
      let closed = client.closed ?? timeline.end
      let reason = client.closeReason.map(TraceEvent.quoted) ?? "null"
      return "[\"\(client.name)\",\(opened.since(timeline.zero).plainMicroseconds),"
        + "\(closed.since(timeline.zero).plainMicroseconds),\(client.closed == nil ? 0 : 1),\(reason),"
        + "\(client.places.count),\(client.received),\(client.sent)]"
    }
    let loops = timeline.loops.map { "[\($0),\"\(timeline.name(ofLoop: $0))\"]" }
    let end = callbacks.map(\.sentBy).max() ?? timeline.end
    return "{\"from\":\(timeline.start.since(timeline.zero).plainMicroseconds),"
      + "\"to\":\(end.since(timeline.zero).plainMicroseconds),"
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
