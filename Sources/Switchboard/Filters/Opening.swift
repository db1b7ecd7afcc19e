/// What stands between a connection and its session until the exchange is over that opens it: the first part of a
/// chain of filters, and so far all of it. It makes no call and knows no clock; who drives it gives it bytes, and the
/// time that ``ProxyProtocol/timeout`` allows.
///
/// A filter that stays (TLS is to be one) comes behind it: what this one leaves of the bytes is then that one's.
struct Opening {
  /// What is to be done.
  enum Step: Hashable {
    /// More bytes are needed.
    case receive
    /// The session is made. What was given beyond so many bytes is its own.
    case open(ProxyHeader, used: Int)
    /// The connection is closed; there is no session.
    case refuse(ProxyRefusal)
  }

  private let versions: ProxyHeader.Versions
  /// What has come of a header that is not whole.
  private var held: [UInt8] = []

  init(_ proxy: ProxyProtocol) { versions = proxy.versions }

  /// Bytes have come. Of them no more is kept than a header may have.
  mutating func take(_ bytes: Span<UInt8>) -> Step {
    let before = held.count
    // Nearly always it comes in one piece, and nothing is kept.
    let reading: ProxyHeaderReading
    if held.isEmpty {
      reading = ProxyHeader.read(bytes, versions)
    } else {
      hold(bytes)
      reading = ProxyHeader.read(held.span, versions)
    }
    switch reading {
    case .incomplete:
      if before == 0 { hold(bytes) }
      return .receive
    case .whole(let header, let count):
      held = []
      return .open(header, used: count - before)
    case .wrong(let fault): return .refuse(.wrong(fault))
    }
  }

  private mutating func hold(_ bytes: Span<UInt8>) {
    let count = min(bytes.count, ProxyHeader.longest - held.count)
    held.reserveCapacity(held.count + count)
    for index in 0..<count { held.append(bytes[index]) }
  }

  /// The peer has finished: what is to be told of that, if anything.
  var ended: ProxyRefusal? { held.isEmpty ? nil : .cutOff }
}
