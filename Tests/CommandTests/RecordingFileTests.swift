import Foundation
import Switchboard
import SwitchboardArticle
import SwitchboardBase
import SwitchboardTimeline
import TestSupport
import Testing

/// The file of a recording: written, read, cut off, and not one at all.
@Suite struct RecordingFileTests {
  private static let head = RecordingFile.Head(
    loops: 2, start: Instant(nanoseconds: 1_000), wallClock: 1_700_000_000_000_000_000,
    backend: "epoll", process: 42)

  private static func record(
    _ code: UInt8, loop: UInt16 = 0, connection: UInt32 = 1, at start: UInt64,
    _ change: (inout LoopRecord) -> Void = { _ in }
  ) -> LoopRecord {
    var record = LoopRecord(code: code, loop: loop, connection: connection, start: start)
    change(&record)
    return record
  }

  /// A wait, a connection that is greeted, asks, is answered later, and closes.
  private static let records: [LoopRecord] = {
    let key = Key(index: 5, generation: 3)
    return [
      record(LoopRecord.Kind.wait.rawValue, connection: 0, at: 500) {
        $0.wide = 7_000_000_000
        $0.c = 2
      },
      record(LoopRecord.Kind.accepted.rawValue, at: 8_000) { $0.wide = key.rawValue },
      record(CallbackKind.connected.rawValue, at: 8_100) { ($0.a, $0.b, $0.d) = (50, 900, 1) },
      record(CallbackKind.receive.rawValue, at: 9_000) { ($0.a, $0.c) = (3_000, 100) },
      record(LoopRecord.Kind.sent.rawValue, at: 13_000) { ($0.a, $0.d) = (700, 90) },
      record(LoopRecord.Kind.returned.rawValue, at: 13_500) { $0.d = 10 },
      record(CallbackKind.closed.rawValue, at: 20_000) { ($0.a, $0.detail, $0.c) = (10, 3, 104) },
      record(LoopRecord.Kind.missed.rawValue, connection: 0, at: 21_000) { $0.wide = 12 },
    ]
  }()

  private static func bytes(_ records: [LoopRecord]) -> [UInt8] {
    RecordingFile.encode(head) + records.flatMap { RecordingFile.encode($0) }
  }

  private static func read(_ bytes: [UInt8]) throws(FileTrouble) -> Recording {
    try RecordingFile.decode(bytes, named: "x.rec")
  }

  @Test func `What was written is read`() throws {
    let recording = try Self.read(Self.bytes(Self.records))
    #expect(recording.backend == "epoll")
    #expect(recording.wallClock == 1_700_000_000_000_000_000)
    #expect(recording.missed == 12)
    #expect(recording.unknown == 0)
    let name = ConnectionName(Key(index: 5, generation: 3), loop: 0)
    #expect(recording.numbers == [name: 0])
    let wait = try #require(recording.waits.first)
    #expect(wait.start.nanoseconds == 500 && wait.duration == .seconds(7))
    #expect(wait.completions == 2)
    #expect(recording.callbacks.map(\.kind) == [.connected, .receive, .closed])
    #expect(recording.callbacks.allSatisfy { $0.connection == name })
    #expect(recording.callbacks.map(\.duration) == [50, 3_000, 10].map { .nanoseconds($0) })
    #expect(recording.callbacks.map(\.sending) == [900, 0, 0])
    #expect(recording.callbacks.map(\.received) == [0, 100, 0])
    #expect(recording.callbacks.map(\.sent) == [1, 0, 0])
    #expect(recording.callbacks.map(\.closeReason) == [nil, nil, "connection reset by peer"])
    #expect(recording.sends.map(\.bytes) == [90, -10])
  }

  @Test func `A file that was cut off is good up to its last whole record`() throws {
    let bytes = Self.bytes(Self.records)
    let whole = try Self.read(bytes)
    for end in 64...bytes.count {
      let recording = try Self.read(Array(bytes[..<end]))
      let records = (end - 64) / 32
      let callbacks = Self.records[..<records].count { $0.code >= 16 }
      #expect(recording.callbacks == Array(whole.callbacks[..<callbacks]))
    }
  }

  @Test func `Loops that took turns with the file are put in order of time`() throws {
    let late = Self.record(CallbackKind.receive.rawValue, loop: 1, at: 300)
    let early = Self.record(CallbackKind.receive.rawValue, loop: 0, at: 200)
    let recording = try Self.read(Self.bytes([late, early]))
    #expect(recording.callbacks.map(\.connection.loop) == [0, 1])
    // The same number on two loops is two connections.
    #expect(recording.numbers.count == 2)
  }

