import Foundation
import Glibc
import TestSupport
import Testing

/// A blocking socket on the loopback address, independent of the library under test. Nothing waits
/// longer than a minute, but for clients.
final class PlainSocket {
  struct Failure: Error {
    let call: String
    let errno: Int32
  }

  private let descriptor: Int32

  private init(adopting descriptor: Int32, seconds: Int = 60) {
    self.descriptor = descriptor
    var patience = timeval(tv_sec: seconds, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
  }

  deinit {
    end()
    close(descriptor)
  }

  /// Ends the connection. Closing alone may not: a program that another test started meanwhile may
  /// hold a copy of the descriptor.
  func end() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  private static func tcp() throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(call: "socket", errno: errno) }
    return descriptor
  }

  private static func withLoopback(
    port: UInt16, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        call($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  /// Connected to a server.
  static func connected(to port: UInt16) throws -> PlainSocket {
    let socket = PlainSocket(adopting: try tcp())
    let answer = withLoopback(port: port) { connectThroughSignals(socket.descriptor, $0, $1) }
    guard answer == 0 else { throw Failure(call: "connect", errno: errno) }
    return socket
  }

  /// Listening on a free port. Whoever connects may have to wait for its turn to run.
  static func listening() throws -> (PlainSocket, port: UInt16) {
    let (socket, port) = try bound()
    guard listen(socket.descriptor, 16) == 0 else { throw Failure(call: "listen", errno: errno) }
    return (socket, port)
  }

  /// Bound to a free port, and not listening: nobody else gets it, and connecting is refused.
  static func bound() throws -> (PlainSocket, port: UInt16) {
    let socket = PlainSocket(adopting: try tcp(), seconds: 900)
    guard withLoopback(port: 0, { bind(socket.descriptor, $0, $1) }) == 0 else {
      throw Failure(call: "bind", errno: errno)
    }
    return (socket, try socket.localPort)
  }

  /// A port that was free a moment ago, for a program that cannot choose one.
  static func freePort() throws -> UInt16 { try bound().port }

  /// Its own port.
  var localPort: UInt16 {
    get throws {
      var address = sockaddr_in()
      var size = socklen_t(MemoryLayout<sockaddr_in>.size)
      let answer = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
      }
      guard answer == 0 else { throw Failure(call: "getsockname", errno: errno) }
      return UInt16(bigEndian: address.sin_port)
    }
  }

  /// For another process, which has it as its standard input.
  var handle: FileHandle { FileHandle(fileDescriptor: descriptor, closeOnDealloc: false) }

  func accepted() throws -> PlainSocket {
    let descriptor = throughSignals { accept(self.descriptor, nil, nil) }
    guard descriptor >= 0 else { throw Failure(call: "accept", errno: errno) }
    return PlainSocket(adopting: descriptor)
  }

  func write(_ text: String) throws {
    let count = throughSignals { send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }
    guard count == text.utf8.count else { throw Failure(call: "send", errno: errno) }
  }

  /// Exactly so many bytes, or fewer where the stream ends before.
  func read(_ count: Int) throws -> String {
    var bytes: [UInt8] = []
    while bytes.count < count {
      var buffer = [UInt8](repeating: 0, count: count - bytes.count)
      let got = throughSignals { recv(descriptor, &buffer, buffer.count, 0) }
      guard got >= 0 else { throw Failure(call: "recv", errno: errno) }
      if got == 0 { break }
      bytes += buffer[..<got]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// A server in a thread of its own that serves one connection as it is told, wrongly mostly.
enum RogueServer {
  /// Starts it and answers its port.
  static func start(_ converse: @escaping @Sendable (PlainSocket) throws -> Void) throws -> UInt16 {
    let (listener, port) = try PlainSocket.listening()
    nonisolated(unsafe) let owned = listener
    // It ends with its one connection, or some minutes after nobody came. What it cannot send is the
    // client's doing, which the test looks at.
    Thread.detachNewThread { try? converse(owned.accepted()) }
    return port
  }
}
