import SwitchboardProtocols

/// One request that is made again and again, and how the replies to it are told apart: what there is for
/// servers of HTTP and of RESP, and for those whose protocol nobody here knows.
///
/// A value; any thread may use it.
public struct LoadExchange: Sendable, Hashable {
  /// What a reply is.
  public enum Reply: Sendable, Hashable {
    /// These bytes and no others.
    case bytes([UInt8])
    /// As many bytes, whatever they are.
    case length(Int)
    /// Everything up to these bytes, and they themselves.
    case until([UInt8])
    /// A reply of HTTP/1.1; of requests with the method `HEAD`, one without a body.
    case http(toHead: Bool)
    /// A reply of RESP, version 2 or 3.
    case resp
  }

  /// The bytes that are sent.
  public let request: [UInt8]
  /// What comes.
  public let reply: Reply
  /// What it is, by option, as results tell it.
  public let summary: [String: String]

  /// The most bytes of a request, and of a reply that is known to the byte: 16 MiB. Of a request of HTTP its body
  /// may have as many, and what stands before it 64 KiB more.
  public static let largest = 16 << 20
  /// The most bytes before a body.
  static let largestHead = 64 << 10

  init(_ request: [UInt8], _ reply: Reply, _ summary: [String: String]) {
    (self.request, self.reply, self.summary) = (request, reply, summary)
  }

  /// Bytes, and what must come of them.
  public static func bytes(_ request: [UInt8], _ reply: Reply) -> LoadExchange {
    var summary = ["send": shown(request)]
    switch reply {
    case .bytes(let bytes): summary["expect"] = shown(bytes)
    case .length(let count): summary["expect-length"] = "\(count)"
    case .until(let bytes): summary["expect-until"] = shown(bytes)
    case .http, .resp: break
    }
    return LoadExchange(request, reply, summary)
  }

  /// A command of RESP: its words, the name first.
  public static func resp(_ words: [[UInt8]]) -> LoadExchange {
    var request = Array("*\(words.count)\r\n".utf8)
    for word in words { request += Array("$\(word.count)\r\n".utf8) + word + Array("\r\n".utf8) }
    return LoadExchange(request, .resp, ["command": shown(Array(words.joined(separator: [0x20])))])
  }

  /// What would not work, in a line with the next action; nil if all is well.
  public var mistake: String? {
    if request.isEmpty { return "the request has no byte: give at least one" }
    let head = if case .http = reply { LoadExchange.largestHead } else { 0 }
    if request.count > LoadExchange.largest + head { return tooLong("the request") }
    switch reply {
    case .bytes(let bytes) where bytes.count > LoadExchange.largest: return tooLong("the reply")
    case .bytes(let bytes) where bytes.isEmpty, .until(let bytes) where bytes.isEmpty:
      return "nothing is expected: give at least one byte"
    case .length(let count) where count < 1: return "nothing is expected: give a length from 1 on"
    default: return nil
    }
  }

  private func tooLong(_ what: String) -> String {
    "\(what) is longer than \(LoadExchange.largest) bytes: give a shorter one"
  }

  /// The one right reply, where there is only one.
  var onlyReply: [UInt8] { if case .bytes(let bytes) = reply { bytes } else { [] } }

  // -------------------------------------------------------------------------------- words

  /// Bytes as one may write them for an option: printable ones as they are, others as escapes; the
  /// beginning of many.
  public static func shown(_ bytes: [UInt8]) -> String {
    let text = bytes.prefix(mostShown).map(shown).joined()
    return bytes.count > mostShown ? text + "… (\(bytes.count) bytes)" : text
  }

  private static func shown(_ byte: UInt8) -> String {
    switch byte {
    case UInt8(ascii: "\r"): "\\r"
    case UInt8(ascii: "\n"): "\\n"
    case UInt8(ascii: "\t"): "\\t"
    case UInt8(ascii: "\\"): "\\\\"
    case 0x20...0x7E: String(UnicodeScalar(byte))
    default: "\\x" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
  }

  private static let mostShown = 100
}
