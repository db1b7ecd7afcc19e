import Glibc
import Switchboard
import SwitchboardLoad
import TestSupport
import Testing

/// Answers each request of HTTP by the next of some replies, and counts them. It knows a request by its empty
/// line: those of these tests have no body.
struct HTTPServer: Session {
  /// What becomes of the connection behind a reply.
  enum Then: Sendable { case goesOn, closes }

  let replies: [(text: String, then: Then)]
  let count: RequestCount
  private var next = 0
  private var ending = 0

  /// - Parameter replies: A line ends with `|`.
  init(_ replies: [(String, Then)], _ count: RequestCount) {
    self.replies = replies.map { ($0.0.replacing("|", with: "\r\n"), $0.1) }
    self.count = count
  }

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    for index in bytes.indices {
      // CR LF CR LF
      ending = bytes[index] == (ending % 2 == 0 ? 0x0D : 0x0A) ? ending + 1 : 0
      guard ending == 4 else { continue }
      ending = 0
      count.add(1)
      let reply = replies[next % replies.count]
      next += 1
      connection.write(reply.text)
      // Whatever was sent behind it is not looked at.
      if reply.then == .closes { return connection.close() }
    }
  }
}

extension LoadGenerator {
  static let get = LoadExchange.http(LoadHTTPRequest(host: "localhost"))
  static let hello = "HTTP/1.1 200 OK|Content-Length: 5||hello"

  @Test(arguments: [1, 4])
  func `Replies of HTTP are read, however they say how long they are`(pipeline: Int) throws {
    let count = RequestCount()
    let replies: [(String, HTTPServer.Then)] = [
      (Self.hello, .goesOn), ("HTTP/1.1 100 Continue||HTTP/1.1 204 x||", .goesOn),
      ("HTTP/1.1 200 OK|Transfer-Encoding: chunked||5;x|hello|0|A: b||", .goesOn),
      ("HTTP/1.1 304 x|Content-Length: 7||", .goesOn),
    ]
    try serving(HTTPServer(replies, count)) { port, _ in
      let result = try load(port) {
        ($0.speaking, $0.exchange, $0.pipeline) = (.http, Self.get, pipeline)
      }
      #expect(result.failures == LoadFailures())
      #expect(result.allRequests > 0 && result.allRequests == count.total)
      #expect(result.connectionsMade == 8)
      #expect(result.setup["request"] == "GET /" && result.setup["size"] == nil)
      let text = LoadReport(result, width: 100, color: false).lines.joined(separator: "\n")
      #expect(text.contains("request GET /") && text.contains("every reply read to its end"))
    }
  }

  @Test(arguments: [1, 4], [[], [2000.0]])
  func `Where the server closes, the next request makes another connection`(
    pipeline: Int, rates: [Double]
  ) throws {
    let closing: [(String, HTTPServer.Then)] = [
      (Self.hello, .goesOn), ("HTTP/1.1 200 OK|Connection: close|Content-Length: 2||ab", .closes),
    ]
    for replies in [closing, [("HTTP/1.1 200 OK||until the end", .closes)]] {
      let count = RequestCount()
      try serving(HTTPServer(replies, count)) { port, _ in
        let result = try load(port) {
          ($0.speaking, $0.exchange, $0.pipeline) = (.http, Self.get, pipeline)
          $0.rates = rates
        }
        // Requests behind the last one are sent again, and nothing is lost.
        #expect(result.failures == LoadFailures(), "\(result.failures)")
        #expect(result.all.isBalanced && result.window.isBalanced)
        #expect(result.allRequests > 0 && result.allRequests == count.total)
        #expect(result.connectionsMade >= result.allRequests / replies.count)
        #expect(result.isFlawless)
      }
    }
  }

  @Test func `A status of 400 or above counts as answered, and is told`() throws {
    let replies: [(String, HTTPServer.Then)] = [
      (Self.hello, .goesOn), ("HTTP/1.1 404 Not Found|Content-Length: 1||x", .goesOn),
    ]
    let count = RequestCount()
    try serving(HTTPServer(replies, count)) { port, _ in
      let result = try load(port) { ($0.speaking, $0.exchange) = (.http, Self.get) }
      #expect(result.allRequests == count.total && result.all.unanswered == 0)
      #expect(abs(result.failures[.errorStatus] - count.total / 2) <= 8)
      #expect(result.failures.kinds == [.errorStatus])
      #expect(result.failures.examples["errorStatus"] == "status 404")
      #expect(!result.isFlawless)
      let text = LoadReport(result, width: 200, color: false).lines.joined(separator: "\n")
      #expect(text.contains("× status other than 2xx and 3xx (first: status 404): check --path"))
    }
  }

