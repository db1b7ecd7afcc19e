/// A server as a command line names it: `localhost:9090`, `[::1]:9090`, or `9090`, a port of this machine.
public struct HostPort: Hashable, Sendable {
  /// A name or an address, as it was written; nil where a port stood alone.
  public let host: String?
  /// From 0 to 65535; 0 is nowhere to connect to.
  public let port: UInt16

  /// A host and a port that are known apart.
  public init(host: String?, port: UInt16) { (self.host, self.port) = (host, port) }

  /// Reads one; nil where there is no port, or nothing before its colon.
  public init?(_ text: String) {
    let colon = text.lastIndex(of: ":")
    let digits = colon.map { text[text.index(after: $0)...] } ?? text[...]
    guard colon != text.startIndex, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let port = UInt16(digits)
    else { return nil }
    self.init(host: colon.map { String(text[..<$0]) }, port: port)
  }

  /// The host's name for who looks it up: this machine's where none was written.
  public var name: String { host ?? "localhost" }
}
