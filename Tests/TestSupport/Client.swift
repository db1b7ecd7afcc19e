import Glibc
import Switchboard
import SwitchboardTesting

/// A blocking client, made of plain system calls and nothing of the library. Every call gives up
/// after ``longestWait``.
public final class Client: @unchecked Sendable, Equatable {
  /// A call that failed, or a stream that ended early.
  public enum Failure: Error, Hashable {
    /// A system call, and its error number.
    case call(String, Int32)
    /// The end came after so many bytes.
    case ended(after: Int)
  }

  /// Its descriptor; -1 when it is closed.
  public private(set) var descriptor: Int32

  /// Connects to a port on this machine.
  ///
  /// - Parameters:
  ///   - receiveBuffer: What its kernel may hold unread.
  ///   - high: Take a number from 1100 on, and so none of those that `select` can hold; nil to do so
  ///     where that is possible. Tests that serve with select share a process with all the others.
  public init(
    to port: UInt16, family: SocketAddress.Family = .v4, receiveBuffer: Int32? = nil,
    high: Bool? = nil
  ) throws {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    descriptor = Glibc.socket(family == .v4 ? AF_INET : AF_INET6, kind, 0)
    guard descriptor >= 0 else { throw Failure.call("socket", errno) }
    if high != false {
      descriptor = aboveThoseOfSelect(descriptor)
      guard high == nil || descriptor >= 1100 else { throw Failure.call("fcntl", EMFILE) }
    }
    var limit = timeval(tv_sec: longestWait, tv_usec: 0)
    set(SOL_SOCKET, SO_RCVTIMEO, &limit)
    set(SOL_SOCKET, SO_SNDTIMEO, &limit)
    var one: Int32 = 1
    set(Int32(IPPROTO_TCP), TCP_NODELAY, &one)
    if var receiveBuffer { set(SOL_SOCKET, SO_RCVBUF, &receiveBuffer) }
    guard withLoopback(family, port, { connectThroughSignals(descriptor, $0, $1) }) == 0 else {
      throw Failure.call("connect", errno)
    }
    self.port = address.port
  }

  /// Connects to a Unix-domain socket of this machine by its path, or by its abstract name with a zero
  /// before it.
  public init(unix name: String) throws {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    descriptor = aboveThoseOfSelect(Glibc.socket(AF_UNIX, kind, 0))
    guard descriptor >= 0 else { throw Failure.call("socket", errno) }
    var limit = timeval(tv_sec: longestWait, tv_usec: 0)
    set(SOL_SOCKET, SO_RCVTIMEO, &limit)
    set(SOL_SOCKET, SO_SNDTIMEO, &limit)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let start = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)!
    let bytes = Array(name.utf8)
    let answer = withUnsafeMutableBytes(of: &address) { raw in
      for (place, byte) in bytes.enumerated() where start + place < raw.count {
        raw[start + place] = byte
      }
      let length = start + bytes.count + (bytes.first == 0 ? 0 : 1)
      return connectThroughSignals(
        descriptor, raw.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(length))
    }
    guard answer == 0 else { throw Failure.call("connect", errno) }
  }

  /// The other end of a connection: see ``Listening``.
  init(accepted descriptor: Int32) {
    self.descriptor = aboveThoseOfSelect(descriptor)
    var limit = timeval(tv_sec: longestWait, tv_usec: 0)
    set(SOL_SOCKET, SO_RCVTIMEO, &limit)
    set(SOL_SOCKET, SO_SNDTIMEO, &limit)
  }

  deinit { close() }

  /// The same connection.
  public static func == (a: Client, b: Client) -> Bool { a === b }

  private func set<Value: BitwiseCopyable>(_ level: Int32, _ option: Int32, _ value: inout Value) {
    setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Value>.size))
  }

  /// The port that the server knows it by.
  public private(set) var port: UInt16 = 0

  /// Where it comes from, as the server sees it.
  public var address: SocketAddress {
    var address = SocketAddress.any(port: 0)
    _ = Linux().localAddress(Descriptor(rawValue: descriptor), into: &address)
    return address
  }

  // ----------------------------------------------------------------------------- sending

  /// Sends all of it.
  public func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { bytes in
        throughSignals {
          Glibc.send(
            descriptor, bytes.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
        }
      }
      guard count > 0 else { throw Failure.call("send", errno) }
      sent += count
    }
  }

  /// Sends all of it.
  public func send(_ text: String) throws { try send(Array(text.utf8)) }

  /// Sends what the connection takes without waiting; how much that was.
  public func sendWhatFits(_ bytes: [UInt8]) -> Int {
    let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
    return max(0, bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) })
  }

  // --------------------------------------------------------------------------- receiving

  /// Receives up to `most` bytes; none at the end of the stream.
  public func receive(most: Int = 1 << 18) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
      let answer = throughSignals { recv(descriptor, buffer.baseAddress, most, 0) }
      guard answer >= 0 else { throw Failure.call("recv", errno) }
      count = answer
    }
  }

  /// Receives so many bytes.
  public func receive(exactly count: Int) throws -> [UInt8] {
    var all: [UInt8] = []
    while all.count < count {
      let some = try receive(most: min(1 << 18, count - all.count))
      if some.isEmpty { throw Failure.ended(after: all.count) }
      all += some
    }
    return all
  }

  /// Receives to the end of the stream. Throws when that is a reset.
  public func receiveToEnd() throws -> [UInt8] {
    var all: [UInt8] = []
    while true {
      let some = try receive()
      if some.isEmpty { return all }
      all += some
    }
  }

  /// Whether something has come, the end perhaps, without waiting.
  public var hasInput: Bool {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) >= 0
  }

  /// Waits for the frames protocol's greeting.
  public func greeted() throws -> Client {
    guard try receive(exactly: 1) == [0x2A] else { throw Failure.ended(after: 0) }
    return self
  }

  /// Sends a frame and answers its reply.
  public func ask(_ frame: String) throws -> String {
    try receive(afterSending: frame, count: frameReplies(to: Array(frame.utf8)).count)
  }

  /// Sends, and answers so many bytes.
  public func receive(afterSending text: String, count: Int) throws -> String {
    try send(text)
    return String(decoding: try receive(exactly: count), as: UTF8.self)
  }

  // ------------------------------------------------------------------------------ ending

  /// Says that nothing more will be sent.
  public func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Closes.
  public func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  /// Closes with a reset.
  public func reset() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    set(SOL_SOCKET, SO_LINGER, &linger)
    close()
  }
  /// Resets the connection now. The others send what they send with the last descriptor's close, and a process
  /// that another test is just starting may have one.
  public func resetAtOnce() {
    var nobody = sockaddr()
    nobody.sa_family = sa_family_t(AF_UNSPEC)
    _ = connect(descriptor, &nobody, socklen_t(MemoryLayout<sockaddr>.size))
    close()
  }
}

/// What the frames protocol answers to a whole stream: the plainest possible version.
public func frameReplies(to bytes: [UInt8]) -> [UInt8] {
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
public func withLoopback<Result>(
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
