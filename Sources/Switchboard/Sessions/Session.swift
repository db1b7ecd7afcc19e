/// A protocol: the state of one connection and what it does when something happens to it.
///
/// Write it as one small struct. The library keeps a value of it for every connection, on whichever
/// backend, and calls it; it answers into its ``Connection``. It needs no lock, since all calls
/// for one connection come from one loop's thread, and no buffer for output, since what the socket
/// will not take is kept for it.
///
/// ```swift
/// struct Shout: Session {
///   mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
///     for index in bytes.indices {
///       let byte = bytes[index]
///       connection.write(byte >= 0x61 && byte <= 0x7A ? byte & 0xDF : byte)
///     }
///   }
/// }
///
/// try Server(on: [.loopback(port: 9090)]).run { Shout() }
/// ```
///
/// Callbacks must not block: while one runs, every connection of the loop waits. What blocks goes to
/// an ``OffloadPool``. Bytes come in whatever pieces the network makes; a message may be cut at any
/// byte. Handle them with wrapping or checked arithmetic: a trap ends the whole process.
///
/// The calls of one connection, in order: `opened` once; then `received`, `drained`, `elapsed`,
/// `posted`, `partnerOpened`, `partnerReceived`, `partnerClosed` and `draining` as things happen; `ended` at most once, after the last `received`; and
/// `closed` exactly once, after which nothing comes.
public protocol Session: ~Copyable, SendableMetatype {
  /// What other threads and other connections may post to a connection: see
  /// ``ConnectionHandle/post(_:)``.
  associatedtype Message: Sendable = Never

  /// The connection stands. What is written here reaches the peer before anything else.
  mutating func opened(_ connection: inout Connection)
  /// Bytes came. The span is valid for this call only. Never empty.
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection)
  /// Everything that was written has been handed to the kernel, after it could not be at once or
  /// after ``Connection/notifyWhenDrained()``.
  mutating func drained(_ connection: inout Connection)
  /// The peer has finished sending; it may still be receiving. Defaulted: close when all is sent.
  mutating func ended(_ connection: inout Connection)
  /// The timer that ``Connection/setTimer(after:)`` set has gone off.
  mutating func elapsed(_ connection: inout Connection)
  /// A message was posted to this connection.
  mutating func posted(_ message: Message, _ connection: inout Connection)
  /// The server is draining: finish what is under way, then close. Defaulted: close when all is
  /// sent. Connections that are not closed when the drain timeout ends are cut off.
  mutating func draining(_ connection: inout Connection)
  /// The partner stands: see ``Connection/connectPartner(to:from:times:session:)``, and
  /// ``Connection/pair(with:)`` of another session. Defaulted: nothing.
  mutating func partnerOpened(_ connection: inout Connection)
  /// The partner has gone, or did not come about. What it forwarded has been written before. Defaulted:
  /// close when all is sent. The reason is what its session was told; nil where the two have not been partners.
  mutating func partnerClosed(_ reason: CloseReason?, _ connection: inout Connection)
  /// Bytes came from a partner that was taken from an ``UpstreamPool``. The span is valid for this call only. Never
  /// empty. Who writes faster here than this connection's peer takes is given nothing more meanwhile, as who
  /// forwards is. Defaulted: this connection's peer is sent them.
  mutating func partnerReceived(_ bytes: Span<UInt8>, _ connection: inout Connection)
  /// The connection is gone and nothing can be written any more.
  mutating func closed(_ reason: CloseReason)
  /// A message was taken by ``ConnectionHandle/post(_:)``, and its connection had gone when it came, or its
  /// loop had ended. So what a message carries that has to be answered, a continuation for one, is. On the
  /// loop's thread; of a ``Server/BackendName/pool``, when that serves its next connection or ends. Defaulted:
  /// nothing.
  static func undelivered(_ message: Message)
}

extension Session where Self: ~Copyable {
  /// Nothing.
  public mutating func opened(_ connection: inout Connection) {}
  /// Nothing.
  public mutating func drained(_ connection: inout Connection) {}
  /// Close when all is sent.
  public mutating func ended(_ connection: inout Connection) { connection.close() }
  /// Nothing.
  public mutating func elapsed(_ connection: inout Connection) {}
  /// Nothing.
  public mutating func posted(_ message: Message, _ connection: inout Connection) {}
  /// Close when all is sent.
  public mutating func draining(_ connection: inout Connection) { connection.close() }
  /// Nothing.
  public mutating func partnerOpened(_ connection: inout Connection) {}
  /// Close when all is sent.
  public mutating func partnerClosed(_ reason: CloseReason?, _ connection: inout Connection) {
    connection.close()
  }
  /// Sends them to this connection's peer.
  public mutating func partnerReceived(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    connection.write(bytes)
  }
  /// Nothing.
  public mutating func closed(_ reason: CloseReason) {}
  /// Nothing.
  public static func undelivered(_ message: Message) {}
}
