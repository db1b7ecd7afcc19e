import Foundation
import Glibc
import Testing

/// `switchboard load` as users call it.
@Suite(.timeLimit(.minutes(15)), .serialized)
struct LoadTests {
  /// What stands behind a number when nothing went wrong.
  static let allRight = "requests due, all answered, every reply checked"

  static func serving(
    _ arguments: [String] = [], descriptorLimit: Int? = nil,
    _ body: (String) async throws -> Void
  ) async throws {
    let all = ["serve", "--port", "0", "--log-level", "info"] + arguments
    try await Spawned.run("switchboard", all) { server in
      try await body("127.0.0.1:\(try await server.listeningPort())")
      server.send(SIGTERM)
      try await server.expectEnd(.exit(0))
    }
  }

  private static func folder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  @Test func `A load is measured, judged, written, compared and merged`() async throws {
    let folder = try LoadTests.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let (json, csv) = (folder.appending(path: "a.json").path, folder.appending(path: "a.csv").path)
    try await LoadTests.serving { server in
      let base = ["load", server, "--connections", "4", "--requests", "2000"]
      try await Spawned.run("switchboard", base + ["--json", json, "--csv", csv]) { load in
        try await load.expectEnd(.exit(0))
        #expect(load.output.contains { $0.contains("2,000 \(Self.allRight)") })
      }
      let judged = base + ["--baseline", json, "--assert", "errors==0", "--assert", "max<1ns"]
      try await Spawned.run("switchboard", judged) { load in
        try await load.expectEnd(.exit(99))
        #expect(load.output.contains { $0.hasPrefix("Baseline") })
        #expect(load.output.contains { $0.hasPrefix("assert errors==0: holds") })
        #expect(load.errors.contains { $0.contains("assert max<1ns: does not hold") })
      }
    }
    let table = try String(contentsOfFile: csv, encoding: .utf8).split(separator: "\n")
    #expect(table.first?.hasPrefix("start_s,") == true)
    #expect(table.last?.hasPrefix("all,") == true)
    try await Spawned.run("switchboard", ["load", "merge", json, json]) { merge in
      try await merge.expectEnd(.exit(0))
      #expect(merge.output.contains { $0.contains("4,000 \(Self.allRight)") })
    }
  }

  @Test(arguments: [
    (["--source", "203.0.113.7"], "'203.0.113.7' is no address of this machine"),
    (["--csv", "/"], "it is a folder"),
    (["--duration", "10"], "such as 500ms or 10s"),
    ([], "connection refused; check that the server listens there"),
  ])
  func `What cannot be done is said in a line, with what to do`(
    _ options: [String], _ text: String
  ) async throws {
    let arguments = ["load", "127.0.0.1:1", "--quiet", "--connections", "1"] + options
    try await Spawned.run("switchboard", arguments) { load in
      try await load.expectEnd(.exit(options.first == "--duration" ? 64 : 1))
      #expect(load.errors.first?.contains(text) == true, "\(load.errors)")
      #expect(load.errors.count == 1)
    }
  }

  @Test func `Several processes make one load`() async throws {
    try await LoadTests.serving { server in
      let arguments = [
        "load", server, "--connections", "5", "--processes", "2", "--requests", "3001",
      ]
      try await Spawned.run("switchboard", arguments) { load in
        try await load.expectEnd(.exit(0))
        #expect(load.output.contains { $0.contains("3,001 \(Self.allRight)") })
        #expect(load.output.contains { $0.contains("5 connections") })
      }
    }
  }

