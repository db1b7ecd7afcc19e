import ArgumentParser
import SwitchboardBase
import SwitchboardLoad

/// The options of `switchboard load` that say what is asked of servers of HTTP and RESP, and of those of which
/// only bytes are known.
struct LoadRequestOptions: ParsableArguments {
  @Option(help: .of("word", "http: the method. (default: GET, or POST with a body)"))
  var method: String?

  @Option(help: .of("path", "http: what is asked for, where no URL says so. (default: /)"))
  var path: String?

  @Option(
    name: .customLong("header"),
    help: .of("name: value", "http: a header, such as 'Accept: text/html'; may be repeated."),
    transform: Read.header)
  var headers: [Read.Header] = []

  @Option(help: .of("text", "http: the body."))
  var body: String?

  @Option(
    help: .of("file", "http: a file that is the body, of 16 MiB at most."), completion: .file())
  var bodyFile: String?

  @Option(
    help: .of("words", "resp: the command, such as 'GET key'; \"…\" holds a word together."),
    transform: Read.command)
  var command: [[UInt8]]?

  @Option(
    help: .of("bytes", "bytes: the request; \\r, \\n, \\t, \\xNN and \\\\ are escapes."),
    transform: Read.bytes)
  var send: [UInt8]?

  @Option(help: .of("bytes", "bytes: the one right reply."), transform: Read.bytes)
  var expect: [UInt8]?

  @Option(
    help: .of("n", "bytes: how many bytes a reply has."), transform: Read.count(1...(1 << 40)))
  var expectLength: Int?

  @Option(help: .of("bytes", "bytes: what a reply ends with."), transform: Read.bytes)
  var expectUntil: [UInt8]?

  /// The options that were given, each with the one protocol that it is for.
  private var given: [(option: String, spoken: LoadProtocol)] {
    let all: [(String, LoadProtocol, Bool)] = [
      ("--method", .http, method != nil), ("--path", .http, path != nil),
      ("--header", .http, !headers.isEmpty), ("--body", .http, body != nil),
      ("--body-file", .http, bodyFile != nil), ("--command", .resp, command != nil),
      ("--send", .bytes, send != nil), ("--expect", .bytes, expect != nil),
      ("--expect-length", .bytes, expectLength != nil),
      ("--expect-until", .bytes, expectUntil != nil),
    ]
    return all.filter(\.2).map { ($0.0, $0.1) }
  }

  /// What is spoken: what was named, or what the other options are for.
  func speaking(_ named: LoadProtocol?, to targets: [LoadTarget]) throws -> LoadProtocol {
    var given = given
    if targets.contains(where: \.isURL) { given.insert(("http://", .http), at: 0) }
    let spoken = named ?? given.first?.spoken ?? .frames
    if let other = given.first(where: { $0.spoken != spoken }) {
      let why = named == nil ? "'\(given[0].option)'" : "'--protocol \(spoken.rawValue)'"
      throw ValidationError(
        "'\(other.option)' is for '--protocol \(other.spoken.rawValue)' and contradicts \(why): "
          + "leave one of them out.")
    }
    if path != nil, targets.contains(where: { $0.path != nil }) {
      throw ValidationError("'--path' and a URL's path contradict each other: leave one out.")
    }
    return spoken
  }

  /// What is asked of a server; nil where the protocol has requests of its own.
  ///
  /// - Parameters:
  ///   - path: What is asked for where nothing else says so.
  ///   - readsFiles: Whether a body that is a file is read now; otherwise it is left empty.
  func exchange(
    _ spoken: LoadProtocol, with target: LoadTarget, path: String?, readsFiles: Bool
  ) throws -> LoadExchange? {
    switch spoken {
    case .frames, .echo, .line: return nil
    case .http:
      let path = self.path ?? target.path ?? path ?? "/"
      return .http(try request(path, of: target.host, readsFiles))
    case .resp:
      guard let command else {
        throw ValidationError("'--protocol resp' needs '--command', such as --command 'GET key'.")
      }
      return .resp(command)
    case .bytes: return .bytes(try sent(), try expected())
    }
  }

  private func request(
    _ path: String, of host: String, _ readsFiles: Bool
  ) throws -> LoadHTTPRequest {
    if body != nil, bodyFile != nil {
      throw ValidationError("'--body' and '--body-file' contradict each other: leave one out.")
    }
    var bytes = body.map { FileName.bytes(of: $0) }
    if let bodyFile {
      let wanted = "a file of at most \(LoadExchange.largest) bytes"
      bytes =
        readsFiles
        ? try InputFile.read(bodyFile, atMost: LoadExchange.largest, wanted: wanted) : []
    }
    let request = LoadHTTPRequest(
      method: method ?? (bytes == nil ? "GET" : "POST"), path: path, host: host,
      headers: headers.map { ($0.name, $0.value) }, body: bytes)
    if let mistake = request.mistake { throw ValidationError("\(mistake).") }
    return request
  }

  private func sent() throws -> [UInt8] {
    guard let send else {
      throw ValidationError("'--protocol bytes' needs '--send', such as --send 'PING\\r\\n'.")
    }
    return send
  }

  private func expected() throws -> LoadExchange.Reply {
    let replies: [LoadExchange.Reply?] = [
      expect.map { .bytes($0) }, expectLength.map { .length($0) }, expectUntil.map { .until($0) },
    ]
    let given = replies.compactMap(\.self)
    guard given.count == 1, let reply = given.first else {
      throw ValidationError(
        "'--send' needs one of '--expect', '--expect-length' and '--expect-until': give "
          + (given.isEmpty ? "one." : "no more than one."))
    }
    return reply
  }
}

extension ArgumentHelp {
  /// What an option is for, and what its value is called.
  static func of(_ value: String, _ text: String) -> ArgumentHelp {
    ArgumentHelp(.init(text), valueName: value)
  }
}
