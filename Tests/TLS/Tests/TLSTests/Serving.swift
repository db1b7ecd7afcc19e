import Glibc
import SwitchboardTesting
import Testing

@testable import Switchboard
@testable import SwitchboardTLS

/// What happened, from whichever thread.
final class Log<Element: Sendable>: Sendable {
  private let entries = Lock<[Element]>([])
  func add(_ element: Element) { entries.withLock { $0.append(element) } }
  var all: [Element] { entries.withLock { $0 } }
}

/// Echoes; told to by single letters at a message's start, does other things.
struct Echo: Session {
  let reasons: Log<CloseReason>
  var file: SharedFile?
  var hasPaused = false

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    switch bytes[0] {
    case UInt8(ascii: "F"):
      connection.write("<")
      if let file { connection.write(file) }
      connection.write(SharedBytes(pattern(100_000).span))
      connection.write(">")
      if bytes.count > 1 { connection.close() }
    case UInt8(ascii: "E"):
      connection.write("bye")
      connection.finishSending()
    case UInt8(ascii: "C"):
      connection.write("closed")
      connection.close()
    case UInt8(ascii: "P") where !hasPaused:
      hasPaused = true
      connection.leave(bytes)
      connection.pauseReading()
      connection.setTimer(after: .milliseconds(20))
    case UInt8(ascii: "D"): connection.write(connection.tls?.version ?? "plain")
    default: connection.write(bytes)
    }
  }
  mutating func elapsed(_ connection: inout Connection) { connection.resumeReading() }
  mutating func ended(_ connection: inout Connection) {
    connection.write("end")
    connection.close()
  }
  mutating func closed(_ reason: CloseReason) { reasons.add(reason) }
}

/// Serves by TLS whose handshakes its loops compute, and once more where a pool does.
func serve(
  _ backend: Server.BackendName, file: SharedFile? = nil, loops: Int = 1,
  _ change: (inout Server, inout ServerTLS) -> Void = { _, _ in },
  _ body: (UInt16, ServerHandle, Log<CloseReason>) throws -> Void
) throws {
  let pool = try OffloadPool(threads: 2)
  defer { pool.close() }
  for pool in [nil, pool] {
    try serve(backend, file: file, loops: loops, pool: pool, change, body)
  }
}

func serve(
  _ backend: Server.BackendName, file: SharedFile? = nil, loops: Int = 1, pool: OffloadPool?,
  _ change: (inout Server, inout ServerTLS) -> Void = { _, _ in },
  _ body: (UInt16, ServerHandle, Log<CloseReason>) throws -> Void
) throws {
  let reasons = Log<CloseReason>()
  var tls = try Certificates.usualServer()
  tls.handshakePool = pool
  try serving(Echo(reasons: reasons, file: file), on: backend) { server in
    server.loops = loops
    change(&server, &tls)
    server.tls = tls
  } _: { port, handle in
    try body(port, handle, reasons)
  }
}

/// Waits for a condition.
func eventually(_ condition: () -> Bool) throws {
  let end = ContinuousClock.now + .seconds(30)
  while !condition() {
    try #require(ContinuousClock.now < end, "it did not come about")
    usleep(1000)
  }
}

extension TLSCaller {
  /// One that has shaken hands.
  convenience init(_ port: UInt16, piece: Int = .max) throws {
    try self.init(to: port, try Certificates.usualClient(), piece: piece)
  }

  /// One that has not.
  convenience init(beginning port: UInt16) throws {
    try self.init(to: port, try Certificates.usualClient(), shakesHands: false)
  }

  /// Goes on with a handshake.
  func pump() throws {
    try takeOnce()
    try flush()
  }
}
