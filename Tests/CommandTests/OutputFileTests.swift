import Foundation
import Glibc
import Testing

@testable import SwitchboardBase

/// A result goes into any kind of file, and leaves everything else about it as it was.
@Suite(.timeLimit(.minutes(5)))
final class OutputFileTests {
  private let folder = FileManager.default.temporaryDirectory.path + "/output-\(UUID())"

  init() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func name(_ name: String) -> String { "\(folder)/\(name)" }
  private func read(_ path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
  }
  private func status(_ path: String) throws -> stat {
    var status = stat()
    try #require(lstat(path, &status) == 0)
    return status
  }
  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  @Test func `A new file is whole, and nothing else is left beside it`() throws {
    try OutputFile(name("a")).write("text")
    #expect(try read(name("a")) == "text" && names() == ["a"])
  }

  @Test(arguments: [0o600, 0o640, 0o755, 0o444] as [mode_t])
  func `A file that is there keeps its mode`(mode: mode_t) throws {
    try OutputFile(name("a")).write("a longer text")
    try #require(chmod(name("a"), mode) == 0)
    let before = try status(name("a"))
    // Who is not root may not write a file that is to be read only.
    guard mode & 0o200 != 0 || getuid() == 0 else {
      #expect(throws: FileTrouble.self) { try OutputFile(name("a")) }
      return
    }
    try OutputFile(name("a")).write("text")
    #expect(try read(name("a")) == "text")
    #expect(try status(name("a")).st_mode == before.st_mode)
    #expect(try names() == ["a"])
  }

  @Test func `A file with two names keeps both`() throws {
    try OutputFile(name("a")).write("a longer text")
    try #require(link(name("a"), name("b")) == 0)
    try OutputFile(name("a")).write("text")
    #expect(try read(name("b")) == "text")
    #expect(try status(name("a")).st_nlink == 2)
  }

  @Test func `A link stays one, and what it leads to is written`() throws {
    try FileManager.default.createDirectory(
      atPath: name("there"), withIntermediateDirectories: true)
    try OutputFile(name("there/real")).write("old")
    try #require(symlink("there/real", name("link")) == 0)
    try OutputFile(name("link")).write("new")
    #expect(try read(name("there/real")) == "new")
    #expect(try status(name("link")).st_mode & S_IFMT == S_IFLNK)
    // Also one that leads to nothing yet.
    try #require(symlink("there/later", name("second")) == 0)
    try OutputFile(name("second")).write("new")
    #expect(try read(name("there/later")) == "new")
    #expect(try status(name("second")).st_mode & S_IFMT == S_IFLNK)
  }

  /// What comes out of a pipe until its writer has closed it.
  private static func everything(_ path: String) -> String {
    let reader = open(path, O_RDONLY)
    defer { close(reader) }
    var (all, piece) = ([UInt8](), [UInt8](repeating: 0, count: 65536))
    while true {
      let count = Glibc.read(reader, &piece, piece.count)
      guard count > 0 else { return String(decoding: all, as: UTF8.self) }
      all += piece[..<count]
    }
  }

  @Test func `A pipe is written into, and its reader gets all of it`() throws {
    let path = name("pipe")
    try #require(mkfifo(path, 0o600) == 0)
    // More than a pipe holds.
    let text = String(repeating: "0123456789", count: 50_000)
    let file = try OutputFile(path)
    #expect(!file.isOrdinary)
    nonisolated(unsafe) var got = ""
    let ended = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      got = Self.everything(path)
      ended.signal()
    }
    try file.write(text)
    ended.wait()
    #expect(got == text)
    #expect(try status(path).st_mode & S_IFMT == S_IFIFO)
  }

  @Test func `An open file is written to where it stands`() throws {
    let number = open(name("a"), O_RDWR | O_CREAT, 0o600)
    try #require(number >= 0)
    defer { close(number) }
    try #require(write(number, "begun ", 6) == 6)
    let file = try OutputFile("/dev/fd/\(number)")
    #expect(!file.isOrdinary && !file.isStandardOutput)
    try file.write("and ended")
    #expect(try read(name("a")) == "begun and ended")
    #expect(try OutputFile("/dev/stdout").isStandardOutput)
  }

  @Test func `What cannot be written is named by what it is, before anything is measured`() throws {
    func refusal(_ path: String) -> String {
      do {
        _ = try OutputFile(path)
        return "taken"
      } catch { return error.description }
    }
    #expect(refusal(folder) == "cannot write '\(folder)': it is a folder; give a file in it")
    #expect(
      refusal(name("none/a"))
        == "cannot write '\(name("none/a"))': there is no folder '\(name("none"))'; make the folder first"
    )
    #expect(refusal("").hasSuffix("no such file or directory; give a file that can be written"))
    try OutputFile(name("a")).write("")
    #expect(refusal(name("a/b")).contains("what its path goes through is no folder; check"))
    let long = String(repeating: "n", count: 300)
    #expect(refusal(name(long)).hasSuffix("its name is too long; shorten it"))
    try #require(symlink("round", name("round")) == 0)
    #expect(refusal(name("round")).contains("round in a circle; give the file itself"))
    #expect(refusal("/dev/fd/987").hasSuffix("it is not open; do not close it"))
    #expect(refusal(name("a\u{1B}/b")).contains(#"a\x1B/b"#))
  }

  @Test func `A name as long as names may be is written`() throws {
    let path = name(String(repeating: "n", count: 255))
    try OutputFile(path).write("text")
    #expect(try read(path) == "text")
  }

  @Test func `A disk without room is told, and what was there stays`() throws {
    let full = try OutputFile("/dev/full")
    let trouble = #expect(throws: FileTrouble.self) { try full.write("text") }
    #expect(
      trouble?.description == "cannot write '/dev/full': no space is left where it is; make room "
        + "there, or give one elsewhere")
  }
}
