import Foundation
import Testing

/// What `--out` of `switchboard load` names, and results beside each other, as users call it.
@Suite(.timeLimit(.minutes(15)), .serialized)
struct LoadPageTests {
  private static func inFolder(_ body: (URL) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder)
  }

  private static func begins(_ file: URL, with text: String) throws -> Bool {
    try String(contentsOf: file, encoding: .utf8).hasPrefix(text)
  }

  @Test func `A name says what it is to hold: a result, a page, or a folder for both`() async throws
  {
    try await LoadPageTests.inFolder { folder in
      let names = ["result.json", "plain", "page.html", "made/"].map { folder.path + "/" + $0 }
      try await LoadTests.serving { server in
        for name in names + [folder.path] {
          let load = ["load", server, "--requests", "200", "--warm-up", "0s", "--out", name]
          try await Spawned.run("switchboard", load) { try await $0.expectEnd(.exit(0)) }
        }
      }
      for result in ["result.json", "plain", "made/load.json", "load.json"] {
        #expect(try LoadPageTests.begins(folder.appending(path: result), with: "{"))
      }
      for page in ["page.html", "made/load.html", "load.html"] {
        #expect(try LoadPageTests.begins(folder.appending(path: page), with: "<!DOCTYPE html>"))
      }
      // A page can be had of a result that was kept, too.
      let later = folder.appending(path: "later.html")
      let show = ["load", "show", names[0], "--out", later.path]
      try await Spawned.run("switchboard", show) { show in
        try await show.expectEnd(.exit(0))
        #expect(show.errors == ["wrote \(later.path)"])
      }
      #expect(try LoadPageTests.begins(later, with: "<!DOCTYPE html>"))
    }
  }

  @Test func `Results are put beside each other, in lines and as a page`() async throws {
    try await LoadPageTests.inFolder { folder in
      let files = ["a.json", "b.json"].map { folder.appending(path: $0).path }
      try await LoadTests.serving { server in
        for (file, rate) in zip(files, ["300", "600"]) {
          let load = ["load", server, "--rate", rate, "--duration", "4s", "--out", file]
          try await Spawned.run("switchboard", load) { try await $0.expectEnd(.exit(0)) }
        }
        let short = ["load", server, "--duration", "1s", "--out", folder.path + "/short.json"]
        try await Spawned.run("switchboard", short) { try await $0.expectEnd(.exit(0)) }
      }
      let page = folder.appending(path: "diff.html")
      try await Spawned.run(
        "switchboard", ["load", "diff"] + files + ["--out", folder.path + "/"]
      ) {
        try await $0.expectEnd(.exit(0))
        #expect($0.output.contains { $0.contains("≠ rate") })
        #expect($0.output.contains { $0.contains("p50") && !$0.contains("–") })
        // How much more depends on how busy the machine is.
        #expect($0.output.contains { $0.hasSuffix("more") })
      }
      #expect(try LoadPageTests.begins(page, with: "<!DOCTYPE html>"))
      let wrong = [
        ([files[0]], "give from 2 to 6"), ([files[0], page.path], "is no result of this version"),
        ([files[0], folder.path + "/short.json"], "has one second of measured time"),
        ([files[0], "/nowhere/c.json"], "there is no folder"),
      ]
      for (words, text) in wrong {
        try await Spawned.run("switchboard", ["load", "diff"] + words) { diff in
          try await diff.expectEnd(.exit(1))
          #expect(diff.errors.count == 1 && diff.errors[0].contains(text), "\(diff.errors)")
        }
      }
    }
  }
}
