/// A connection's name for others of its loop: see ``Connection/link``.
///
/// Keep it as long as you like. It holds nothing, and once the connection has gone it names nobody.
public struct Link: Hashable, Sendable {
  let key: Key
  /// Of its ``LoopContext``.
  let loop: ObjectIdentifier
}

/// Which connections of a loop belong together, two by two. Nothing of it is there before the first two do.
///
/// That two belong together is noted at both, and taken back at both.
final class Pairs {
  private var partners: ReservedTable<Key>

  init(capacity: Int) throws(SystemError) { partners = try ReservedTable(capacity: capacity) }

  /// Whose partner stands there; of a connection that has none, nobody's that is there.
  subscript(index: UInt32) -> Key { partners[Int(index)] }

  func join(_ a: Key, _ b: Key) {
    partners[Int(a.index)] = b
    partners[Int(b.index)] = a
  }

  /// They belong together no longer, and what the one forwards goes nowhere.
  func part(_ a: Key, _ b: Key) {
    partners[Int(a.index)] = Key(rawValue: 0)
    partners[Int(b.index)] = Key(rawValue: 0)
  }
}

/// What a connection is told of its partner, at the end of the turn.
struct PartnerNews {
  enum What {
    /// It stands.
    case opened
    /// It has gone; nil where it never was there.
    case closed(CloseReason?)
  }

  let key: Key
  let what: What
}
