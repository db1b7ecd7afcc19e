import SwitchboardProtocols
import Testing

/// What a stream of commands gives: their arguments, and the error that ends it.
private struct Commands: Equatable {
  var all: [[[UInt8]]] = []
  var error: RESPError?

  /// What comes of such pieces, where what is left is given again as a connection does.
  init(_ pieces: [[UInt8]], limits: RESPLimits = RESPLimits(), mostLeft: Int = 4096) {
    var (reader, arguments) = (RESPReader(limits: limits, mostLeft: mostLeft), RESPArguments())
    var left: [UInt8] = []
    do throws(RESPError) {
      for piece in pieces {
        let input = left + piece
        var place = 0
        while try reader.next(in: input.span, from: &place, into: &arguments) {
          let source = arguments.takeOwn() ?? input
          all.append((0..<arguments.count).map { Array(source[arguments[$0]]) })
        }
        left = Array(input[place...])
        if left.count > mostLeft { Issue.record("\(left.count) bytes left") }
      }
    } catch {
      self.error = error
    }
  }

  /// What a stream gives, after having seen that it gives the same in single bytes and in every two pieces.
  static func inEveryCut(_ stream: [UInt8], limits: RESPLimits = RESPLimits()) -> Commands {
    let whole = Commands([stream], limits: limits)
    for mostLeft in [0, 8, 4096] {
      let single = Commands(stream.map { [$0] }, limits: limits, mostLeft: mostLeft)
      #expect(single == whole, "single bytes")
      for cut in 0...stream.count {
        let pieces = [Array(stream[..<cut]), Array(stream[cut...])]
        guard Commands(pieces, limits: limits, mostLeft: mostLeft) != whole else { continue }
        Issue.record("another reading when cut at \(cut)")
      }
    }
    return whole
  }

  static func text(_ stream: String) -> Commands { inEveryCut(bytes(stream)) }

  var words: [[String]] { all.map { $0.map { String(decoding: $0, as: UTF8.self) } } }
}

