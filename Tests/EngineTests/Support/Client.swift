import Glibc
import Switchboard

/// A blocking client, made of plain system calls and nothing of the library. Every call gives up
/// after ten seconds.
final class Client: @unchecked Sendable {
  enum Failure: Error, Hashable {
    case call(String, Int32)
    case ended(after: Int)
  }

  private(set) var descriptor: Int32

  /// - Parameters:
  ///   - receiveBuffer: What its kernel may hold unread.
  init(to port: UInt16, receiveBuffer: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Failure.call("socket", errno) }
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    set(SOL_SOCKET, SO_RCVTIMEO, &limit)
    set(SOL_SOCKET, SO_SNDTIMEO, &limit)
    var one: Int32 = 1
    set(Int32(IPPROTO_TCP), TCP_NODELAY, &one)
    if var receiveBuffer { set(SOL_SOCKET, SO_RCVBUF, &receiveBuffer) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { throw Failure.call("connect", errno) }
  }

  deinit { close() }

  private func set<Value: BitwiseCopyable>(_ level: Int32, _ option: Int32, _ value: inout Value) {
    setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Value>.size))
  }

  /// Where it comes from, as the server sees it.
  var address: SocketAddress {
    var address = SocketAddress.any(port: 0)
    _ = Linux().localAddress(Descriptor(rawValue: descriptor), into: &address)
    return address
  }

  /// Sends all of it.
  func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure.call("send", errno) }
      sent += count
    }
  }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  /// Sends what the connection takes without waiting; how much that was.
  func sendWhatFits(_ bytes: [UInt8]) -> Int {
    let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
    return max(0, bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) })
  }

  /// Receives up to `most` bytes; none at the end of the stream.
  func receive(most: Int = 1 << 18) throws -> [UInt8] {
    let all = try [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
      let answer = recv(descriptor, buffer.baseAddress, most, 0)
      guard answer >= 0 else { throw Failure.call("recv", errno) }
      count = answer
    }
    return all
  }

  func receive(exactly count: Int) throws -> [UInt8] {
    var all: [UInt8] = []
    while all.count < count {
      let some = try receive(most: min(1 << 18, count - all.count))
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

  /// Whether something has come, without waiting.
  var hasInput: Bool {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) >= 0
  }

  /// Waits for the frames protocol's greeting.
  func greeted() throws -> Client {
    guard try receive(exactly: 1) == [0x2A] else { throw Failure.ended(after: 0) }
    return self
  }

  /// Sends a frame and answers its reply.
  func ask(_ frame: String) throws -> String {
    try send(frame)
    let count = replies(to: Array(frame.utf8)).count
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
    set(SOL_SOCKET, SO_LINGER, &linger)
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

/// Bytes that tell where in a stream they stand.
func pattern(_ count: Int, from start: Int = 0) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
    for index in 0..<count {
      let place = UInt32(truncatingIfNeeded: start + index)
      buffer[index] = UInt8(truncatingIfNeeded: (place &* 2_654_435_761) >> 13)
    }
    initialized = count
  }
}
