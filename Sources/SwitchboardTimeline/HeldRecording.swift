import Switchboard

/// A recording that is in memory anyway.
struct HeldRecording: RecordingSource {
  let frame: RecordingFrame
  private let recording: Recording
  /// Waits as they ended: a callback that a wait brought comes after it.
  private let waits: [WaitRecord]
  private let places: [ConnectionName: Int]

  init(_ timeline: Timeline) {
    var frame = RecordingFrame()
    (frame.start, frame.end, frame.zero) = (timeline.start, timeline.end, timeline.zero)
    recording = timeline.recording
    frame.isPart = recording.window != nil
    frame.loops = timeline.loops
    (frame.backend, frame.wallClock) = (recording.backend, recording.wallClock)
    (frame.missed, frame.unknown) = (recording.missed, recording.unknown)
    frame.clients = timeline.clients.map { client in
      RecordingFrame.Client(
        number: timeline.recording.numbers[client.connection] ?? 0, loop: client.connection.loop,
        life: ConnectionLife(
          opened: client.opened, closed: client.closed, closeReason: client.closeReason))
    }
    self.frame = frame
    waits = recording.waits.sorted { $0.end < $1.end }
    places = Dictionary(
      timeline.clients.enumerated().map { ($1.connection, $0) }, uniquingKeysWith: { old, _ in old }
    )
  }

  func tell(_ witness: inout some RecordingWitness) throws(Never) {
    var (wait, send) = (0, 0)
    let sends = recording.sends
    func tellUntil(_ moment: Instant, _ witness: inout some RecordingWitness) {
      while wait < waits.count, waits[wait].end <= moment {
        witness.wait(waits[wait])
        wait += 1
      }
      while send < sends.count, sends[send].start < moment {
        witness.sent(sends[send], by: places[sends[send].connection])
        send += 1
      }
    }
    for callback in recording.callbacks {
      tellUntil(callback.start, &witness)
      if let place = places[callback.connection] { witness.callback(callback, of: place) }
    }
    tellUntil(Instant(nanoseconds: .max), &witness)
  }
}
