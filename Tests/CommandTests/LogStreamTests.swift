import Foundation
import Glibc
import Switchboard
import Testing

@testable import SwitchboardBase

/// A server's log: it never makes anybody wait, and what is missing in it is told in it.
@Suite(.timeLimit(.minutes(5)))
struct LogStreamTests {
  /// A pipe of the smallest size there is.
  private final class Tube {
    private(set) var reading: Int32
    private(set) var writing: Int32
    init() throws {
      // As programs do: a writer whose reader has gone is told, and not ended.
      signal(SIGPIPE, SIG_IGN)
      var ends: [Int32] = [0, 0]
      try #require(pipe(&ends) == 0)
      (reading, writing) = (ends[0], ends[1])
      // F_SETPIPE_SZ
      _ = fcntl(writing, 1031, 4096)
    }
    deinit { for end in [reading, writing] where end >= 0 { close(end) } }

    func endWriting() {
      close(writing)
      writing = -1
    }

    /// Whoever writes is told that nobody reads.
    func endReading() {
      close(reading)
      reading = -1
    }

    /// All lines to the end.
    func lines() -> [String] { Tube.lines(reading) }

    static func lines(_ reading: Int32) -> [String] {
      var bytes: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 4096)
      while case let count = read(reading, &buffer, buffer.count), count > 0 {
        bytes += buffer[..<count]
      }
      return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
  }

  /// How many lines are there, or told to be missing.
  private func accounted(_ lines: [String]) -> Int {
    lines.reduce(0) { sum, line in
      guard let note = line.firstMatch(of: /left out of the log here: ([\d,]+) lines? that/) else {
        return sum + 1
      }
      return sum + (Int(note.1.filter { $0 != "," }) ?? 0)
    }
  }

  @Test func `Nobody waits for a reader that has stopped; each line is there or counted`() throws {
    let tube = try Tube()
    let log = LogStream(limit: 10_000)
    // Returns, though nobody reads: some 700 KB.
    for number in 0..<20_000 { log.add("line \(number) of a log that is long", to: tube.writing) }
    // The reader goes on. The first lines are there, in order; then it is said what is missing.
    nonisolated(unsafe) var lines: [String] = []
    let ended = DispatchSemaphore(value: 0)
    let reading = tube.reading
    Thread.detachNewThread {
      lines = Tube.lines(reading)
      ended.signal()
    }
    #expect(log.finish(within: .seconds(120), idleSeconds: 60) == 0)
    log.add("the last one", to: tube.writing)
    #expect(log.finish(within: .seconds(120), idleSeconds: 60) == 0)
    tube.endWriting()
    ended.wait()
    #expect(lines.first == "line 0 of a log that is long")
    #expect(lines.last == "the last one")
    #expect(lines.count < 20_000, "a queue with a bound keeps fewer")
    #expect(accounted(lines) == 20_001)
  }

  @Test func `The end of a process waits a bounded time, and tells what is lost`() throws {
    let tube = try Tube()
    let log = LogStream(limit: 10_000)
    for number in 0..<1_000 { log.add("line \(number) of a log that is long", to: tube.writing) }
    let start = ContinuousClock.now
    let missing = log.finish()
    #expect(ContinuousClock.now - start < .seconds(20))
    // What is in the pipe was written, and the writer waits with the rest for ever. Those that found no
    // room are missing too, also where the line that would tell of them is.
    let inPipe = 4096 / "line 0 of a log that is long\n".utf8.count
    #expect(missing >= 1_000 - inPipe && missing <= 1_000)
    // It must not wait beyond this test: the pipe's number would be another pipe's then.
    tube.endReading()
    while log.isWriting { usleep(1000) }
  }

  @Test func `Lines that cannot be written are counted, and told of when they can be`() throws {
    let failures = Lock(0)
    let tube = try Tube()
    let log = LogStream { _ in failures.withLock { $0 += 1 } }
    let full = open("/dev/full", O_WRONLY)
    try #require(full >= 0)
    defer { close(full) }
    for number in 0..<50 { log.add("line \(number)", to: full) }
    _ = log.finish(within: .seconds(120), idleSeconds: 60)
    #expect(failures.withLock { $0 } == 1)
    log.add("room again", to: tube.writing)
    #expect(log.finish(within: .seconds(120), idleSeconds: 60) == 0)
    tube.endWriting()
    let lines = tube.lines()
    #expect(
      lines == [
        "warning: left out of the log here: 50 lines that could not be written", "room again",
      ])
  }

  @Test func `Whoever waits for the end has been told that the log cannot be written`() throws {
    let failures = Lock(0)
    let log = LogStream { _ in
      usleep(20_000)
      failures.withLock { $0 += 1 }
    }
    let full = open("/dev/full", O_WRONLY)
    try #require(full >= 0)
    defer { close(full) }
    log.add("a line", to: full)
    #expect(log.finish(within: .seconds(120), idleSeconds: 60) == 1)
    #expect(failures.withLock { $0 } == 1)
  }

  @Test func `Lines of several threads are whole, each thread's in order`() throws {
    let path = FileManager.default.temporaryDirectory.path + "/log-\(UUID())"
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    try #require(file >= 0)
    defer {
      close(file)
      unlink(path)
    }
    let log = LogStream()
    let ended = DispatchGroup()
    for thread in 0..<4 {
      ended.enter()
      Thread.detachNewThread {
        for number in 0..<500 { log.add("\(thread) \(number)", to: file) }
        ended.leave()
      }
    }
    ended.wait()
    #expect(log.finish(within: .seconds(120), idleSeconds: 60) == 0)
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 2_000)
    for thread in 0..<4 {
      let own = lines.filter { $0.hasPrefix("\(thread) ") }
      #expect(own == (0..<500).map { "\(thread) \($0)" })
    }
  }

  @Test func `A writer that has nothing to do is no thread`() throws {
    let tube = try Tube()
    let log = LogStream()
    for round in 0..<3 {
      log.add("round \(round)", to: tube.writing)
      #expect(log.finish(within: .seconds(120), idleSeconds: 60) == 0)
      while log.isWriting { usleep(1000) }
    }
    tube.endWriting()
    #expect(tube.lines() == ["round 0", "round 1", "round 2"])
  }
}
