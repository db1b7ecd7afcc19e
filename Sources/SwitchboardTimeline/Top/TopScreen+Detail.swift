import Switchboard
import SwitchboardBase

extension TopScreen {
  /// One connection: what is known of it, and its last callbacks.
  func detail(
    of connection: ConnectionActivity, _ activity: Activity, _ columns: Int, rows: Int
  ) -> [PaintedLine] {
    let indent = columns < 40 ? 2 : 10
    var lines = facts(of: connection).flatMap { name, text in
      // On a narrow screen the name is left out.
      let head = columns < 40 ? "• " : name.padded(to: indent)
      return Prose.hanging(text, behind: head, indent: indent, to: max(20, columns))
        .map { PaintedLine($0) }
    }
    guard rows > lines.count + 2 else { return lines }
    let calls = activity.calls(of: connection, atMost: rows - lines.count - 2)
    lines.append(PaintedLine())
    guard !calls.isEmpty else {
      return lines + [PaintedLine("none of its callbacks is remembered any more", .dim)]
    }
    let table = TopTable(callColumns(activity), within: columns)
    return lines + [table.heading] + calls.map { table.line($0) }
  }

  private func facts(of connection: ConnectionActivity) -> [(String, String)] {
    let brief = { (time: UInt64) in TopScreen.brief(time) }
    let opened =
      connection.opened.map { "accepted at \(TopScreen.length($0))" } ?? "accepted unrecorded"
    let state = connection.closing.map { "closed: \($0.closeReason)" } ?? "open"
    let calls = max(1, UInt64(connection.calls))
    return [
      ("conn", "\(connection.number) of loop \(connection.loop), \(opened), \(state)"),
      (
        "calls",
        "\(Figures.grouped(connection.calls)), \(Figures.grouped(connection.calls(in: second)))/s, "
          + "\(brief(connection.busy)) in all, \(brief(connection.busy / calls)) each, the last "
          + TopScreen.ago(connection.last, now)
      ),
      (
        "waited",
        "\(brief(connection.waited)) in all for its turns, at most \(brief(connection.longestWait))"
      ),
      (
        "bytes",
        "\(Figures.bytes(Double(connection.received))) received, "
          + "\(Figures.bytes(Double(connection.sent))) sent; "
          + "what is unsent is not in a recording"
      ),
    ]
  }

  private func callColumns(_ activity: Activity) -> [TopTable<LoopRecord>.Column] {
    let now = now
    return [
      .init("when", 10, 1) { TopScreen.ago(activity.time(of: $0.start), now) },
      .init("callback", 11, 0, isName: true) { TopScreen.method(of: $0) },
      .init("took", 8, 0) { TopScreen.brief(LoopRecord.unpacked($0.a)) },
      .init("sending", 8, 4) { TopScreen.brief(LoopRecord.unpacked($0.b)) },
      .init("received", 9, 2) {
        $0.code == CallbackKind.closed.rawValue ? "" : Figures.bytes(Double($0.c))
      },
      .init("sent", 9, 3) { Figures.bytes(Double($0.d)) },
    ]
  }
}
