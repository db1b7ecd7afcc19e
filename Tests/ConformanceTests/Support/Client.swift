import Glibc
import Switchboard

/// A blocking client, made of plain system calls and nothing of the library. Every call gives up
/// after ten seconds.
final class Client: @unchecked Sendable, Equatable {
  enum Failure: Error, Hashable {
    case call(String, Int32)
    case ended(after: Int)
  }

  private(set) var descriptor: Int32
  /// The port that the server knows it by.
  let port: UInt16

  /// Connects to a port on this machine.
  ///
  /// - Parameter high: Take a number from 1100 on, and so none of those that `select` can hold.
  init(
    to port: UInt16, family: SocketAddress.Family = .v4, receiveBuffer: Int32? = nil,
    high: Bool = false
  ) throws {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    var number = Glibc.socket(family == .v4 ? AF_INET : AF_INET6, kind, 0)
    guard number >= 0 else { throw Failure.call("socket", errno) }
    if high {
      let low = number
      number = fcntl(low, F_DUPFD_CLOEXEC, 1100)
      Glibc.close(low)
      guard number >= 0 else { throw Failure.call("fcntl", errno) }
    }
    descriptor = number
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var one: Int32 = 1
    setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
    if var receiveBuffer { setsockopt(number, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
    guard withLoopback(family, port, { connect(number, $0, $1) }) == 0 else {
      let failure = Failure.call("connect", errno)
      Glibc.close(number)
      throw failure
    }
    var address = SocketAddress.any(port: 0)
    _ = Linux().localAddress(Descriptor(rawValue: number), into: &address)
    self.port = address.port
  }

  deinit { close() }

  static func == (a: Client, b: Client) -> Bool { a === b }

  /// Sends all of it.
  func send(_ bytes: [UInt8]) throws {
    var bytes = bytes[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure.call("send", errno) }
      bytes = bytes.dropFirst(count)
    }
  }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  /// Sends what the connection takes without waiting; how much that was.
  func sendWhatFits(_ bytes: [UInt8]) -> Int {
    let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
    return max(0, bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) })
  }

  /// Receives up to `most` bytes; none at the end of the stream.
  func receive(most: Int = 65536) throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: most)
    let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
    guard count >= 0 else { throw Failure.call("recv", errno) }
    return Array(buffer[..<count])
  }

  func receive(exactly count: Int) throws -> [UInt8] {
    var all: [UInt8] = []
    while all.count < count {
      let some = try receive(most: count - all.count)
      if some.isEmpty { throw Failure.ended(after: all.count) }
      all += some
    }
    return all
  }

  /// Receives to the end of the stream. Throws when that is a reset.
  func receiveToEnd() throws -> [UInt8] {
    var all: [UInt8] = []
    while true {
      let some = try receive()
      if some.isEmpty { return all }
      all += some
    }
  }

  /// Waits for the greeting.
  func greeted() throws -> Client {
    guard try receive(exactly: 1) == [0x2A] else { throw Failure.ended(after: 0) }
    return self
  }

  /// Sends a frame and answers its reply.
  func ask(_ frame: String) throws -> String {
    try receive(afterSending: frame, count: replies(to: Array(frame.utf8)).count)
  }

  func receive(afterSending text: String, count: Int) throws -> String {
    try send(text)
    return String(decoding: try receive(exactly: count), as: UTF8.self)
  }

  func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  /// Closes with a reset.
  func reset() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    let size = socklen_t(MemoryLayout.size(ofValue: linger))
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, size)
    close()
  }
}

/// What the frames protocol answers to a whole stream: the plainest possible version.
func replies(to bytes: [UInt8]) -> [UInt8] {
  var inFrame = false
  var answers: [UInt8] = []
  for byte in bytes {
    switch (inFrame, byte) {
    case (false, 0x5E): inFrame = true
    case (false, _): break
    case (true, 0x24): inFrame = false
    case (true, _): answers.append(byte &+ 1)
    }
  }
  return answers
}

/// A loopback address as the system's calls take it.
func withLoopback<Result>(
  _ family: SocketAddress.Family, _ port: UInt16,
  _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
  if family == .v4 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withPointer(to: &address, body)
  }
  var address = sockaddr_in6()
  address.sin6_family = sa_family_t(AF_INET6)
  address.sin6_port = port.bigEndian
  address.sin6_addr = in6addr_loopback
  return withPointer(to: &address, body)
}

private func withPointer<Address, Result>(
  to address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
  withUnsafeBytes(of: &address) {
    body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
  }
}
