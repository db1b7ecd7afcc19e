import Foundation
import Testing

/// `switchboard load` as users call it.
@Suite(.timeLimit(.minutes(2)), .serialized)
struct LoadTests {
  private static func serving(
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
        #expect(load.output.contains { $0.contains("2,000 requests, every reply checked") })
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
      #expect(merge.output.contains { $0.contains("4,000 requests, every reply checked") })
    }
  }

  @Test(arguments: [
    (["--source", "203.0.113.7"], "'203.0.113.7' is no address of this machine"),
    (["--json", "/"], "it is a folder"),
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
        #expect(load.output.contains { $0.contains("3,001 requests, every reply checked") })
        #expect(load.output.contains { $0.contains("5 connections") })
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
        #expect(load.output.contains { $0.contains("500 requests, every reply checked") })
      }
    }
  }

  @Test func `What cannot be is said in a line`() async throws {
    let lines: [([String], String)] = [
      (["load", "127.0.0.1:1"], "connection refused"),
      (["load", "merge", "/nowhere.json"], "cannot read '/nowhere.json'"),
      (["load", "127.0.0.1:1", "--json", "/nowhere/a.json"], "make the folder"),
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