  @Test func `What is no recording is refused in one line with the next action`() throws {
    func refusal(_ bytes: [UInt8]) -> String {
      do {
        _ = try Self.read(bytes)
        return "read"
      } catch { return error.description }
    }
    var newer = Self.bytes([])
    newer[8] = 2
    var odd = Self.bytes([])
    odd[12] = 40
    let make = "'switchboard serve --record FILE' makes one"
    #expect(refusal([]) == "'x.rec' is no recording; \(make)")
    #expect(refusal(Array("<html>".utf8)) == "'x.rec' is no recording; \(make)")
    #expect(
      refusal(newer)
        == "'x.rec' is a recording of version 2 and this program reads version 1; use the "
        + "switchboard that made it")
    #expect(refusal(odd) == "'x.rec' has a damaged head, nothing can be read; record anew")
    #expect(
      refusal(Array(Self.bytes([])[..<40]))
        == "'x.rec' is cut off in its head, nothing can be read; record anew")
  }

  @Test func `Records that mean nothing are counted, and whatever they say is drawn without harm`()
    throws
  {
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<50 {
      let codes: [UInt8] = [1, 2, 3, 4, 5, 16, 17, 19, 21, 24, 25, 99]
      let records = (0..<40).map { _ in
        var record = LoopRecord(
          code: codes.randomElement(using: &generator) ?? 1, loop: .random(in: 0...3),
          connection: .random(in: 0...3), start: .random(in: 0...(.max)))
        (record.a, record.b) = (.random(in: 0...(.max)), .random(in: 0...(.max)))
        (record.c, record.d) = (.random(in: 0...(.max)), .random(in: 0...(.max)))
        return record
      }
      let recording = try Self.read(Self.bytes(records))
      let strange = records.count { $0.code == 99 || $0.code == 25 || $0.loop > 1 }
      #expect(recording.unknown == strange)
      let timeline = Timeline(recording)
      for width in [24, 80, 200] {
        #expect(timeline.lines(width: width, color: false).allSatisfy { $0.count <= width })
      }
      #expect(timeline.svg(width: 400).hasSuffix("</svg>\n"))
      #expect(timeline.page(title: "x").hasSuffix("</html>\n"))
      #expect(timeline.trace().hasSuffix("]}\n"))
      let part = recording.clipped(from: .milliseconds(1), to: .seconds(9))
      #expect(Timeline(part).lines(width: 80, color: false).allSatisfy { $0.count <= 80 })
    }
  }

  @Test func `A client waits since its own loop's wait, whatever another loop still waits for`()
    throws
  {
    // Loop 1 waits all the time. Loop 0 finds the client after 1 ms and serves it 4 ms later.
    let wait = { (loop: UInt16, start: UInt64, length: UInt64) in
      Self.record(LoopRecord.Kind.wait.rawValue, loop: loop, connection: 0, at: start) {
        $0.wide = length
      }
    }
    let millisecond = 1_000_000 as UInt64
    let records = [
      Self.record(CallbackKind.connected.rawValue, at: millisecond),
      wait(1, 2 * millisecond, 98 * millisecond), wait(0, 2 * millisecond, 2 * millisecond),
      wait(0, 10 * millisecond, 40 * millisecond),
      Self.record(CallbackKind.receive.rawValue, at: 54 * millisecond),
      Self.record(CallbackKind.closed.rawValue, at: 101 * millisecond),
    ]
    let drawing = Timeline(try Self.read(Self.bytes(records))).svg(width: 1056)
    let path = try #require(drawing.firstMatch(of: /d="M([\d.]+) [\d.]+H([\d.]+)v4/))
    let waited = (Double(path.2) ?? 0) - (Double(path.1) ?? 0)
    // A hundred milliseconds are a thousand points less the names' and the margin's.
    #expect((35...41).contains(waited))
  }

  @Test func `A part keeps the numbers of its clients and the zero of the whole`() throws {
    let records = (0..<4).map { step in
      Self.record(
        CallbackKind.receive.rawValue, connection: UInt32(step % 2 + 1),
        at: UInt64(step) * 1_000_000_000 + 5)
    }
    let part = try Self.read(Self.bytes(records)).clipped(from: .seconds(3), to: nil)
    #expect(part.callbacks.map(\.start.nanoseconds) == [3_000_000_005])
    let text = Timeline(part).lines(width: 80, color: false).joined(separator: "\n")
    // The other one stands there, too, and is not served.
    #expect(text.contains("conn1 ") && text.contains("conn0 ") && text.contains("2 clients"))
    #expect(text.contains("        3 s"))
  }

  @Test func `A writer stops at its limit, and the file says how much is missing`() throws {
    let path = FileManager.default.temporaryDirectory.path + "/limit-\(UUID()).rec"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let writer = try RecordingWriter(to: path, Self.head, limit: 4096)
    var server = Server(on: [.loopback(port: 0)])
    server.backend = .epoll
    server.recorder = writer.recorder
    try server.run(
      ready: { handle in
        do { try writer.begin() } catch { Issue.record(error) }
        Thread.detachNewThread {
          do {
            let peer = try PlainSocket.connected(to: handle.addresses[0].port)
            _ = try peer.read(1)
            for _ in 0..<300 {
              try peer.write("^a$")
              _ = try peer.read(1)
            }
          } catch { Issue.record(error) }
          handle.stop()
        }
      }, session: { FramesSession() })
    let outcome = writer.finish()
    #expect(outcome.failure == nil)
    #expect(outcome.leftOut > 300)
    #expect(outcome.bytes == 4096)
    let recording = try RecordingFile.read(path)
    #expect(recording.missed == outcome.leftOut)
    let kept = recording.callbacks.count + recording.waits.count + recording.numbers.count
    #expect(kept == (4096 - 64) / 32 - 1)
  }

  /// Everything that is made of a recording; a number that does not fit would end the process.
  private static func draw(_ recording: Recording) -> Int {
    let timeline = Timeline(recording)
    let clipped = Timeline(recording.clipped(from: .microseconds(1), to: .seconds(1)))
    return timeline.lines(width: 80, color: false).count + timeline.trace().utf8.count
      + timeline.svg(width: 900, clients: 40).utf8.count + timeline.page(title: "x").utf8.count
      + clipped.lines(width: 1, color: true, clients: 1).count
  }

  @Test func `A recording with any byte changed is drawn or refused`() throws {
    let bytes = Self.bytes(Self.records)
    var (drawn, refused) = (0, 0)
    let changes: [UInt8] = [0x01, 0x80, 0xFF]
    for place in bytes.indices {
      var damaged = bytes
      damaged[place] ^= changes[place % changes.count]
      do {
        drawn += Self.draw(try Self.read(damaged)) > 0 ? 1 : 0
      } catch { refused += 1 }
    }
    // Magic, version, and the two sizes are checked; all else is numbers.
    #expect(refused == 14)
    #expect(drawn == bytes.count - 14)
  }

  @Test func `Records of nothing but extremes are drawn`() throws {
    let extremes: [UInt8] = [0x00, 0x7F, 0x80, 0xFF]
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<100 {
      let count = Int.random(in: 1...6, using: &generator)
      var bytes = RecordingFile.encode(Self.head)
      for _ in 0..<count * 32 {
        bytes.append(extremes[Int.random(in: 0..<4, using: &generator)])
      }
      for record in 0..<count where Bool.random(using: &generator) {
        // A code that means something.
        let code = UInt8.random(in: 1...10, using: &generator)
        bytes[64 + record * 32] = code < 6 ? code : code + 10
      }
      #expect(Self.draw(try Self.read(bytes)) > 0)
    }
  }

  @Test func `A file is read as it comes, and what is none is named`() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/recordings-\(UUID())"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/a.rec"
    // Several pieces, each ending within a record.
    let many = (0..<100_000).map {
      Self.record(CallbackKind.receive.rawValue, at: UInt64($0) * 10)
    }
    try Data(Self.bytes(many) + [1, 2, 3]).write(to: URL(filePath: path))
    #expect(try RecordingFile.read(path).callbacks.count == 100_000)
    func refusal(_ path: String) -> String {
      do {
        _ = try RecordingFile.read(path)
        return "read"
      } catch { return error.description }
    }
    #expect(refusal(folder).contains("it is a folder; give the file of a recording"))
    #expect(refusal("/dev/zero").contains("is no recording"))
    #expect(refusal("/dev/null").contains("is no recording"))
    #expect(refusal(folder + "/none").contains("no such file or directory; give the file"))
    // The head of one, and then nothing but zeros.
    try Data(Self.bytes([])).write(to: URL(filePath: path))
    try #require(truncate(path, 1 << 20) == 0)
    #expect(try RecordingFile.read(path).unknown > 0)
  }
}
