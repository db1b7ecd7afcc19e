import Foundation
import Glibc
import SwitchboardTimeline
import Testing

/// `switchboard serve --record` and `switchboard timeline`, as users run them.
@Suite(.timeLimit(.minutes(15)))
struct RecordTests {
  /// A folder of the test's own.
  private final class Folder {
    let path = FileManager.default.temporaryDirectory.path + "/timeline-\(UUID())"
    init() throws {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    func file(_ name: String) -> String { path + "/" + name }
    func contents(_ name: String) throws -> String {
      try String(contentsOfFile: file(name), encoding: .utf8)
    }
  }

  /// Serves three clients, each with two requests, and records that.
  private func record(
    _ folder: Folder, _ options: [String], ending signal: Int32 = SIGTERM
  ) async throws -> [String] {
    let file = folder.file("a.rec")
    let arguments = ["serve", "--port", "0", "--record", file] + options
    return try await Spawned.run("switchboard", arguments) { server in
      let port = try await server.listeningPort()
      let peers = try (0..<3).map { _ in try PlainSocket.connected(to: port) }
      for _ in 0..<2 {
        for peer in peers {
          try peer.write("^abc$")
          _ = try peer.read(3)
        }
      }
      for peer in peers { peer.end() }
      try await server.lines("closed: the peer finished", count: 3)
      if signal == SIGKILL {
        // The writer comes by fifty times a second.
        while try read(file, within: folder).count(where: { $0.hasPrefix("conn") }) < 3 {
          usleep(10_000)
        }
      }
      server.send(signal)
      try await server.expectEnd(signal == SIGTERM ? .exit(0) : .signal(signal))
      return server.output
    }
  }

  /// What a recording's text picture is at the moment.
  private func read(_ file: String, within folder: Folder) throws -> [String] {
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "switchboard")
    process.arguments = ["timeline", file]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  @Test(arguments: ServeTests.backends)
  func `A server that records is drawn in the terminal, a row for each client`(backend: String)
    async throws
  {
    let folder = try Folder()
    let said = try await record(folder, ["--backend", backend])
    #expect(said.last?.contains(/recorded: [\d,]+ bytes in '.*a\.rec'/) == true)
    let lines = try read(folder.file("a.rec"), within: folder)
    #expect(lines.first?.hasPrefix("Who was served when: 3 clients, one server thread") == true)
    for name in ["conn0", "conn1", "conn2", "loop", "thread"] {
      #expect(lines.contains { $0.hasPrefix(name + " ") }, "\(name) has no row")
    }
    let text = lines.joined(separator: " ")
    // Opened, at least two receives, ended, closed.
    let calls = try #require(text.firstMatch(of: /([\d,]+) callbacks took/)).1
    #expect(Int(calls) ?? 0 >= 15)
    #expect(text.contains(/The loop waited \d+ times, for/))
    #expect(lines.allSatisfy { $0.count <= 80 })
  }

  @Test func `A server that cannot listen leaves an earlier recording as it was`() async throws {
    let folder = try Folder()
    try "earlier".write(toFile: folder.file("a.rec"), atomically: true, encoding: .utf8)
    try await Spawned.run("switchboard", ["serve", "--port", "0"]) { server in
      let port = try await server.listeningPort()
      let words = ["serve", "--port", "\(port)", "--record", folder.file("a.rec")]
      try await Spawned.run("switchboard", words) { second in try await second.expectEnd(.exit(1)) }
      #expect(try folder.contents("a.rec") == "earlier")
      server.send(SIGTERM)
      try await server.expectEnd(.exit(0))
    }
  }

  @Test func `Two loops are recorded in one file`() async throws {
    let folder = try Folder()
    _ = try await record(folder, ["--loops", "2", "--backend", "epoll"])
    let lines = try read(folder.file("a.rec"), within: folder)
    #expect(lines.first?.contains("3 clients, 2 loops") == true)
    #expect(lines.contains { $0.hasPrefix("loop 0") } && lines.contains { $0.hasPrefix("loop 1") })
  }

  @Test func `A server that was killed leaves a recording that can be read`() async throws {
    let folder = try Folder()
    _ = try await record(folder, ["--backend", "epoll"], ending: SIGKILL)
    let lines = try read(folder.file("a.rec"), within: folder)
    #expect(lines.first?.hasPrefix("Who was served when: 3 clients") == true)
  }

  @Test func `The page is complete in itself`() async throws {
    let folder = try Folder()
    _ = try await record(folder, ["--backend", "epoll"])
    let arguments = [
      "timeline", folder.file("a.rec"), "-o", folder.file("a.html"), "--trace",
      folder.file("a.json"), "--svg", folder.file("a.svg"),
    ]
    try await Spawned.run("switchboard", arguments) { command in
      try await command.expectEnd(.exit(0))
      #expect(command.errors.count { $0.hasPrefix("wrote ") } == 3)
    }
    let page = try folder.contents("a.html")
    #expect(!page.contains("src=") && !page.contains("@import") && !page.contains("url("))
    #expect(!page.contains("http"), "a page that names no address asks no network")
    let facts = try #require(page.firstMatch(of: /id="facts">(.*)<\/script>/)).1
    let told = try #require(
      try JSONSerialization.jsonObject(with: Data(facts.utf8)) as? [String: Any])
    #expect(told["clients"] as? Int == 3 && told["isWhole"] as? Bool == true)
    #expect((told["loops"] as? [[Any]])?.map { $0[0] as? String } == ["loop"])
    let drawing = try XMLDocumentCheck.texts(of: try folder.contents("a.svg"))
    #expect(drawing.contains("conn2") && drawing.contains("loop"))
  }

