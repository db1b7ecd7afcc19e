import Switchboard

/// A session with a line in the log when its peer connects and another when it closes.
///
/// The peer's address costs a system call and is kept for as long as the connection lives: wrap
/// sessions only where somebody reads the lines.
public struct Announced<Inner: Session & ~Copyable>: Session, ~Copyable {
  /// The wrapped session's.
  public typealias Message = Inner.Message

  private var inner: Inner
  private var peer = "?"
  private let log: @Sendable (String) -> Void

  /// Wraps a session; `log` is called on its loop's thread.
  public init(_ inner: consuming Inner, log: @escaping @Sendable (String) -> Void) {
    self.inner = inner
    self.log = log
  }

  public mutating func opened(_ connection: inout Connection) {
    if let address = connection.peerAddress { peer = "\(address)" }
    log("peer \(peer) connected")
    inner.opened(&connection)
  }

  public mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    inner.received(bytes, &connection)
  }

  public mutating func drained(_ connection: inout Connection) { inner.drained(&connection) }
  public mutating func ended(_ connection: inout Connection) { inner.ended(&connection) }
  public mutating func elapsed(_ connection: inout Connection) { inner.elapsed(&connection) }
  public mutating func draining(_ connection: inout Connection) { inner.draining(&connection) }

  public mutating func posted(_ message: Message, _ connection: inout Connection) {
    inner.posted(message, &connection)
  }

  public mutating func partnerOpened(_ connection: inout Connection) {
    inner.partnerOpened(&connection)
  }

  public mutating func partnerClosed(_ reason: CloseReason?, _ connection: inout Connection) {
    inner.partnerClosed(reason, &connection)
  }

  public mutating func partnerReceived(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    inner.partnerReceived(bytes, &connection)
  }

  public static func undelivered(_ message: Message) { Inner.undelivered(message) }

  public mutating func closed(_ reason: CloseReason) {
    inner.closed(reason)
    log("peer \(peer) closed: \(reason)")
  }
}
