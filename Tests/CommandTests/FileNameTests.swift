import TestSupport
import Testing

@testable import SwitchboardBase

/// Names of files are bytes, and what a terminal would obey never reaches it.
@Suite struct FileNameTests {
  /// UTF-8 and not; characters that stand for bytes, written out; what ends within a character.
  static let names: [[UInt8]] = [
    [], Array("plain".utf8), Array("caf\u{E9}".utf8), Array("cafe\u{301}".utf8), [0xFF, 0xFE],
    Array("latin".utf8) + [0xE9], [0xE9] + Array("x".utf8), [0xF0, 0x9F, 0x98], [0xC3],
    [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xF4, 0x90, 0x80, 0x80], Array("\u{10FFE9}".utf8),
    Array("a\u{10FF80}b\u{10FFFF}".utf8), [0x80, 0xBF, 0xE2, 0x82],
    Array("tab\tnew\nline\u{1B}[31m".utf8),
  ]

  @Test func `A name comes back byte for byte, whatever is in it`() {
    for name in Self.names {
      #expect(FileName.bytes(of: FileName.text(of: name)) == name)
    }
    var generator = SeededGenerator(seed: 5)
    for length in 0..<200 {
      let name = (0..<length).map { _ in UInt8.random(in: 1...255, using: &generator) }
      #expect(FileName.bytes(of: FileName.text(of: name)) == name, "\(name)")
    }
  }

  @Test func `Two names have two strings`() {
    let texts = Self.names.map { Array(FileName.text(of: $0).unicodeScalars) }
    for (place, text) in texts.enumerated() {
      #expect(!texts[..<place].contains(text), "\(Self.names[place])")
    }
  }

  @Test func `A name in UTF-8 is its own string`() {
    #expect(FileName.text(of: Array("Grüße 😀 𝄞".utf8)) == "Grüße 😀 𝄞")
  }

  @Test(arguments: [
    ([0x61, 0x1B, 0x5B, 0x33, 0x31, 0x6D], #"a\x1B[31m"#), ([0x0A, 0x09, 0x0D], #"\n\t\r"#),
    ([0x6C, 0xE9], #"l\xE9"#), ([0xC2, 0x9B], #"\u{9B}"#), ([0x7F, 0x00], #"\x7F\x00"#),
    ([0xE2, 0x80, 0xAE], #"\u{202E}"#), ([0x20, 0x25, 0x5C], #" %\"#),
  ])
  func `What a terminal would obey is shown as an escape`(name: [UInt8], shown: String) {
    #expect(FileName.shown(FileName.text(of: name)) == shown)
  }
}
