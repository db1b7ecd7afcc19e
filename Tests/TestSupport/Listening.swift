import Glibc
import Switchboard
import SwitchboardTesting

/// A port of this machine that takes connections, made of plain system calls and nothing of the library: what
/// a server connects to.
public final class Listening: @unchecked Sendable {
  private let descriptor: Int32
  /// Its port.
  public let port: UInt16

  /// - Parameters:
  ///   - receiveBuffer: What the kernel may hold unread of each connection.
  ///   - backlog: How many more than one may wait to be accepted.
  public init(receiveBuffer: Int32? = nil, backlog: Int32 = 128) throws {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let made = aboveThoseOfSelect(Glibc.socket(AF_INET, kind, 0))
    descriptor = made
    guard made >= 0 else { throw Client.Failure.call("socket", errno) }
    var limit = timeval(tv_sec: longestWait, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
    if var receiveBuffer { setsockopt(made, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
    guard withLoopback(.v4, 0, { bind(made, $0, $1) }) == 0,
      Glibc.listen(made, backlog) == 0
    else { throw Client.Failure.call("listen", errno) }
    var address = SocketAddress.any(port: 0)
    _ = Linux().localAddress(Descriptor(rawValue: made), into: &address)
    port = address.port
  }

  deinit { Glibc.close(descriptor) }

  /// Whether a connection waits to be accepted.
  public var hasWaiting: Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return throughSignals { poll(&entry, 1, 0) } == 1
  }

  /// The next connection.
  public func accept() throws -> Client {
    let accepted = throughSignals { Int(Glibc.accept(descriptor, nil, nil)) }
    guard accepted >= 0 else { throw Client.Failure.call("accept", errno) }
    return Client(accepted: Int32(accepted))
  }

  /// Has connections wait that nobody accepts, until no more are answered. They live as long as what this
  /// returns.
  public func fill() throws -> [Client] {
    var waiting: [Client] = []
    for _ in 0..<8 {
      let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
      let made = Glibc.socket(AF_INET, kind | Int32(SOCK_NONBLOCK.rawValue), 0)
      guard made >= 0 else { throw Client.Failure.call("socket", errno) }
      _ = withLoopback(.v4, port) { connect(made, $0, $1) }
      waiting.append(Client(accepted: made))
    }
    return waiting
  }
}