  /// The processes that another one has started.
  private func children(of pid: Int32) throws -> [Int32] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.filter {
      let status = try? String(contentsOfFile: "/proc/\($0)/status", encoding: .utf8)
      return status?.contains("PPid:\t\(pid)\n") == true
    }
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func `A signal ends the load with its result`(signal: Int32) async throws {
    try await LoadTests.serving { server in
      let arguments = ["load", server, "--connections", "4", "--duration", "1h"]
      try await Spawned.run("switchboard", arguments) { load in
        try await load.line("2 s", on: .errors)
        load.send(signal)
        try await load.expectEnd(.exit(0))
        #expect(load.output.contains { $0.contains(" \(Self.allRight)") })
      }
    }
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func `A signal to a whole group of processes ends the load with its result`(signal: Int32)
    async throws
  {
    try await LoadTests.serving { server in
      let arguments = ["load", server, "--connections", "4", "--processes", "2"]
      try await Spawned.run("switchboard", arguments + ["--duration", "1h"]) { load in
        // The second line of the window: some of it is over.
        try await load.line("2 s", on: .errors)
        let all = try children(of: load.pid)
        #expect(all.count == 2)
        for process in all + [load.pid] { kill(process, signal) }
        try await load.expectEnd(.exit(0))
        #expect(load.output.contains { $0.contains(" \(Self.allRight)") })
        #expect(load.output.contains { $0.contains("4 connections") })
      }
    }
  }

  @Test func `A generator process that is killed ends the others, with a line`() async throws {
    try await LoadTests.serving { server in
      let arguments = ["load", server, "--connections", "4", "--processes", "3"]
      try await Spawned.run("switchboard", arguments + ["--duration", "1h"]) { load in
        try await load.line("1 s", on: .errors)
        kill(try #require(try children(of: load.pid).first), SIGKILL)
        try await load.expectEnd(.exit(1))
        #expect(load.errors.last?.contains("ended without a result") == true)
      }
    }
  }

  @Test(arguments: [
    ["--requests", "1000", "--threads", "4", "--connections", "2"],
    ["--requests", "1000", "--processes", "2", "--connections", "1", "--idle", "8"],
    ["--requests", "1000", "--processes", "2", "--threads", "2", "--connections", "3"],
    ["--requests", "1", "--processes", "2", "--connections", "8"],
  ])
  func `Every division into processes and threads makes all requests`(options: [String])
    async throws
  {
    try await LoadTests.serving { server in
      try await Spawned.run("switchboard", ["load", server, "--quiet"] + options) { load in
        try await load.expectEnd(.exit(0))
        let count = options[1] == "1000" ? " 1,000 requests" : " 1 request"
        #expect(load.output.contains { $0.contains("\(count) due, all answered, every reply") })
      }
    }
  }

  @Test func `A server that has gone ends a number of requests`() async throws {
    try await Spawned.run("switchboard", ["serve", "--port", "0"]) { server in
      let target = "127.0.0.1:\(try await server.listeningPort())"
      let arguments = ["load", target, "--requests", "1000000000", "--timeout", "500ms"]
      try await Spawned.run("switchboard", arguments) { load in
        try await load.line("1 s", on: .errors)
        server.send(SIGKILL)
        try await load.expectEnd(.exit(1))
        #expect(load.output.contains { $0.contains("gave up before the last request") })
      }
    }
  }

  @Test func `Running out of descriptors is the generator's own limit`() async throws {
    try await LoadTests.serving { server in
      let arguments = ["load", server, "--connections", "100", "--duration", "200ms", "--quiet"]
      try await Spawned.run("switchboard", arguments, descriptorLimit: 40) { load in
        try await load.expectEnd(.exit(1))
        let text = load.output.joined(separator: " ")
        #expect(text.contains("own limit"))
        #expect(text.contains("ulimit -n"))
        #expect(!text.contains("error "))
      }
    }
  }

  @Test(arguments: ["sequential", "threads", "pool", "select", "poll", "epoll", "io_uring"])
  func `Every model serves the load`(model: String) async throws {
    try await LoadTests.serving(["--model", model]) { server in
      let connections = model == "sequential" ? "1" : "8"
      let arguments = ["load", server, "--connections", connections, "--requests", "500"]
      try await Spawned.run("switchboard", arguments) { load in
        try await load.expectEnd(.exit(0))
        #expect(load.output.contains { $0.contains("500 \(Self.allRight)") })
      }
    }
  }

  @Test func `What cannot be is said in a line`() async throws {
    let lines: [([String], String)] = [
      (["load", "127.0.0.1:1"], "connection refused"),
      (["load", "merge", "/nowhere.json"], "cannot read '/nowhere.json'"),
      (["load", "127.0.0.1:1", "--out", "/nowhere/a.json"], "make the folder"),
    ]
    for (arguments, text) in lines {
      try await Spawned.run("switchboard", arguments) { load in
        try await load.expectEnd(.exit(1))
        #expect(load.errors.count == 1)
        #expect(load.errors.first?.contains(text) == true)
      }
    }
  }
}
