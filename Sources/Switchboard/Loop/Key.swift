/// Names a registration: a slot's index, and how often that slot has been given away before.
///
/// A descriptor's number comes back as soon as it is closed, so an event that was fetched before
/// the close would reach the wrong connection; the generation tells them apart.
@frozen
public struct Key: Hashable, Sendable, CustomStringConvertible {
  /// The slot.
  public let index: UInt32
  /// The slot's use.
  public let generation: UInt32

  /// From its parts.
  @inlinable public init(index: UInt32, generation: UInt32) {
    self.index = index
    self.generation = generation
  }

  /// In 64 bits, as the kernel keeps it.
  @inlinable public var rawValue: UInt64 { UInt64(generation) << 32 | UInt64(index) }
  /// From 64 bits.
  @inlinable public init(rawValue: UInt64) {
    self.init(
      index: UInt32(truncatingIfNeeded: rawValue),
      generation: UInt32(truncatingIfNeeded: rawValue >> 32))
  }

  /// `index.generation`
  public var description: String { "\(index).\(generation)" }
}