  @Test func `A page alone is that of the recording, and its steps are another`() async throws {
    let folder = try Folder()
    _ = try await record(folder, ["--backend", "epoll"])
    for command in ["timeline", "explain"] {
      let arguments = [command, folder.file("a.rec"), "--out", folder.file("\(command).html")]
      try await Spawned.run("switchboard", arguments) { try await $0.expectEnd(.exit(0)) }
    }
    let page = try folder.contents("timeline.html")
    let held = Timeline(try RecordingFile.read(folder.file("a.rec"))).page(title: "a.rec")
    let isSame = page == held
    #expect(isSame)
    let steps = try folder.contents("explain.html")
    #expect(steps.contains("\"names\":[\"conn0\",\"conn1\",\"conn2\"]"))
  }

  @Test(arguments: [["--backend", "epoll"], ["--backend", "poll", "--loops", "2"], []])
  func `The trace keeps the format's rules`(options: [String]) async throws {
    let folder = try Folder()
    _ = try await record(folder, options)
    let arguments = ["timeline", folder.file("a.rec"), "--trace", folder.file("a.json")]
    try await Spawned.run("switchboard", arguments) { try await $0.expectEnd(.exit(0)) }
    try TraceCheck(Data(try folder.contents("a.json").utf8)).check()
  }

  @Test func `Slow callbacks are warnings with connection, time and what they cost`() async throws {
    let arguments = ["serve", "--port", "0", "--slow-callback", "0ms", "--backend", "epoll"]
    try await Spawned.run("switchboard", arguments) { server in
      let peer = try PlainSocket.connected(to: try await server.listeningPort())
      try peer.write("^abc$")
      #expect(try peer.read(4) == "*bcd")
      let line = try await server.line("'received' of", on: .errors)
      let form =
        /warning: slow callback: 'received' of 127\.0\.0\.1:\d+ \(connection 1\) took [\d.]+ (ns|µs|ms); nobody else waited/
      #expect(line.wholeMatch(of: form) != nil, "\(line)")
    }
  }

  @Test(arguments: [
    (
      ["timeline", "/etc/hostname"], "is no recording; 'switchboard serve --record FILE' makes one"
    ),
    (
      ["timeline", "/nowhere/a.rec"], "there is no folder '/nowhere'; give the file of a recording"
    ),
    (["timeline", "/etc"], "it is a folder; give the file of a recording"),
    (
      ["serve", "--port", "0", "--record", "/nowhere/a.rec"],
      "cannot write '/nowhere/a.rec': there is no folder '/nowhere'; make the folder first"
    ),
  ])
  func `What cannot be read or written is one line with the next action`(
    arguments: [String], message: String
  ) async throws {
    try await Spawned.run("switchboard", arguments) { command in
      try await command.expectEnd(.exit(1))
      #expect(command.errors.count == 1)
      #expect(command.errors.first?.hasSuffix(message) == true, "\(command.errors)")
    }
  }

  @Test(arguments: [
    ["serve", "--record-limit", "1m"], ["serve", "--record", "x", "--record-limit", "1"],
    ["serve", "--slow-callback", "soon"], ["timeline"],
    ["timeline", "x", "--from", "2s", "--to", "1s"], ["timeline", "x", "--from", "later"],
  ])
  func `Options that make no sense are refused`(arguments: [String]) async throws {
    try await Spawned.run("switchboard", arguments) { command in
      try await command.expectEnd(.exit(64))
      #expect(command.errors.count == 1)
    }
  }
}

/// Whether a text is well-formed XML, and the texts in it.
private enum XMLDocumentCheck {
  struct Malformed: Error {}

  /// A scanner for the little of XML that the drawings use: elements, attributes, texts.
  static func texts(of xml: String) throws -> [String] {
    var open: [Substring] = []
    var texts: [String] = []
    var rest = xml[...]
    while let start = rest.firstIndex(of: "<") {
      let text = rest[..<start].trimmingCharacters(in: .whitespacesAndNewlines)
      if !text.isEmpty { texts.append(text) }
      guard let end = rest[start...].firstIndex(of: ">") else { throw Malformed() }
      let tag = rest[rest.index(after: start)..<end]
      let name = tag.drop { $0 == "/" }.prefix { $0 != " " && $0 != "/" }
      if tag.hasPrefix("/") {
        guard open.popLast() == name else { throw Malformed() }
      } else if !tag.hasSuffix("/") {
        open.append(name)
      }
      guard tag.count(where: { $0 == "\"" }).isMultiple(of: 2) else { throw Malformed() }
      rest = rest[rest.index(after: end)...]
    }
    guard open.isEmpty else { throw Malformed() }
    return texts
  }
}
