import Switchboard
import SwitchboardProtocols

/// A protocol of lines, one answer to each, in order:
///
/// | line | answer |
/// |---|---|
/// | `PING` | `OK PONG` |
/// | `ECHO text` | `OK text` |
/// | `REVERSE text` | `OK` and the text backwards, by characters |
/// | `SLEEP ms` | `OK slept ms`, so many milliseconds later |
/// | `HASH text` | `OK` and 16 digits, from a thread that may take its time |
/// | `QUIT` | `OK bye`, and the connection is closed |
///
/// What is not understood gets `ERR` and what to say instead. A line of more than ``limit`` bytes
/// gets one `ERR` and the connection is closed, since nobody knows where the next line starts.
///
/// While an answer is still to come, by timer or from the pool, the session does not read: TCP tells
/// the peer to wait, the answers stay in order, and what is kept of the peer's bytes is bounded by
/// one receive. For the same reason the peer's end of stream is seen only after its last answer.
public struct LineSession: Session {
  /// What comes back from the pool.
  public enum Message: Sendable {
    /// A text's hash.
    case hashed(UInt64)
  }

  /// The longest line in bytes, its ending not counted.
  public static let limit = 1024

  private let services: LineServices
  private let lineTimeout: Duration?
  private var lines = LineSplitter(limit: LineSession.limit)
  /// An answer is still to come.
  private var isBusy = false
  /// The time that a `SLEEP` under way takes, in milliseconds.
  private var sleep = 0
  /// What came behind the line that is being answered.
  private var rest: [UInt8] = []
  private var isDraining = false
  /// The timer runs for a line whose end has not come.
  private var isTimingLine = false

  /// A new connection's state.
  ///
  /// - Parameters:
  ///   - services: Shared by all connections.
  ///   - lineTimeout: How long a line may take from its first byte to its end. What comes in between
  ///     buys no time, so a peer cannot hold a connection by a byte now and then. Nil: for ever.
  public init(_ services: LineServices, lineTimeout: Duration? = nil) {
    self.services = services
    self.lineTimeout = lineTimeout
  }

  /// Answers, until an answer has to be waited for.
  public mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    var place = 0
    do {
      while !isBusy, let line = try lines.next(in: bytes, from: &place) {
        if isTimingLine { stopTiming(&connection) }
        guard answer(LineCommand(line), &connection) else { return connection.close() }
      }
    } catch {
      connection.write("ERR a line may have \(lines.limit) bytes; connect again\n")
      return connection.close()
    }
    for index in place..<bytes.count { rest.append(bytes[index]) }
    if let lineTimeout, lines.heldCount > 0, !isTimingLine {
      isTimingLine = true
      connection.setTimer(after: lineTimeout)
    }
  }

  /// The line that was waited for is complete.
  private mutating func stopTiming(_ connection: inout Connection) {
    isTimingLine = false
    connection.cancelTimer()
  }

  /// Slept enough, or waited long enough for the end of a line.
  public mutating func elapsed(_ connection: inout Connection) {
    guard !isTimingLine else {
      connection.write("ERR a line must end in time; connect again\n")
      return connection.close()
    }
    connection.write("OK slept \(sleep)\n")
    goOn(&connection)
  }

  /// The pool has answered.
  public mutating func posted(_ message: Message, _ connection: inout Connection) {
    switch message {
    case .hashed(let hash): connection.write("OK \(hexadecimal(hash))\n")
    }
    goOn(&connection)
  }

  /// Lets an answer that is still to come be given.
  public mutating func draining(_ connection: inout Connection) {
    isDraining = true
    if !isBusy { connection.close() }
  }

  /// Answers one line; false when it was the last one.
  private mutating func answer(_ command: LineCommand, _ connection: inout Connection) -> Bool {
    switch command {
    case .ping: connection.write("OK PONG\n")
    case .echo(let text): connection.write("OK \(text)\n")
    case .reverse(let text): connection.write("OK \(String(text.reversed()))\n")
    case .wrong(let hint): connection.write("ERR \(hint)\n")
    case .sleep(let milliseconds):
      sleep = milliseconds
      connection.setTimer(after: .milliseconds(milliseconds))
      pause(&connection)
    case .hash(let bytes):
      let handle = connection.handle(for: Self.self)
      if services.offload({ handle.post(.hashed(slowHash(bytes))) }) {
        pause(&connection)
      } else {
        connection.write("ERR too busy for HASH; say it again in a moment\n")
      }
    case .quit:
      connection.write("OK bye\n")
      return false
    }
    return true
  }

  private mutating func pause(_ connection: inout Connection) {
    isBusy = true
    connection.pauseReading()
  }

  /// Looks at what came behind the line that has been answered, then reads on.
  private mutating func goOn(_ connection: inout Connection) {
    isBusy = false
    connection.resumeReading()
    let waiting = rest
    rest = []
    if !waiting.isEmpty { received(waiting.span, &connection) }
    if isDraining, !isBusy { connection.close() }
  }
}

/// What all connections of the line protocol share: the thread that computes hashes. It is started
/// when the first one is asked for.
public final class LineServices: Sendable {
  private let pool = Lock<OffloadPool?>(nil)

  /// No thread yet.
  public init() {}

  /// Hands work over. False when the pool takes no more at the moment.
  func offload(_ work: @escaping @Sendable () -> Void) -> Bool {
    let pool = pool.withLock { pool in
      if pool == nil { pool = try? OffloadPool(threads: 1, limit: 64) }
      return pool
    }
    return pool?.submit(work) ?? false
  }

  /// Ends the thread when it has done what it was given.
  public func close() { pool.withLock { $0 }?.close() }
}
