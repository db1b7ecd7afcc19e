import Foundation
import Testing

@testable import SwitchboardBase
@testable import SwitchboardCommand
@testable import SwitchboardLoad

/// Results as files: cut short, with any byte changed, with numbers that no run has.
@Suite(.timeLimit(.minutes(5)))
final class DamagedResultTests {
  private let path = FileManager.default.temporaryDirectory.path + "/result-\(UUID())"
  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// A small one, as --out writes it.
  private static let bytes: [UInt8] = {
    let result = JudgingTests.result(seconds: 2)
    return (try? LoadDocument(result).bytes) ?? []
  }()

  /// Reads a file of these bytes as 'merge' and '--baseline' do, and does what these do with it.
  private func read(_ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: URL(filePath: path))
    do {
      let result = try LoadDocument.read(path).result
      var all: LoadResult?
      for _ in 0..<3 { all = LoadResult.merged([result, all].compactMap(\.self)) }
      guard let all else { return "nothing" }
      let lines =
        LoadReport(all, width: 80, color: false).lines
        + LoadComparison(all, with: result).text(width: 80)
        + [String(decoding: LoadDocument.table(all), as: UTF8.self)]
      for name in ["p99<5ms", "rate>1", "errors==0", "cpu<60%"] {
        _ = try #require(LoadAssertion(name)).check(all)
      }
      _ = try LoadDocument(all).bytes
      return "read: \(lines.count)"
    } catch let trouble as FileTrouble {
      #expect(!trouble.description.contains("\n"))
      return trouble.description
    }
  }

  @Test func `A result that is whole is read`() throws {
    #expect(Self.bytes.count > 500)
    #expect(try read(Self.bytes).hasPrefix("read: "))
  }

  @Test func `A result cut at any byte is refused in a line`() throws {
    // Without its last byte, a newline, it is whole.
    for end in 0..<Self.bytes.count - 2 {
      let said = try read(Array(Self.bytes[..<end]))
      #expect(said.hasSuffix("is no result of this version; give a file that --out has written"))
    }
  }

  @Test func `A result with any byte changed is read or refused`() throws {
    // A digit more or less, a bit of the other half, a byte that is no UTF-8, by turns.
    let changes: [UInt8] = [0x01, 0x09, 0x40, 0x80]
    for place in Self.bytes.indices {
      var damaged = Self.bytes
      damaged[place] ^= changes[place % changes.count]
      _ = try read(damaged)
    }
  }

  @Test func `Each number may be any other`() throws {
    let values = [
      "9223372036854775807", "-9223372036854775808", "18446744073709551615", "-1", "1e300",
      "1e-300",
      "1e400", "-0", "null", "true", "\"x\"", "[]", "{}", "[9223372036854775807]",
    ]
    let text = String(decoding: Self.bytes, as: UTF8.self)
    for (place, number) in text.ranges(of: /-?\d+(\.\d+)?/).enumerated() {
      // Each kind of field comes several times: so each meets most of them.
      for value in [values[0], values[4], values[place % values.count]] {
        var damaged = text
        damaged.replaceSubrange(number, with: value)
        _ = try read(Array(damaged.utf8))
      }
    }
  }

  @Test func `What is said of a run may not command a terminal`() throws {
    let text = String(decoding: Self.bytes, as: UTF8.self)
    let hostile = text.replacing("127.0.0.1", with: "127\\u001B[31m")
    #expect(hostile != text)
    #expect(try read(Array(hostile.utf8)).contains("is no result"))
  }

  @Test func `What is no file of results is named by what it is`() {
    func refusal(_ path: String) -> String {
      do {
        _ = try LoadDocument.read(path)
        return "read"
      } catch { return "\(error)" }
    }
    #expect(refusal("/").hasPrefix("cannot read '/': it is a folder; give a file that --out"))
    #expect(refusal("/dev/zero").contains("larger than 67,108,864 bytes; give a file that --out"))
    #expect(refusal(path + ".none").contains("no such file or directory; give a file that --out"))
    #expect(refusal("/none/a").contains("there is no folder '/none'; give a file that --out"))
  }
}
