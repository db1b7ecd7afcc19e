import Glibc
import Switchboard
import TestSupport

/// A pipe, closed at the end of its life. It is made of a pair of sockets, since those can be
/// close-on-exec from birth here.
final class Pipe {
  let reading: Int32
  private var writing: Int32

  init() {
    var ends: [Int32] = [0, 0]
    let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
    precondition(socketpair(AF_UNIX, Int32(kind), 0, &ends) == 0, "socketpair")
    (reading, writing) = (ends[0], ends[1])
  }

  deinit {
    close(reading)
    closeWriting()
  }

  func write() {
    var byte: UInt8 = 1
    precondition(Glibc.write(writing, &byte, 1) == 1, "write")
  }

  func closeWriting() {
    if writing >= 0 { close(writing) }
    writing = -1
  }

  /// Whether the reading end is open.
  var isOpen: Bool { fcntl(reading, F_GETFD) >= 0 }
}

/// A loopback port that is bound, and listened on if there is a backlog. Nobody accepts.
final class PlainListener {
  let port: UInt16
  private let descriptor: Int32

  init(backlog: Int32?) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    let bound = withLoopback(.v4, 0) { [descriptor] in bind(descriptor, $0, $1) }
    if let backlog { listen(descriptor, backlog) }
    var address = SocketAddress.any(port: 0)
    _ = Linux().localAddress(Descriptor(rawValue: descriptor), into: &address)
    port = address.port
    guard descriptor >= 0, bound == 0 else { throw Client.Failure.call("bind", errno) }
  }

  deinit { close(descriptor) }

  /// A socket that has begun to connect to it; the caller closes it.
  func beginConnecting() -> Int32 {
    let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
    let number = socket(AF_INET, Int32(kind), 0)
    _ = withLoopback(.v4, port) { connect(number, $0, $1) }
    return number
  }

  /// The next connection in its queue; the caller closes it.
  func acceptNext() throws -> Int32 {
    var asked = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let milliseconds = Int32(longestWait * 1000)
    guard poll(&asked, 1, milliseconds) == 1 else { throw Client.Failure.call("poll", ETIMEDOUT) }
    var address = SocketAddress.any(port: 0)
    let accepted = Linux().accept(Descriptor(rawValue: descriptor), peer: &address)
    guard accepted.isSuccess else { throw Client.Failure.call("accept", ECONNABORTED) }
    return Int32(accepted.value)
  }
}

/// Two connected stream sockets, non-blocking. `ours` is somebody else's to close.
final class SocketPair {
  let ours: Int32
  private(set) var theirs: Int32

  init(overTCP: Bool = false, sendBuffer: Int32? = nil) {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    if overTCP {
      let listener = socket(AF_INET, kind, 0)
      precondition(withLoopback(.v4, 0) { bind(listener, $0, $1) } == 0 && listen(listener, 1) == 0)
      var address = SocketAddress.any(port: 0)
      _ = Linux().localAddress(Descriptor(rawValue: listener), into: &address)
      let connecting = socket(AF_INET, kind, 0)
      _ = withLoopback(.v4, address.port) { connect(connecting, $0, $1) }
      // On loopback the handshake is complete when connect returns.
      let accepted = Linux().accept(Descriptor(rawValue: listener), peer: &address)
      precondition(accepted.isSuccess, "accept")
      (ours, theirs) = (Int32(accepted.value), connecting)
      close(listener)
    } else {
      var ends: [Int32] = [0, 0]
      precondition(socketpair(AF_UNIX, kind, 0, &ends) == 0, "socketpair")
      (ours, theirs) = (ends[0], ends[1])
    }
    if var sendBuffer { setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &sendBuffer, 4) }
  }

  deinit { closeTheirs() }

  func send(_ text: String) { send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) {
    let sent = bytes.withUnsafeBytes {
      Glibc.send(theirs, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    precondition(sent == bytes.count, "the pair does not hold what a test sends at once")
  }

  /// Receives what there is, `count` bytes at most.
  func receive(count: Int = .max) -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while all.count < count {
      let room = min(buffer.count, count - all.count)
      let some = buffer.withUnsafeMutableBytes { recv(theirs, $0.baseAddress, room, 0) }
      guard some > 0 else { break }
      all += buffer[..<some]
    }
    return all
  }

  /// Sends from our end until it takes no more; how much that was.
  func fill() -> Int {
    let junk = [UInt8](repeating: 0, count: 4096)
    var total = 0
    while true {
      let count = junk.withUnsafeBytes {
        Glibc.send(ours, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return total }
      total += count
    }
  }

  func finishSending() { shutdown(theirs, Int32(SHUT_WR)) }

  /// Reads one byte that has come to our end.
  func takeByte() {
    var byte: UInt8 = 0
    recv(ours, &byte, 1, 0)
  }

  func closeTheirs() {
    if theirs >= 0 { close(theirs) }
    theirs = -1
  }

  /// Ends a TCP connection with a reset.
  func reset() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    let size = socklen_t(MemoryLayout.size(ofValue: linger))
    setsockopt(theirs, SOL_SOCKET, SO_LINGER, &linger, size)
    closeTheirs()
  }
}
