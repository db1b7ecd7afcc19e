import Glibc
import SwitchboardTLS

@testable import Switchboard

/// A client that waits, over a socket whose bytes it may meddle with. Nothing takes longer than half a minute.
final class TLSCaller {
  struct Failure: Error {
    let what: String
  }

  let end: End
  private let socket: Int32
  private var read = 0
  private(set) var isOverWire = false

  init(to port: UInt16, _ tls: ClientTLS, shakesHands: Bool = true, piece: Int = .max) throws {
    end = End(try TLSConnector(tls))
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var patience = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var on: Int32 = 1
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafeBytes(of: &address) {
      Glibc.connect(
        socket, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
    }
    guard connected == 0 else { throw Failure(what: "connect: \(errno)") }
    guard shakesHands else { return }
    try flush(piece)
    while !end.isOpen {
      guard end.outcome == .going else { throw Failure(what: "\(end.outcome)") }
      try take()
      try flush(piece)
    }
  }

  deinit { close(socket) }

  /// Sends what the filter has to say.
  func flush(_ piece: Int = .max) throws {
    for part in end.takeWire().cut(piece) { try sendRaw(part) }
  }

  func sendRaw(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure(what: "send: \(errno)") }
      rest = rest.dropFirst(count)
    }
  }

  func takeOnce() throws { try take() }

  private func take() throws {
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = recv(socket, &bytes, bytes.count, 0)
    guard count >= 0 else { throw Failure(what: "recv: \(errno)") }
    if count == 0 { isOverWire = true }
    guard count > 0 else { throw Failure(what: "the wire ended") }
    end.take(Array(bytes[..<count]))
  }

  func send(_ bytes: [UInt8], piece: Int = .max) throws {
    if let failure = end.seal(bytes) { throw Failure(what: failure.description) }
    try flush(piece)
  }

  func receive(_ count: Int) throws -> [UInt8] {
    while end.plain.count - read < count {
      guard end.outcome == .going else { throw Failure(what: "\(end.outcome)") }
      try take()
    }
    defer { read += count }
    return Array(end.plain[read..<read + count])
  }

  /// All that comes until the peer says that nothing more does.
  func receiveToEnd() throws -> [UInt8] {
    while end.outcome == .going { try take() }
    guard end.outcome == .ended else { throw Failure(what: "\(end.outcome)") }
    defer { read = end.plain.count }
    return Array(end.plain[read...])
  }

  /// Whether the wire has ended, and nothing is left to be read.
  var isCutOff: Bool {
    var byte: UInt8 = 0
    let count = recv(socket, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
    return count == 0 || (count < 0 && errno == ECONNRESET)
  }

  /// Waits until the wire ends; whether that was by a reset.
  func waitForWire() throws {
    while true {
      do { try take() } catch {
        guard isOverWire || errno == ECONNRESET else { throw error }
        return
      }
    }
  }

  /// Tells the peer that nothing more comes.
  func finishSending() throws {
    end.end()
    try flush()
  }

  func endWire() { shutdown(socket, Int32(SHUT_WR)) }

  func reset() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    shutdown(socket, Int32(SHUT_RD))
  }
}
