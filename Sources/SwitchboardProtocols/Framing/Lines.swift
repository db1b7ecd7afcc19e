/// A frame is a line; its ending is no part of the payload. A line may be empty.
///
/// A value; any thread may use it.
public struct Lines: Framing, Hashable {
  /// What ends a line.
  public enum Ending: Sendable, Hashable {
    /// LF. A CR is a byte like any other.
    case lf
    /// CR LF. Either of them alone is a byte like any other.
    case crlf
    /// LF or CR LF; a CR anywhere else is a byte like any other. What is written ends with LF.
    case either
  }

  /// What ends a line.
  public let ending: Ending

  /// Lines that end so.
  public init(_ ending: Ending = .either) { self.ending = ending }

  /// The ending.
  public var mostOverhead: Int { ending == .lf ? 1 : 2 }

  /// Up to the first ending.
  public func locate(
    in bytes: Span<UInt8>, searched: Int, limit: Int
  ) throws(FramingError) -> FrameLocation {
    var lf = bytes.firstIndex(of: Lines.lf, from: searched)
    while lf < bytes.count {
      let follows = lf > 0 && bytes[lf - 1] == Lines.cr
      if ending != .crlf || follows {
        let count = ending != .lf && follows ? lf - 1 : lf
        return .whole(payload: 0..<count, end: lf + 1)
      }
      lf = bytes.firstIndex(of: Lines.lf, from: lf + 1)
    }
    // A CR at the end may be part of the ending.
    let mayEnd = ending != .lf && bytes[bytes.count - 1] == Lines.cr
    guard bytes.count - (mayEnd ? 1 : 0) <= limit else { throw .frameTooLong(limit: limit) }
    return .needsMore
  }

  /// Writes the line and its ending, if it is read as one line again.
  public func write(
    _ payload: Span<UInt8>, to sink: (Span<UInt8>) -> Void
  ) throws(FramingError) {
    guard isOneLine(payload) else { throw .payloadEndsFrame }
    let crlf: InlineArray<2, UInt8> = [Lines.cr, Lines.lf]
    sink(payload)
    sink(crlf.span.extracting(droppingFirst: ending == .crlf ? 0 : 1))
  }

  /// Whether `payload` is read again when an ending follows it.
  private func isOneLine(_ payload: Span<UInt8>) -> Bool {
    guard !payload.isEmpty else { return true }
    let endsInCR = payload[payload.count - 1] == Lines.cr
    return (try? locate(in: payload, searched: 0, limit: .max)) == .needsMore
      && !(endsInCR && ending == .either)
  }

  private static let lf: UInt8 = 0x0A
  private static let cr: UInt8 = 0x0D
}
