import Switchboard

/// One callback: for whom, what for, and when.
public struct CallbackRecord: Hashable, Sendable {
  /// The connection.
  public let peer: Key
  /// What the callback was about.
  public let kind: CallbackKind
  /// When it began.
  public let start: Instant
  /// When it returned.
  public let end: Instant

  /// A callback that began and returned at these moments.
  public init(_ kind: CallbackKind, of peer: Key, from start: Instant, to end: Instant) {
    self.peer = peer
    self.kind = kind
    self.start = start
    self.end = end
  }

  /// How long it took.
  public var duration: Duration { end.since(start) }
}

/// What a ``Recorder`` has seen.
public struct Recording: Hashable, Sendable {
  /// The callbacks, in the order in which they were made.
  public var callbacks: [CallbackRecord]
  /// Callbacks that came when the buffer was full.
  public var missed: Int
  /// What the server's thread had of a processor, from the first callback to the recording's end;
  /// nil where that is not known. The thread waited for the rest of the time.
  public var processorTime: Duration?

  /// A recording of these callbacks.
  public init(
    _ callbacks: [CallbackRecord] = [], missed: Int = 0, processorTime: Duration? = nil
  ) {
    self.callbacks = callbacks
    self.missed = missed
    self.processorTime = processorTime
  }
}
