import Foundation
import Glibc
import Switchboard
import SwitchboardBase
import SwitchboardTimeline
import Testing

/// `switchboard top`, as users run it, and files that are written meanwhile.
@Suite(.timeLimit(.minutes(15)))
struct TopTests {
  private final class File {
    let path = FileManager.default.temporaryDirectory.path + "/top-\(UUID()).rec"
    init(_ bytes: [UInt8]) throws { try write(bytes) }
    func write(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(filePath: path)) }
    func append(_ bytes: ArraySlice<UInt8>) throws {
      let handle = try FileHandle(forWritingTo: URL(filePath: path))
      try handle.seekToEnd()
      try handle.write(contentsOf: Data(bytes))
      try handle.close()
    }
    deinit { unlink(path) }
  }

  /// Of a process that no machine has.
  private static let head: RecordingFile.Head = {
    var head = ActivityTests.head()
    head.process = .max
    return head
  }()

  private static let bytes =
    RecordingFile.encode(head)
    + (1...3).flatMap {
      RecordingFile.encode(ActivityTests.call(of: $0, at: Double($0), received: $0 * 10))
    }

  @Test func `A file that grows byte by byte gives each record when it is whole`() throws {
    let file = try File([])
    let tail = try RecordingTail(file.path)
    var numbers: [UInt32] = []
    for (place, byte) in Self.bytes.enumerated() {
      try file.append([byte])
      numbers += try tail.next().map(\.connection)
      #expect((tail.head == nil) == (place < 63))
      #expect(numbers.count == max(0, place + 1 - 64) / 32)
    }
    #expect(numbers == [1, 2, 3] && tail.share == 1)
  }

  private static func trouble(_ body: () throws(FileTrouble) -> Void) -> String {
    do throws(FileTrouble) {
      try body()
      return "none"
    } catch { return error.description }
  }

  @Test func `A file that was emptied, or replaced, or is none, is one clear line`() throws {
    let file = try File(Self.bytes)
    let tail = try RecordingTail(file.path)
    #expect(try tail.next().count == 3)
    truncate(file.path, 0)
    #expect(Self.trouble { () throws(FileTrouble) in _ = try tail.next() }.contains("was emptied"))

    let other = try File(Self.bytes)
    let replaced = try RecordingTail(other.path)
    _ = try replaced.next()
    unlink(other.path)
    // A file that has no name any more is read on.
    #expect(try replaced.next().isEmpty)
    try other.write(Self.bytes)
    #expect(
      Self.trouble { () throws(FileTrouble) in _ = try replaced.next() }.contains("another file"))

    // Emptied and written again to the same length, between two looks.
    let again = try File(Self.bytes)
    let anew = try RecordingTail(again.path)
    _ = try anew.next()
    let handle = try FileHandle(forWritingTo: URL(filePath: again.path))
    var changed = ActivityTests.head()
    changed.process = 43
    try handle.write(contentsOf: Data(RecordingFile.encode(changed)))
    #expect(Self.trouble { () throws(FileTrouble) in _ = try anew.next() }.contains("was emptied"))

    let text = try File(Array("<html>".utf8))
    let page = try RecordingTail(text.path)
    #expect(
      Self.trouble { () throws(FileTrouble) in _ = try page.next() }.contains("is no recording"))
  }

  @Test(
    arguments: [
      ("1 (a) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 777 0", 777),
      ("1 (a) ) b) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 778 0", 778), ("", nil),
      ("1 (a) S", nil),
    ] as [(String, UInt64?)])
  func `When a process began stands behind its name`(stat: String, ticks: UInt64?) {
    #expect(RecordedProcess.startTicks(stat) == ticks)
  }

  @Test func `Numbers of processes that come back are told apart`() {
    var head = ActivityTests.head()
    (head.process, head.start) = (getpid(), Linux().now())
    #expect(RecordedProcess(head) == .runs)
    head.start = Linux().now() + .seconds(60)
    #expect(RecordedProcess(head) == .isGone)
    head.start = Instant(nanoseconds: 1)
    #expect(RecordedProcess(head) == .isGone)
    head.process = -1
    #expect(RecordedProcess(head) == .isGone)
  }

  @Test func `A recording that has ended is a table, once or until nothing more can come`()
    async throws
  {
    let file = try File(Self.bytes)
    for options in [[], ["--for", "1h"], ["--plain"]] {
      try await Spawned.run("switchboard", ["top", file.path] + options) { top in
        try await top.expectEnd(.exit(0))
        #expect(top.output.first?.hasPrefix("ended: no process \(Int32.max) runs here") == true)
        #expect(top.output.contains { $0.hasPrefix("3 connections") || $0.contains("3 calls") })
        #expect(top.output.allSatisfy { $0.count <= 80 && !$0.contains("\u{1B}") })
      }
    }
  }

  @Test(
    arguments: [
      ([], "is no recording"), (Array(Self.bytes[..<40]), "is cut off in its head"),
      (
        Array("nothing of the kind, and longer than any head of a recording would be.".utf8),
        "is no"
      ),
    ] as [([UInt8], String)])
  func `What is no recording ends it`(bytes: [UInt8], line: String) async throws {
    let file = try File(bytes)
    try await Spawned.run("switchboard", ["top", file.path]) { top in
      try await top.expectEnd(.exit(1))
      #expect(top.errors.count == 1 && top.errors[0].contains(line))
    }
  }

  @Test func `On a terminal it is a screen that follows, and keys end it`() async throws {
    let file = try File([])
    let terminal = try OnTerminal(["top", file.path], columns: 100, rows: 30, output: true)
    try terminal.sees("waits for the recording")
    try file.append(Self.bytes[..<100])
    try terminal.sees("1 call")
    try file.append(Self.bytes[100...])
    try terminal.sees("3 calls")
    try terminal.press("\u{1B}[B\r")
    try terminal.sees("is not in a recording")
    try terminal.press("qq")
    #expect(terminal.end() == 0 && terminal.isOrdinary)
  }

  @Test func `A file that is emptied meanwhile gives the terminal back`() async throws {
    let file = try File(Self.bytes)
    let terminal = try OnTerminal(["top", file.path], columns: 20, rows: 5, output: true)
    try terminal.sees("ended")
    truncate(file.path, 0)
    try terminal.sees("was emptied")
    #expect(terminal.end() == 1 && terminal.isOrdinary)
  }
}
