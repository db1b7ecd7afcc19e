import SwitchboardProtocols
import Testing

/// What a stream gives: how many bytes each reply has, an error with its text; and what is wrong with the next.
private struct Found: Equatable {
  var replies: [String] = []
  var error: RESPReplyError?
}

extension RESPReplyReader {
  fileprivate func reading(_ pieces: [[UInt8]]) -> Found {
    var (reader, found) = (self, Found())
    do throws(RESPReplyError) {
      for piece in pieces {
        var place = 0
        while let reply = try reader.next(in: piece.span, from: &place) {
          let text = String(decoding: reader.errorText, as: UTF8.self)
          found.replies.append("\(reply.count)\(reply.isError ? " \(text)" : "")")
        }
        guard place == piece.count else {
          Issue.record("stopped at \(place)")
          return found
        }
      }
    } catch {
      found.error = error
      if reader.failure != error { Issue.record("the error is not kept") }
    }
    return found
  }

  fileprivate func readingInEveryCut(_ stream: [UInt8]) -> Found {
    alikeInEveryCut(stream, reading)
  }
}

/// A stream, and what is in it.
struct RESPCase: Sendable, CustomTestStringConvertible {
  let stream: String
  let replies: [String]
  let error: RESPReplyError?
  let limit: Int

  /// - Parameter stream: A line ends with a space.
  init(_ stream: String, _ replies: [String], _ error: RESPReplyError? = nil, limit: Int = 1 << 30)
  {
    self.stream = stream.replacing(" ", with: "\r\n")
    (self.replies, self.error, self.limit) = (replies, error, limit)
  }

  var testDescription: String { stream.count < 100 ? stream.debugDescription : "\(stream.count)" }

  func check() {
    let found = RESPReplyReader(limit: limit).readingInEveryCut(bytes(stream))
    #expect(found == Found(replies: replies, error: error))
  }
}

@Suite struct RESPReplyReaderTests {
  @Test(arguments: [
    RESPCase("+OK :12 $5 hello $0  $-1 *-1 ", ["5", "5", "11", "6", "5", "5"]),
    RESPCase("*0 *2 $1 a :1 *1 *2 *0 +x ", ["4", "15", "16"]),
    RESPCase("_ #t ,1.5 (99999999999999999999 =6 txt:hi ", ["3", "4", "6", "23", "12"]),
    RESPCase("%0 %2 +a :1 +b *1 _ ~1 :1 ", ["4", "23", "8"]),
    RESPCase("$4 a\rb\n ", ["10"]),
    RESPCase("*1 %1 $1 k ~2 *1 :1 _ ", ["30"]),
  ])
  func `A reply is as long as it says`(entry: RESPCase) { entry.check() }

  @Test(arguments: [
    RESPCase("-ERR_no +OK ", ["9 ERR_no", "5"]),
    RESPCase("!7 ERR_a\nb +OK ", ["13 ERR_a\nb", "5"]),
    RESPCase("*2 -ERR_a :1 ", ["16"]),
    RESPCase(
      "-" + String(repeating: "e", count: 200) + " ",
      [
        "203 " + String(repeating: "e", count: 96)
      ]),
  ])
  func `An error is one, and its text is known`(entry: RESPCase) { entry.check() }

  @Test(arguments: [
    RESPCase(">2 +message $2 hi +OK ", ["27"]),
    RESPCase(">0 >1 *1 _ -ERR ", ["21 ERR"]),
    RESPCase("|1 +ttl :3600 +OK ", ["22"]),
    RESPCase("*2 |1 +a *1 :1 :1 |0 :2 ", ["32"]),
    RESPCase("|1 +a |1 +b :1 :2 :3 ", ["28"]),
  ])
  func `What answers nothing is passed over`(entry: RESPCase) { entry.check() }

  @Test(arguments: [
    RESPCase("HTTP/1.1", [], .typeUnknown(UInt8(ascii: "H"))),
    RESPCase("+OK  ", ["5"], .typeUnknown(UInt8(ascii: "\r"))),
    RESPCase("*1 >1 +a ", [], .typeUnknown(UInt8(ascii: ">"))),
    RESPCase("$ ", [], .lengthMalformed), RESPCase("$- ", [], .lengthMalformed),
    RESPCase("$-2 ", [], .lengthMalformed), RESPCase("$--1 ", [], .lengthMalformed),
    RESPCase("%-1 ", [], .lengthMalformed), RESPCase("!-1 ", [], .lengthMalformed),
    RESPCase("$+1 ", [], .lengthMalformed), RESPCase("$1-", [], .lengthMalformed),
    RESPCase("$? ", [], .lengthMalformed), RESPCase("*1x ", [], .lengthMalformed),
    RESPCase("$1\rx", [], .endMissing), RESPCase("$1 ab", [], .endMissing),
    RESPCase("$1 a\rb", [], .endMissing), RESPCase("+a\rb", [], .endMissing),
    RESPCase("$0 a", [], .endMissing),
    RESPCase("$9223372036854775807 ", [], .replyTooLong(limit: 1 << 30)),
    RESPCase("*9223372036854775808 ", [], .replyTooLong(limit: 1 << 30)),
    RESPCase("%99999999999999999999999999999999 ", [], .replyTooLong(limit: 1 << 30)),
    RESPCase("$11 ", [], .replyTooLong(limit: 10), limit: 10),
    RESPCase("+ok *3 :1 :2 :3 ", ["5"], .replyTooLong(limit: 10), limit: 10),
    RESPCase("+1234567 +12345678 ", ["10"], .replyTooLong(limit: 10), limit: 10),
    RESPCase("%9223372036854775807 ", [], .replyTooLong(limit: .max), limit: .max),
  ])
  func `What is no reply, or too long, is refused`(entry: RESPCase) { entry.check() }

  @Test func `Values stand within values up to a depth`() {
    let limit = RESPReplyReader.depthLimit
    let deep = { (depth: Int) in String(repeating: "*1 ", count: depth) + ":1 " }
    RESPCase(deep(limit), ["\(4 * limit + 4)"]).check()
    RESPCase(deep(limit + 1), [], .nestedTooDeeply(limit: limit)).check()
  }

  @Test func `Any bytes are read alike in any cut`() {
    var chance = Seeded(state: 7)
    let parts =
      Array("+-:$*_#,(!=%~>|").map(String.init) + ["\r\n", "\r", "\n", "1", "2", "-1", "a"]
    for _ in 0..<600 {
      var stream = ""
      for _ in 0..<Int.random(in: 1...16, using: &chance) {
        stream += parts.randomElement(using: &chance)!
        if Bool.random(using: &chance) { stream += "\r\n" }
      }
      _ = RESPReplyReader(limit: 64).readingInEveryCut(bytes(stream))
    }
  }
}
