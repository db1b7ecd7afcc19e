import Glibc
import Switchboard
import SwitchboardArticle
import SwitchboardBase

/// The frames protocol with one request that takes long: a single `!` has the server do something that
/// blocks, as reading a file or asking for a name would, on the loop itself or in a pool.
public struct StallingSession: Session {
  /// What comes back from the pool.
  public enum Message: Sendable {
    /// It is done.
    case done
  }

  private var frames = FramesSession()
  private let stall: Duration
  private let pool: OffloadPool?

  /// A new connection's state.
  ///
  /// - Parameters:
  ///   - stall: How long the request takes.
  ///   - pool: Who does it; nil for the loop's own thread.
  public init(stall: Duration, pool: OffloadPool?) { (self.stall, self.pool) = (stall, pool) }

  /// Greets.
  public mutating func opened(_ connection: inout Connection) { frames.opened(&connection) }

  /// Answers, or takes its time first.
  public mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    guard bytes.count == 1, bytes[0] == 0x21 else { return frames.received(bytes, &connection) }
    let microseconds = UInt32(clamping: Int(stall.inSeconds * 1e6))
    guard let pool else {
      usleep(microseconds)
      return
    }
    let isTaken = connection.handle(for: Self.self).offload(to: pool) {
      usleep(microseconds)
      return .done
    }
    // What comes behind it waits until it is done.
    if isTaken { connection.pauseReading() }
  }

  /// The pool is done.
  public mutating func posted(_ message: Message, _ connection: inout Connection) {
    connection.resumeReading()
  }

  /// Lets an open frame be finished.
  public mutating func draining(_ connection: inout Connection) { frames.draining(&connection) }

  /// Serves it on a free port until the process is ended: `stalling loop 100`.
  public static func serve(stall: Duration, inPool: Bool) throws(SystemError) {
    let pool = inPool ? try OffloadPool(threads: 2, limit: 64) : nil
    var server = Server(on: [.loopback(port: 0)])
    server.backend = .epoll
    try server.run(
      ready: { Output.line("listening on \($0.addresses[0])") },
      session: { StallingSession(stall: stall, pool: pool) })
  }
}