  @Test func `What is no reply of HTTP is wrong, and what else came with it is not waited for`()
    throws
  {
    for (reply, kind) in [
      ("HTTP/1.1 200 OK|Content-Length: 5|Content-Length: 6||hello", LoadFailure.wrongReply),
      ("SSH-2.0-x|", .wrongReply), (Self.hello + Self.hello, .surplus),
    ] {
      try serving(HTTPServer([(reply, .goesOn)], RequestCount())) { port, _ in
        let result = try load(port) { ($0.speaking, $0.exchange) = (.http, Self.get) }
        #expect(result.failures[kind] > 0)
        #expect(result.all.isBalanced)
        #expect(kind == .surplus || result.allRequests == 0)
      }
    }
  }

  @Test func `A connection that the server closes while nothing is asked is no failure`() throws {
    /// Closes a moment after each reply.
    struct Impatient: Session {
      var http = HTTPServer([(LoadGenerator.hello, .goesOn)], RequestCount())
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        http.received(bytes, &connection)
        connection.setTimer(after: .milliseconds(5))
      }
      mutating func elapsed(_ connection: inout Connection) { connection.close() }
    }
    try serving(Impatient()) { port, _ in
      let result = try load(port) {
        ($0.speaking, $0.exchange) = (.http, Self.get)
        $0.connections = 2
        $0.thinkTime = .milliseconds(60)
      }
      #expect(result.allRequests > 0)
      #expect(result.connectionsMade > 2)
      #expect(result.failures == LoadFailures())
    }
  }

  @Test func `Commands are answered by values, and an error is a wrong answer`() throws {
    /// Answers a command by what is next.
    struct Values: Session {
      let values: [String]
      private var next = 0
      init(_ values: String...) { self.values = values }
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        for index in bytes.indices where bytes[index] == UInt8(ascii: "*") {
          connection.write(values[next % values.count])
          next += 1
        }
      }
    }
    let command = LoadExchange.resp([Array("GET".utf8), Array("a key".utf8)])
    #expect(command.request == Array("*2\r\n$3\r\nGET\r\n$5\r\na key\r\n".utf8))
    try serving(Values("$3\r\nabc\r\n", "*2\r\n:1\r\n_\r\n", ">1\r\n+x\r\n+OK\r\n")) { port, _ in
      let result = try load(port) {
        ($0.speaking, $0.exchange, $0.pipeline) = (.resp, command, 3)
      }
      #expect(result.failures == LoadFailures())
      #expect(result.allRequests > 0)
    }
    try serving(Values("+OK\r\n", "-ERR no \u{1B}[2J such key\r\n")) { port, _ in
      let result = try load(port) {
        ($0.speaking, $0.exchange, $0.pipeline) = (.resp, command, 3)
      }
      #expect(result.failures.kinds == [.errorReply])
      #expect(result.failures[.errorReply] == result.all.wrong)
      #expect(result.all.wrong > 0 && result.all.answered > 0 && result.all.lost == 0)
      #expect(result.failures.examples["errorReply"] == "ERR no \\x1B[2J such key")
      #expect(result.connectionsMade == 8)
    }
  }

  @Test(arguments: [
    LoadExchange.Reply.bytes(Array("ab\n".utf8)), .length(3), .until(Array("\n".utf8)),
    .until(Array("b\n".utf8)),
  ])
  func `Bytes are answered by bytes, by so many, or up to some`(reply: LoadExchange.Reply) throws {
    struct Echoing: Session {
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
        connection.write(bytes)
      }
    }
    try serving(Echoing()) { port, _ in
      let result = try load(port) {
        ($0.speaking, $0.exchange) = (.bytes, .bytes(Array("ab\n".utf8), reply))
        $0.pipeline = 5
      }
      #expect(result.failures == LoadFailures())
      #expect(result.allRequests > 0)
      let wrong = try load(port) {
        ($0.speaking, $0.exchange) = (.bytes, .bytes(Array("ab\nab\n".utf8), reply))
      }
      // One byte too many, or a reply that nobody has asked for.
      #expect(wrong.failures.server > 0)
      #expect(wrong.all.isBalanced)
    }
  }

  @Test func `A Unix-domain socket is a server like any other`() throws {
    let address = SocketAddress.abstract("switchboard-load-\(getpid())")
    let session = { @Sendable in HTTPServer([(Self.hello, .goesOn)], RequestCount()) }
    let place = { (server: inout Server) in server.addresses = [address] }
    try serving(session(), configure: place) { _, _ in
      var options = LoadOptions(on: [address])
      (options.speaking, options.exchange) = (.http, Self.get)
      (options.connections, options.idle) = (4, 3)
      options.warmUp = .zero
      options.requests = 500
      let result = try LoadRun(options).run()
      #expect(result.failures == LoadFailures())
      #expect(result.allRequests == 500 && result.connected == 7)
      options.sources = [.loopback(port: 0)]
      #expect(options.mistake?.contains("leave out --source") == true)
    }
  }
}

