/// A request of HTTP/1.1, made of what a user names.
public struct LoadHTTPRequest: Sendable {
  /// The method; `HEAD` brings no body.
  public var method: String
  /// What is asked for, from the slash on.
  public var path: String
  /// What the field `Host` says, unless ``headers`` has one.
  public var host: String
  /// Fields of the header section, in their order.
  public var headers: [(name: String, value: String)]
  /// Nil sends none.
  public var body: [UInt8]?

  /// A request with these.
  public init(
    method: String = "GET", path: String = "/", host: String,
    headers: [(name: String, value: String)] = [], body: [UInt8]? = nil
  ) {
    (self.method, self.path, self.host) = (method, path, host)
    (self.headers, self.body) = (headers, body)
  }

  /// What would make it another request, or none, in a line with the next action; nil if all is well.
  public var mistake: String? {
    if method.isEmpty || !method.utf8.allSatisfy(LoadHTTPRequest.isToken) {
      return "'\(method)' is no method: give a word such as GET or POST"
    }
    if method == "CONNECT" { return "CONNECT makes a tunnel, which this is not for: give another" }
    if path.isEmpty || !path.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
      return "'\(path)' is no path: write a space, and what is not ASCII, as %NN"
    }
    if let body, body.count > LoadExchange.largest {
      return "the body is longer than \(LoadExchange.largest) bytes: give a shorter one"
    }
    if path.first != "/", path != "*" { return "'\(path)' is no path: begin it with '/'" }
    return headers.lazy.compactMap(LoadHTTPRequest.mistake).first
  }

  private static func mistake(_ header: (name: String, value: String)) -> String? {
    if header.name.isEmpty || !header.name.utf8.allSatisfy(isToken) {
      return "'\(header.name)' is no name of a header: give 'Name: value'"
    }
    if header.value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) {
      return "the header '\(header.name)' has a character that ends lines: leave it out"
    }
    if ["content-length", "transfer-encoding"].contains(header.name.lowercased()) {
      return "'\(header.name)' follows from the body: leave it out"
    }
    return nil
  }

  /// A byte of methods and names (RFC 9110, 5.6.2).
  private static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }

  /// What is sent.
  var bytes: [UInt8] {
    var lines = ["\(method) \(path) HTTP/1.1"]
    let namesHost = headers.contains { $0.name.lowercased() == "host" }
    if !namesHost { lines.append("Host: \(host)") }
    lines += headers.map { "\($0.name): \($0.value)" }
    // Without one, a server of these methods may wait for a body, or ask for its length.
    if body != nil || ["POST", "PUT", "PATCH"].contains(method) {
      lines.append("Content-Length: \(body?.count ?? 0)")
    }
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (body ?? [])
  }
}

extension LoadExchange {
  /// A request of HTTP/1.1.
  public static func http(_ request: LoadHTTPRequest) -> LoadExchange {
    var summary = ["request": shown(Array("\(request.method) \(request.path)".utf8))]
    if !request.headers.isEmpty {
      let lines = request.headers.map { "\($0.name): \($0.value)" }.joined(separator: "; ")
      summary["header"] = shown(Array(lines.utf8))
    }
    if let body = request.body { summary["body"] = "\(body.count) bytes" }
    return LoadExchange(request.bytes, .http(toHead: request.method == "HEAD"), summary)
  }
}
