import Switchboard

extension Timeline {
  /// A drawing of the whole recording: a row for each loop and each client, callbacks as boxes,
  /// what a client waited for its turn as a line before its box.
  ///
  /// It stands alone or within a page, and follows the reader's light or dark colours. A page with
  /// colours of its own sets the custom properties `--tl-ink`, `--tl-faint`, `--tl-line` and those
  /// of ``TimelineColors`` on `.tl`. Its size does not grow with the recording's: what falls on the
  /// same half point of a row is drawn once.
  ///
  /// - Parameters:
  ///   - width: In points, at least 280; text has 12.
  ///   - clients: How many clients get a row.
  public func svg(width: Int, clients limit: Int = 24) -> String {
    TimelineDrawing(self, width: max(280, width), limit: max(1, limit)).svg
  }

  /// When the connections that were called were known to be ready: the end of the wait before, where
  /// waits were recorded and the callback answers what a wait brings.
  func readyMoments() -> [Instant?] {
    let waits = Dictionary(grouping: recording.waits, by: \.loop)
    var passed: [Int: Int] = [:]
    return recording.callbacks.map { callback in
      let loop = callback.connection.loop
      let mine = waits[loop] ?? []
      var next = passed[loop] ?? 0
      while next < mine.count, mine[next].end <= callback.start { next += 1 }
      passed[loop] = next
      return callback.kind.answersWait && next > 0 ? mine[next - 1].end : nil
    }
  }
}

extension CallbackKind {
  /// Whether it answers what a wait brings: who it is for was ready when that wait ended.
  var answersWait: Bool {
    switch self {
    case .receive, .ended, .drained, .connected: true
    default: false
    }
  }
}
