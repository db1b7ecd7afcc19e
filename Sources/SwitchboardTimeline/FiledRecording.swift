import Switchboard
import SwitchboardBase

/// A recording that stays in its file, which is read anew each time it is told: what is held grows with
/// the connections, and not with what they did.
struct FiledRecording: RecordingSource {
  let frame: RecordingFrame
  private let path: String
  private let head: RecordingFile.Head
  /// How many records there were when it was looked at first: a server may still be writing.
  private let count: Int
  private let places: [UInt64: Int]

  /// Looks through a file.
  ///
  /// - Parameters:
  ///   - from: Where the part begins that is shown, from the first callback; nil for the beginning.
  ///   - to: Where it ends.
  init(_ path: String, from: Duration?, to: Duration?) throws(FileTrouble) {
    var census = RecordingCensus()
    var count = 0
    self.path = path
    head = try RecordingFile.eachRecord(of: path, atMost: .max) { record, head in
      census.add(record, of: head)
      count += 1
    }
    self.count = count
    (frame, places) = census.finish(head, from: from, to: to)
  }

  func tell(_ witness: inout some RecordingWitness) throws(FileTrouble) {
    _ = try RecordingFile.eachRecord(of: path, atMost: count) { record, _ in
      // What the file was first looked at with counts, whatever became of it.
      guard Int(record.loop) < max(1, head.loops) else { return }
      tell(record, &witness)
    }
  }

  private func tell(_ record: LoopRecord, _ witness: inout some RecordingWitness) {
    let place = places[RecordingCensus.place(of: record)]
    let isWhole = !frame.isPart
    if let kind = CallbackKind(rawValue: record.code) {
      let callback = record.callback(kind, record.connectionName)
      guard let place, isWhole || isInside(callback.start, callback.sentBy) else { return }
      return witness.callback(callback, of: place)
    }
    switch LoopRecord.Kind(rawValue: record.code) {
    case .wait:
      let wait = record.wait
      if isWhole || isInside(wait.start, wait.end) { witness.wait(wait) }
    case .sent, .returned:
      let send = record.send(record.connectionName)
      if isWhole || isInside(send.start, send.end) { witness.sent(send, by: place) }
    default: break
    }
  }

  private func isInside(_ start: Instant, _ end: Instant) -> Bool {
    !(end < frame.start || start > frame.end)
  }
}

extension LoopRecord {
  /// A connection without its key, which a page does not tell.
  fileprivate var connectionName: ConnectionName {
    ConnectionName(Key(index: connection, generation: 0), loop: Int(loop))
  }
}
