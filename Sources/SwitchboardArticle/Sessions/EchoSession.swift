import Switchboard

/// The echo protocol of RFC 862: every byte comes back. It has no state and needs no limits of its
/// own: a peer that sends and does not read is not read from either, see
/// ``ServerOptions/highWatermark``.
public struct EchoSession: Session {
  /// A new connection's state: none.
  public init() {}

  /// Sends the bytes back.
  public mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    connection.write(bytes)
  }
}