/// What is sent, and what cannot be.
@Suite struct LoadExchangeTests {
  @Test func `A request of HTTP says what is needed, and no more`() {
    func text(_ request: LoadHTTPRequest) -> String {
      String(decoding: LoadExchange.http(request).request, as: UTF8.self)
    }
    #expect(text(LoadHTTPRequest(host: "a:1")) == "GET / HTTP/1.1\r\nHost: a:1\r\n\r\n")
    #expect(
      text(
        LoadHTTPRequest(
          method: "PUT", path: "/x?y=1", host: "a", headers: [("hOst", "b"), ("X", "")],
          body: Array("abc".utf8)))
        == "PUT /x?y=1 HTTP/1.1\r\nhOst: b\r\nX: \r\nContent-Length: 3\r\n\r\nabc")
    #expect(text(LoadHTTPRequest(method: "POST", host: "a")).contains("Content-Length: 0\r\n"))
    #expect(
      LoadExchange.http(LoadHTTPRequest(method: "HEAD", host: "a")).reply == .http(toHead: true))
  }

  @Test(
    arguments: [
      { $0.method = "" }, { $0.method = "GET /" }, { $0.method = "CONNECT" }, { $0.path = "" },
      { $0.path = "x" }, { $0.path = "/a b" }, { $0.path = "/ä" }, { $0.path = "/\r\nX: y" },
      { $0.headers = [("", "x")] }, { $0.headers = [("a b", "x")] },
      { $0.headers = [("a", "x\r\nb: c")] }, { $0.headers = [("Content-length", "5")] },
      { $0.headers = [("Transfer-Encoding", "chunked")] },
    ] as [@Sendable (inout LoadHTTPRequest) -> Void])
  func `What would make it another request is refused`(
    change: @Sendable (inout LoadHTTPRequest) -> Void
  ) {
    var request = LoadHTTPRequest(host: "a")
    #expect(request.mistake == nil)
    change(&request)
    #expect(request.mistake?.contains(": ") == true)
  }

  @Test func `An exchange has something to send and something to wait for`() {
    let ok = Array("x".utf8)
    for exchange in [
      LoadExchange.bytes([], .length(1)), .bytes(ok, .length(0)), .bytes(ok, .bytes([])),
      .bytes(ok, .until([])),
      .bytes(Array(repeating: 0, count: LoadExchange.largest + 1), .length(1)),
    ] {
      var options = LoadOptions(on: [.loopback(port: 9)])
      (options.speaking, options.exchange) = (.bytes, exchange)
      #expect(options.mistake?.contains(": give") == true)
    }
    var options = LoadOptions(on: [.loopback(port: 9)])
    for speaking in [LoadProtocol.http, .resp, .bytes] {
      options.speaking = speaking
      #expect(options.mistake?.contains("say what is asked") == true)
    }
    (options.speaking, options.exchange) = (.echo, .bytes(ok, .length(1)))
    #expect(options.mistake?.contains("leave the others out") == true)
  }

  @Test func `A body may have 16 MiB, and not a byte more`() {
    func mistake(_ count: Int) -> String? {
      let body = [UInt8](repeating: 0, count: count)
      return LoadHTTPRequest(host: "a", body: body).mistake
        ?? LoadExchange.http(LoadHTTPRequest(host: "a", body: body)).mistake
    }
    #expect(mistake(16 << 20) == nil)
    #expect(mistake((16 << 20) + 1)?.contains("the body is longer than 16777216 bytes") == true)
  }

  @Test func `Bytes are shown as one may write them`() {
    #expect(LoadExchange.shown(Array("a\r\n\t\\ \u{0}\u{7F}".utf8)) == "a\\r\\n\\t\\\\ \\x00\\x7F")
    #expect(LoadExchange.shown(Array(repeating: 0x61, count: 101)).hasSuffix("aa… (101 bytes)"))
  }
}
