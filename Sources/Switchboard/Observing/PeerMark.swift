/// Who is at the other end of a connection, in as little as a record has room for: family, port and the last
/// 32 bits of the address. What a client on the same machine says of itself and what a server's recording says
/// of it are the same then.
public struct PeerMark: Hashable, Sendable, BitwiseCopyable {
  /// Family, port and the end of the address; never 0.
  public let rawValue: UInt64

  /// The mark of an address; nil of a Unix-domain socket's, which tells clients apart by nothing.
  public init?(_ address: SocketAddress) {
    let address = address.unmapped
    guard address.family != .unix else { return nil }
    self.init(
      family: address.family == .v4 ? 4 : 6, port: UInt32(address.port),
      end: UInt32(truncatingIfNeeded: address.low))
  }

  private init(family: UInt8, port: UInt32, end: UInt32) {
    rawValue = UInt64(family) << 48 | UInt64(port & 0xFFFF) << 32 | UInt64(end)
  }

  /// What a record of accepting tells; nil where it tells nothing, as those of earlier versions.
  public init?(_ record: LoopRecord) {
    guard record.code == LoopRecord.Kind.accepted.rawValue, record.detail == 4 || record.detail == 6
    else { return nil }
    self.init(family: record.detail, port: record.d, end: record.c)
  }

  /// Notes it in a record of accepting.
  func note(in record: inout LoopRecord) {
    record.detail = UInt8(truncatingIfNeeded: rawValue >> 48)
    record.c = UInt32(truncatingIfNeeded: rawValue)
    record.d = UInt32(truncatingIfNeeded: rawValue >> 32) & 0xFFFF
  }
}