@Suite struct RESPReaderTests {
  @Test(arguments: [
    ("*1\r\n$4\r\nPING\r\n", [["PING"]]),
    ("*2\r\n$3\r\nGET\r\n$0\r\n\r\nPING\r\n", [["GET", ""], ["PING"]]),
    ("*0\r\n*-1\r\n*-10\r\n\r\n\n  \r\nPING\n", [["PING"]]),
    ("*1\r\n$2\r\n\r\n\r\n*1\r\n$1\r\nx\r\n", [["\r\n"], ["x"]]),
    ("set  a\tb \r\nget a\n", [["set", "a", "b"], ["get", "a"]]),
    (#"echo "a b" 'c d' "" ''"# + "\r\n", [["echo", "a b", "c d", "", ""]]),
    (#"echo "\x41\n\"\\\q\x4" '\'\n'"# + "\n", [["echo", "A\n\"\\qx4", "'\\n"]]),
    (#"a"b c" d'e'"# + "\n", [["ab c", "de"]]),
    ("PING\r\n*1\r\n$4\r\nPING", [["PING"]]),
    ("*12345678", []),
  ])
  func `Commands are read alike however they are cut`(stream: String, words: [[String]]) {
    let found = Commands.text(stream)
    #expect(found.words == words)
    #expect(found.error == nil)
  }

  @Test(arguments: [
    ("*3000000000\r\n", RESPError.invalidMultibulkLength),
    ("*1048577\r\n", .invalidMultibulkLength),
    ("*\r\n", .invalidMultibulkLength),
    ("*+1\r\n", .invalidMultibulkLength),
    ("*01\r\n", .invalidMultibulkLength),
    ("*1 \r\n", .invalidMultibulkLength),
    ("*1\rx", .invalidMultibulkLength),
    ("*99999999999999999999999999\r\n", .invalidMultibulkLength),
    ("*-\r\n", .invalidMultibulkLength),
    ("*2\r\n$3\r\nGET\r\n$-1\r\n", .invalidBulkLength),
    ("*1\r\n$blabla\r\n", .invalidBulkLength),
    ("*1\r\n$2000000000\r\n", .invalidBulkLength),
    ("*1\r\n$536870913\r\n", .invalidBulkLength),
    ("*1\r\n$9223372036854775807\r\n", .invalidBulkLength),
    ("*1\r\nfoo\r\n", .expectedDollar(0x66)),
    ("*1\r\n\r\n", .expectedDollar(0x0D)),
    ("*1\r\n$1\r\nxyz", .expectedLineEnd),
    ("*1\r\n$1\r\nx\rz", .expectedLineEnd),
    ("set \"\"\"key\"\"\" value\r\n", .unbalancedQuotes),
    ("echo \"a\r\n", .unbalancedQuotes),
    ("echo 'a\r\n", .unbalancedQuotes),
    ("echo 'a'b\r\n", .unbalancedQuotes),
    ("echo \"a\\\r\n", .unbalancedQuotes),
  ])
  func `What is wrong is told`(stream: String, error: RESPError) {
    let found = Commands.text("PING\r\n" + stream)
    #expect(found.words == [["PING"]])
    #expect(found.error == error)
  }

  @Test func `Errors are worded as clients know them`() {
    #expect("\(RESPError.expectedDollar(0x66))" == "Protocol error: expected '$', got 'f'")
    #expect("\(RESPError.expectedDollar(0x0D))" == "Protocol error: expected '$', got '\\x0d'")
    #expect("\(RESPError.unbalancedQuotes)" == "Protocol error: unbalanced quotes in request")
    #expect("\(RESPError.invalidBulkLength)" == "Protocol error: invalid bulk length")
  }

  @Test(arguments: [
    ("", RESPError.inlineTooLong), ("*", .multibulkLineTooLong), ("*1\r\n$", .bulkLineTooLong),
  ])
  func `A line without an end is not waited for without end`(start: String, error: RESPError) {
    let most = RESPLimits.line
    let start = bytes(start)
    let digits = [UInt8](repeating: 0x31, count: most - (start.isEmpty ? 0 : 1))
    #expect(Commands([start + digits]).error == nil)
    #expect(Commands([start + digits + [0x31]]).error == error)
    let pieces = stride(from: 0, to: most, by: 100).map { _ in [UInt8](repeating: 0x31, count: 100)
    }
    #expect(Commands([start] + pieces + [digits]).error == error)
  }

  @Test func `A line of the greatest length is read`() {
    let word = [UInt8](repeating: 0x61, count: RESPLimits.line)
    #expect(Commands([word + [0x0A]]).all == [[word]])
    #expect(Commands([word + [0x61, 0x0A]]).error == .inlineTooLong)
  }

  @Test func `Limits hold for arguments, each of them and all of them`() {
    let limits = RESPLimits(arguments: 2, bulk: 3, command: 30)
    func read(_ text: String) -> Commands { Commands.inEveryCut(bytes(text), limits: limits) }
    #expect(read("*2\r\n$3\r\nabc\r\n$3\r\nabc\r\n").words == [["abc", "abc"]])
    #expect(read("*3\r\n").error == .invalidMultibulkLength)
    #expect(read("*1\r\n$4\r\nabcd\r\n").error == .invalidBulkLength)
    let small = RESPLimits(command: 20)
    let long = Commands.inEveryCut(bytes("*2\r\n$2\r\nab\r\n$9\r\nabcdefghi\r\n"), limits: small)
    #expect(long.error == .commandTooLong(limit: 20))
  }

  @Test func `A reader that has failed goes on failing`() {
    var (reader, arguments, place) = (RESPReader(), RESPArguments(), 0)
    let wrong = bytes("*x\r\nPING\r\n")
    for _ in 0..<2 {
      do throws(RESPError) {
        _ = try reader.next(in: wrong.span, from: &place, into: &arguments)
        Issue.record("it was read")
      } catch {
        #expect(error == .invalidMultibulkLength)
      }
    }
    #expect(reader.heldCount == 0)
  }

  // -------------------------------------------------------------------------- what is held

  @Test func `A command that came whole is lent, and nothing is held`() throws {
    var (reader, arguments, place) = (RESPReader(), RESPArguments(), 0)
    let input = bytes("*2\r\n$3\r\nGET\r\n$1\r\nk\r\nPING\r\n*1\r\n$4\r\nPI")
    var found: [[Range<Int>]] = []
    while try reader.next(in: input.span, from: &place, into: &arguments) {
      let own = arguments.takeOwn()
      #expect(own == nil)
      found.append((0..<arguments.count).map { arguments[$0] })
    }
    #expect(found == [[8..<11, 17..<18], [20..<24]])
    #expect(place == 26)
    #expect(reader.heldCount == 0)
  }

  @Test func `A large argument is held as it comes, and what lies behind it is left`() throws {
    var (reader, arguments) = (RESPReader(), RESPArguments())
    let value = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) }
    let stream = bytes("*2\r\n$1\r\nx\r\n$1000000\r\n") + value + bytes("\r\nPING\r\n")
    var start = 0
    while start < stream.count {
      let end = min(start + 65536, stream.count)
      let piece = Array(stream[start..<end])
      var place = 0
      let isWhole = try reader.next(in: piece.span, from: &place, into: &arguments)
      guard isWhole else {
        #expect(place == piece.count && reader.heldCount == end)
        start = end
        continue
      }
      let own = arguments.takeOwn() ?? []
      #expect(Array(own[arguments[1]]) == value)
      #expect(reader.heldCount == 0)
      #expect(Array(piece[place...]) == bytes("PING\r\n"))
      return
    }
    Issue.record("it was never whole")
  }

  @Test func `Many small arguments in many pieces are read`() {
    let words = (0..<20_000).map { bytes("word\($0)") }
    let stream =
      bytes("*\(words.count)\r\n")
      + words.flatMap { bytes("$\($0.count)\r\n") + $0 + bytes("\r\n") }
    let pieces = stride(from: 0, to: stream.count, by: 777).map {
      Array(stream[$0..<min($0 + 777, stream.count)])
    }
    #expect(Commands(pieces).all == [words])
    #expect(Commands([stream + stream]).all == [words, words])
  }

  @Test func `Arguments that are kept have bytes of their own`() throws {
    var (reader, arguments, place) = (RESPReader(), RESPArguments(), 0)
    let input = bytes("SET key value\r\n")
    let isWhole = try reader.next(in: input.span, from: &place, into: &arguments)
    var kept = arguments.copied(from: input.span)
    let own = kept.takeOwn() ?? []
    #expect(isWhole)
    #expect((0..<kept.count).map { Array(own[kept[$0]]) } == ["SET", "key", "value"].map(bytes))
    #expect(kept.byteCount == 11)
  }

  // --------------------------------------------------------------------------------- chance

  @Test(arguments: 0..<200)
  func `Bytes of any kind are read alike however they are cut`(seed: Int) {
    var random = Seeded(state: UInt64(seed))
    let parts = [
      "*1\r\n", "*2\r\n", "$1\r\n", "$3\r\n", "x\r\n", "abc\r\n", "\r\n", "PING\r\n", "*", "$",
      "\r", "\n",
      "\"", "'", "\\x", "-1\r\n", "0", "9999999999", " ", "*0\r\n",
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n",
      "\u{0}",
    ]
    var stream: [UInt8] = []
    for _ in 0..<40 { stream += bytes(parts.randomElement(using: &random)!) }
    let whole = Commands([stream])
    for _ in 0..<20 {
      var (pieces, start): ([[UInt8]], Int) = ([], 0)
      while start < stream.count {
        let end = min(stream.count, start + Int.random(in: 1...30, using: &random))
        pieces.append(Array(stream[start..<end]))
        start = end
      }
      let mostLeft = Int.random(in: 0...30, using: &random)
      #expect(Commands(pieces, mostLeft: mostLeft) == whole)
    }
  }
}
