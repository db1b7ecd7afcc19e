import Foundation
import Glibc
import Testing

/// `switchboard load --server-recording` as users call it.
@Suite(.timeLimit(.minutes(15)), .serialized)
struct LoadRecordingTests {
  private static func inFolder(_ body: (URL) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder)
  }

  @Test func `Where the time went is told in the terminal, on the page, and again by show`()
    async throws
  {
    try await LoadRecordingTests.inFolder { folder in
      let (file, out) = (folder.path + "/server.rec", folder.path + "/out/")
      try await LoadTests.serving(["--record", file]) { server in
        let load = [
          "load", server, "--requests", "2000", "--server-recording", file, "--out", out,
        ]
        try await Spawned.run("switchboard", load) { load in
          try await load.expectEnd(.exit(0))
          #expect(load.output.contains { $0.hasPrefix("Where        Of ") }, "\(load.output)")
          #expect(load.output.contains { $0.contains("waiting for the loop  ") })
        }
      }
      let page = try String(contentsOfFile: out + "load.html", encoding: .utf8)
      #expect(page.contains("Where the time went") && page.contains("slowest hundredth"))
      let show = ["load", "show", out + "load.json"]
      try await Spawned.run("switchboard", show) { show in
        try await show.expectEnd(.exit(0))
        #expect(show.output.contains { $0.hasPrefix("Where        Of ") })
      }
    }
  }

  @Test func `The recording of another server is told to be that, and the load is not lost`()
    async throws
  {
    try await LoadRecordingTests.inFolder { folder in
      let file = folder.path + "/other.rec"
      try await LoadTests.serving(["--record", file]) { other in
        try await LoadTests.serving { server in
          let load = ["load", server, "--requests", "200", "--server-recording", file]
          let first = ["load", other, "--requests", "200"]
          try await Spawned.run("switchboard", first) { try await $0.expectEnd(.exit(0)) }
          try await Spawned.run("switchboard", load) { load in
            try await load.expectEnd(.exit(0))
            #expect(
              load.output.contains { $0.hasPrefix("Where        ") && $0.contains("recording") },
              "\(load.output)")
          }
        }
      }
    }
  }

  @Test func `What cannot be joined is said before the load`() async throws {
    try await LoadRecordingTests.inFolder { folder in
      let (nothing, text) = (folder.path + "/none.rec", folder.path + "/text")
      try Data("this is a text and no recording of a server at all, however long it may be".utf8)
        .write(to: URL(filePath: text))
      let cases: [([String], Int32, String)] = [
        ([nothing], 1, "none.rec"), ([text], 1, "is no recording"),
        ([folder.path], 1, "is no file"),
        ([text, "--pipeline", "2"], 64, "leave out '--pipeline'"),
        ([text, "--repeat", "2"], 64, "leave out '--repeat'"),
        ([text, "--processes", "2"], 64, "leave out '--processes'"),
        ([text, "--against", "127.0.0.1:2"], 64, "without '--against'"),
      ]
      for (words, code, message) in cases {
        let load = ["load", "127.0.0.1:1", "--server-recording"] + words
        try await Spawned.run("switchboard", load) { load in
          try await load.expectEnd(.exit(code))
          #expect(load.errors.contains { $0.contains(message) }, "\(words): \(load.errors)")
        }
      }
    }
  }
}
