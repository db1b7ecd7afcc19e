import Glibc
import SwitchboardBase

/// How many bytes a request's payload has.
public enum PayloadSize: Hashable, Sendable, CustomStringConvertible {
  /// Always as many.
  case fixed(Int)
  /// Any number of a range, each as likely.
  case uniform(ClosedRange<Int>)
  /// Exponentially distributed around a mean: mostly small, now and then large, at most
  /// ``largest``.
  case exponential(mean: Int)

  /// The largest payload, 1 MiB.
  public static let largest = 1 << 20

  /// As it is written on the command line: `16`, `16..4096`, `exp:512`; `k` and `m` stand for 1,024
  /// and its square. Nil if it is none of these, or outside of 1 to ``largest``.
  public init?(_ text: String) {
    if text.hasPrefix("exp:") {
      guard let mean = PayloadSize.bytes(text.dropFirst(4)) else { return nil }
      self = .exponential(mean: mean)
      return
    }
    let parts = text.split(separator: "..", omittingEmptySubsequences: false)
    let bounds = parts.compactMap { PayloadSize.bytes($0) }
    guard bounds.count == parts.count, let first = bounds.first, bounds.count <= 2 else {
      return nil
    }
    guard bounds.count == 2 else {
      self = .fixed(first)
      return
    }
    guard first <= bounds[1] else { return nil }
    self = .uniform(first...bounds[1])
  }

  private static func bytes(_ text: some StringProtocol) -> Int? {
    guard let last = text.last, text.first != "+" else { return nil }
    let unit = ["k": 1 << 10, "m": 1 << 20][last]
    guard let number = UInt32(unit == nil ? text[...] : text.dropLast()) else { return nil }
    let bytes = Int(number) * (unit ?? 1)
    return (1...largest).contains(bytes) ? bytes : nil
  }

  /// As it is written on the command line.
  public var description: String {
    switch self {
    case .fixed(let bytes): "\(bytes)"
    case .uniform(let range): "\(range.lowerBound)..\(range.upperBound)"
    case .exponential(let mean): "exp:\(mean)"
    }
  }

  /// The largest that can come of it.
  var most: Int {
    switch self {
    case .fixed(let bytes): bytes
    case .uniform(let range): range.upperBound
    case .exponential: PayloadSize.largest
    }
  }

  /// One size, by chance.
  func draw(_ chance: inout Chance, atMost limit: Int) -> Int {
    switch self {
    case .fixed(let bytes): return min(bytes, limit)
    case .uniform(let range): return min(Int.random(in: range, using: &chance), limit)
    case .exponential(let mean):
      let unit = Double.random(in: 0..<1, using: &chance)
      return max(1, min(Int(Double(mean) * -log(1 - unit)), limit))
    }
  }
}
