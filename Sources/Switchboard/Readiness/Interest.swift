/// What somebody wants to be woken for. The empty interest, as a callback's answer, means: finished,
/// close it.
@frozen
public struct Interest: OptionSet, Hashable, Sendable, CustomStringConvertible {
  /// The bits.
  public let rawValue: UInt8
  /// From bits.
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Wake me when there is something to receive.
  public static let read = Interest(rawValue: 1)
  /// Wake me when there is room to send.
  public static let write = Interest(rawValue: 2)
  /// In both directions, and only of what changes: for pollers that can (``Poller/reportsChangesOnly``).
  static let changes = Interest(rawValue: 4)

  /// `R`, `W`, `RW` or `-`, as the tables in the documentation write it.
  public var description: String {
    let text = (contains(.read) ? "R" : "") + (contains(.write) ? "W" : "")
    return text.isEmpty ? "-" : text
  }
}

extension Interest {
  /// As `poll(2)` and `epoll(7)` write it.
  var events: PollEvents {
    var events: PollEvents = []
    if contains(.read) { events.insert(.input) }
    if contains(.write) { events.insert(.output) }
    return events
  }
}

/// What a descriptor is ready for.
@frozen
public struct Readiness: OptionSet, Hashable, Sendable {
  /// The bits: as many as can be have the places that `epoll(7)` gives them.
  public let rawValue: UInt8
  /// From bits.
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Receiving will not block: there are bytes, the stream's end, or an error to be told.
  public static let read = Readiness(rawValue: 1)
  /// Sending will not block, or will tell an error.
  public static let write = Readiness(rawValue: 4)
  /// The connection is over, by a reset or because both directions are closed. Delivered without
  /// being asked for, and again in every wait until the descriptor is removed.
  public static let hangUp = Readiness(rawValue: 8)
  /// The peer has finished sending: there may be bytes, and behind them the end. Told by pollers
  /// that report changes only.
  static let ended = Readiness(rawValue: 32)
  /// TCP urgent data lie between other bytes: a receive stops before them, and there may be more
  /// behind. Told by pollers that report changes only.
  static let urgent = Readiness(rawValue: 2)
}

/// One registration's readiness.
@frozen
public struct Event: Hashable, Sendable {
  /// Whose.
  public var key: Key
  /// For what.
  public var readiness: Readiness
  /// An event.
  @inlinable public init(key: Key, readiness: Readiness) {
    self.key = key
    self.readiness = readiness
  }
}

/// The buffer that a wait fills: a fixed number of events, allocated once.
@safe public struct EventBuffer: ~Copyable {
  /// How many fit.
  public let capacity: Int
  /// How many the last wait brought.
  public private(set) var count = 0
  private let events: UnsafeMutablePointer<Event>

  /// A buffer for `capacity` events, at least one.
  public init(capacity: Int = 256) {
    self.capacity = max(1, capacity)
    unsafe events = .allocate(capacity: self.capacity)
  }

  deinit { unsafe events.deallocate() }

  /// Whether no further event fits.
  public var isFull: Bool { count == capacity }

  /// An event by its place, below ``count``.
  public subscript(index: Int) -> Event {
    precondition(index >= 0 && index < count, "event index out of range")
    return unsafe events[index]
  }

  /// Forgets all events.
  public mutating func removeAll() { count = 0 }

  /// Adds an event if there is room; one without readiness is passed over.
  public mutating func append(_ key: Key, _ readiness: Readiness) {
    guard !isFull, !readiness.isEmpty else { return }
    unsafe (events + count).initialize(to: Event(key: key, readiness: readiness))
    count += 1
  }
}
