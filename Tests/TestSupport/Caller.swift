import Foundation
import Glibc

/// A blocking client, on the loopback address, made of plain system calls and nothing of the library.
/// Nothing waits longer than ``longestWait``.
public final class Caller: @unchecked Sendable {
  /// A call that failed, or a stream that ended early.
  public struct Failure: Error, CustomStringConvertible {
    /// What went wrong.
    public let description: String
  }

  private let descriptor: Int32
  private var unread: [UInt8] = []

  /// Connects.
  ///
  /// - Parameter receiveBuffer: How much the kernel may hold unread, in bytes.
  public init(to port: UInt16, receiveBuffer: Int32? = nil) throws {
    let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    descriptor = made < 0 ? made : aboveThoseOfSelect(made)
    guard descriptor >= 0 else { throw Failure(description: "socket: errno \(errno)") }
    var patience = timeval(tv_sec: longestWait, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
    if var receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let answer = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connectThroughSignals(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard answer == 0 else { throw Failure(description: "connect: errno \(errno)") }
  }

  deinit {
    shutdown(descriptor, Int32(SHUT_RDWR))
    close(descriptor)
  }

  /// Whether something has come, the end perhaps, without waiting.
  public var hasInput: Bool {
    var byte: UInt8 = 0
    return !unread.isEmpty
      || recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) >= 0
  }

  /// Says that nothing more will be sent.
  public func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Ends the connection, whatever else holds the descriptor.
  public func end() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Sends all of it.
  public func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { rest in
        throughSignals {
          Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
        }
      }
      guard count > 0 else { throw Failure(description: "send: errno \(errno)") }
      rest = rest.dropFirst(count)
    }
  }

  /// Sends all of it.
  public func send(_ text: String) throws { try send(Array(text.utf8)) }

  /// Receives more; false at the end of the stream.
  private func receive() throws -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = throughSignals { recv(descriptor, &buffer, buffer.count, 0) }
    guard count >= 0 else { throw Failure(description: "recv: errno \(errno)") }
    unread += buffer[..<count]
    return count > 0
  }

  private func take(_ count: Int) -> [UInt8] {
    defer { unread = Array(unread[count...]) }
    return Array(unread[..<count])
  }

  /// Exactly so many bytes.
  public func bytes(_ count: Int) throws -> [UInt8] {
    while unread.count < count {
      guard try receive() else { throw Failure(description: "the end, after \(unread)") }
    }
    return take(count)
  }

  /// All there is to the end of the stream; throws when that is a reset.
  public func toEnd() throws -> String {
    while try receive() {}
    return String(decoding: take(unread.count), as: UTF8.self)
  }

  /// The next line without its line feed; nil at the end of the stream.
  public func line() throws -> String? {
    var searched = 0
    while true {
      if let end = unread[searched...].firstIndex(of: 0x0A) {
        return String(decoding: take(end + 1).dropLast(), as: UTF8.self)
      }
      searched = unread.count
      guard try receive() else {
        return unread.isEmpty ? nil : String(decoding: take(unread.count), as: UTF8.self)
      }
    }
  }

  /// Sends a line and answers the next one that comes.
  public func ask(_ line: String) throws -> String? {
    try send(line + "\n")
    return try self.line()
  }
}
