import Foundation
import Glibc
import Testing

/// `switchboard load` on a terminal: its screen, its keys, and how it leaves.
@Suite(.timeLimit(.minutes(15)), .serialized)
struct LoadTerminalTests {
  /// What a terminal is sent to begin and to end with a whole screen.
  private static let (begins, ends) = ("\u{1B}[?1049h", "\u{1B}[?1049l")
  private static let hour = ["--connections", "2", "--rate", "500", "--duration", "1h"]

  private static func loading(
    _ options: [String], columns: UInt16 = 100, rows: UInt16 = 30,
    environment: [String: String] = [:], _ body: (OnTerminal) throws -> Void
  ) async throws {
    try await LoadTests.serving { server in
      let terminal = try OnTerminal(
        ["load", server] + options, columns: columns, rows: rows, environment: environment)
      try body(terminal)
    }
  }

  /// Whether the last that the terminal was told is to leave the screen, and it edits lines as before.
  private static func expectRestored(_ terminal: OnTerminal) {
    #expect(terminal.isOrdinary)
    let taken = terminal.drawn.components(separatedBy: begins).count - 1
    let given = terminal.drawn.components(separatedBy: ends).count - 1
    #expect(taken > 0 && taken == given)
    let behind = terminal.drawn.components(separatedBy: ends).last ?? ""
    #expect(!behind.contains("q end now"))
  }

  @Test func `A run to its end shows its screen and leaves`() async throws {
    let short = ["--connections", "2", "--rate", "500", "--duration", "2s", "--warm-up", "0s"]
    try await LoadTerminalTests.loading(short) { terminal in
      try terminal.sees("q end now")
      try terminal.sees("open loop at 500 requests/s")
      #expect(terminal.end() == 0)
      LoadTerminalTests.expectRestored(terminal)
    }
  }

  @Test(
    arguments: [
      (SIGINT, 0), (SIGTERM, 0), (SIGQUIT, -SIGQUIT), (SIGHUP, -SIGHUP), (SIGABRT, -SIGABRT),
    ] as [(Int32, Int32)])
  func `Whatever signal ends it, the terminal is as it was`(signal: Int32, code: Int32) async throws
  {
    try await LoadTerminalTests.loading(LoadTerminalTests.hour) { terminal in
      try terminal.sees("p99.9")
      #expect(!terminal.isOrdinary)
      terminal.send(signal)
      #expect(terminal.end() == code)
      LoadTerminalTests.expectRestored(terminal)
    }
  }

  @Test func `Stopped it gives the terminal back, and takes it again when it goes on`() async throws
  {
    try await LoadTerminalTests.loading(LoadTerminalTests.hour) { terminal in
      try terminal.sees("p99.9")
      terminal.send(SIGTSTP)
      try terminal.sees(LoadTerminalTests.ends)
      try terminal.stops()
      terminal.send(SIGCONT)
      try terminal.sees(LoadTerminalTests.begins, count: 2)
      try terminal.press("q")
      #expect(terminal.end() == 0)
      LoadTerminalTests.expectRestored(terminal)
    }
  }

  @Test func `Keys freeze it, rescale it and end it`() async throws {
    try await LoadTerminalTests.loading(LoadTerminalTests.hour) { terminal in
      try terminal.sees("p99.9")
      try terminal.press(" ")
      try terminal.sees("frozen")
      try terminal.press("r")
      try terminal.sees("r all latencies")
      try terminal.press(" ")
      try terminal.press("q")
      #expect(terminal.end() == 0)
      LoadTerminalTests.expectRestored(terminal)
    }
  }

  @Test func `Several processes have a screen, too`() async throws {
    try await LoadTerminalTests.loading(LoadTerminalTests.hour + ["--processes", "2"]) { terminal in
      try terminal.sees("p99.9")
      try terminal.press("q")
      #expect(terminal.end() == 0)
      LoadTerminalTests.expectRestored(terminal)
    }
  }

  @Test(
    arguments: [
      (79, 30, []), (100, 19, []), (50, 30, []), (100, 30, ["--plain"]), (100, 30, ["--quiet"]),
    ] as [(UInt16, UInt16, [String])])
  func `A terminal that is small, or wants a line, has no screen`(
    columns: UInt16, rows: UInt16, options: [String]
  ) async throws {
    let short = ["--connections", "2", "--requests", "200", "--warm-up", "0s"]
    try await LoadTerminalTests.loading(short + options, columns: columns, rows: rows) { terminal in
      #expect(terminal.end() == 0)
      #expect(!terminal.drawn.contains(LoadTerminalTests.begins) && terminal.isOrdinary)
      #expect(terminal.drawn.contains("p99") == (options != ["--quiet"]))
    }
  }

  @Test func `A dumb terminal has no screen`() async throws {
    let short = ["--connections", "2", "--requests", "200", "--warm-up", "0s"]
    try await LoadTerminalTests.loading(short, environment: ["TERM": "dumb"]) { terminal in
      #expect(terminal.end() == 0)
      #expect(!terminal.drawn.contains("\u{1B}") && terminal.drawn.contains("p99"))
    }
  }
}
