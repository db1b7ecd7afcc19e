import Foundation
import Switchboard
import Testing

@testable import SwitchboardTimeline

/// A page made of a file that nobody holds is that of the recording in memory.
@Suite struct FiledRecordingTests {
  private static let head = RecordingFile.Head(
    loops: 2, start: Instant(nanoseconds: 1), wallClock: 1_700_000_000_000_000_000,
    backend: "epoll", process: 42)

  /// The records of a recording, as a server writes them.
  private static func bytes(_ recording: Recording) -> [UInt8] {
    var records: [(at: UInt64, record: LoopRecord)] = []
    var known: Set<ConnectionName> = []
    for callback in recording.callbacks {
      let (loop, number) = (
        UInt16(callback.connection.loop), UInt32(callback.connection.key.index) + 1
      )
      let at = callback.start.nanoseconds
      if known.insert(callback.connection).inserted {
        var accepted = LoopRecord(
          code: LoopRecord.Kind.accepted.rawValue, loop: loop, connection: number, start: at - 1)
        accepted.wide = callback.connection.key.rawValue
        records.append((at - 1, accepted))
      }
      var record = LoopRecord(
        code: callback.kind.rawValue, loop: loop, connection: number, start: at)
      record.a = LoopRecord.packed(callback.nanoseconds)
      record.b = LoopRecord.packed(callback.sending)
      (record.c, record.d) = (callback.received, callback.sent)
      records.append((at, record))
    }
    for wait in recording.waits {
      var record = LoopRecord(
        code: LoopRecord.Kind.wait.rawValue, loop: UInt16(wait.loop), connection: 0,
        start: wait.start.nanoseconds)
      record.wide = wait.end.nanoseconds - wait.start.nanoseconds
      record.c = UInt32(wait.completions)
      records.append((wait.end.nanoseconds - (wait.end > wait.start ? 1 : 0), record))
    }
    let sorted = records.enumerated().sorted { ($0.1.at, $0.0) < ($1.1.at, $1.0) }
    return RecordingFile.encode(head) + sorted.flatMap { RecordingFile.encode($0.element.record) }
  }

  private static func withFile<Result>(
    _ bytes: [UInt8], _ body: (String) throws -> Result
  ) throws -> Result {
    let path = FileManager.default.temporaryDirectory.path + "/filed-\(UUID()).rec"
    try Data(bytes).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }

  @Test(
    arguments: [
      (nil, nil), (Duration.milliseconds(3), nil), (nil, Duration.milliseconds(4)),
      (Duration.milliseconds(3), Duration.milliseconds(5)), (Duration.seconds(9), nil),
    ] as [(Duration?, Duration?)])
  func `One loop's page is the same from memory and from its file`(from: Duration?, to: Duration?)
    throws
  {
    let bytes = Self.bytes(SurveyTests.recording(loops: 1, clients: 7, turns: 60))
    // Whole, cut within a record, after the first, and empty.
    for end in [bytes.count, bytes.count - 7, bytes.count / 2, 64 + 32 * 3, 64] {
      try Self.withFile(Array(bytes[..<end])) { path in
        let held = Timeline(try RecordingFile.read(path).clipped(from: from, to: to))
        let page = try RecordingFile.page(of: path, title: "x", from: from, to: to)
        let isSame = page == held.page(title: "x")
        #expect(isSame, "cut at \(end)")
      }
    }
  }

  @Test func `Several loops have the same sums, whatever the order of their records`() throws {
    let bytes = Self.bytes(SurveyTests.recording(loops: 2, clients: 7, turns: 60))
    // Each loop's records in a stretch of their own, as they may come.
    let records = stride(from: 64, to: bytes.count, by: 32).map { Array(bytes[$0..<$0 + 32]) }
    let stretches = [UInt8(0), 1].map { loop in records.filter { $0[2] == loop } }
    try Self.withFile(Array(bytes[..<64]) + stretches.joined().joined()) { path in
      let held = Survey(HeldRecording(Timeline(try RecordingFile.read(path))))
      let filed = try Survey(try FiledRecording(path, from: nil, to: nil))
      #expect(filed.rows.map(\.number) == held.rows.map(\.number))
      #expect(filed.rows.map(\.loop) == held.rows.map(\.loop))
      #expect(filed.rows.map(\.busy) == held.rows.map(\.busy))
      #expect(filed.rows.map(\.waited) == held.rows.map(\.waited))
      #expect(filed.clientTracks.rows == held.clientTracks.rows)
      #expect(filed.loopTracks.rows == held.loopTracks.rows)
      #expect(
        filed.longest.map(\.callback.nanoseconds) == held.longest.map(\.callback.nanoseconds))
    }
  }

  @Test func `A file that grows while it is read is drawn as it was at first`() throws {
    let bytes = Self.bytes(SurveyTests.recording(loops: 1, clients: 7, turns: 60))
    let half = 64 + (bytes.count - 64) / 64 * 32
    try Self.withFile(Array(bytes[..<(half + 5)])) { path in
      let source = try FiledRecording(path, from: nil, to: nil)
      let before = try Survey(source)
      try Data(bytes).write(to: URL(filePath: path))
      let after = try Survey(source)
      #expect(before.callbacks == after.callbacks)
      #expect(before.clientTracks.rows == after.clientTracks.rows)
      // Begun anew, and shorter: what is left of it counts.
      try Data(bytes[..<(64 + 96)]).write(to: URL(filePath: path))
      #expect(try Survey(source).callbacks <= 3)
    }
  }
}
