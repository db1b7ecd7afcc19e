import Switchboard

/// A connection in a recording: keys are unique on their own loop only.
public struct ConnectionName: Hashable, Sendable {
  /// The loop, from 0 on.
  public let loop: Int
  /// The connection's key there.
  public let key: Key

  /// A connection of a loop.
  public init(_ key: Key, loop: Int = 0) {
    self.loop = loop
    self.key = key
  }
}

/// One callback: for whom, what for, and when.
public struct CallbackRecord: Hashable, Sendable {
  /// The connection.
  public let connection: ConnectionName
  /// What the callback was about.
  public let kind: CallbackKind
  /// When it began.
  public let start: Instant
  /// When it returned.
  public let end: Instant
  /// How long sending its output took right afterwards, in nanoseconds; 0 in a reactor, whose
  /// callbacks send themselves.
  public var sending: UInt64 = 0
  /// Bytes that it was given.
  public var received: UInt32 = 0
  /// Bytes of its output that went out right afterwards.
  public var sent: UInt32 = 0
  /// In words, for the callback `closed` where it is known.
  public var closeReason: String?

  /// A callback that began and returned at these moments.
  public init(
    _ kind: CallbackKind, of peer: Key, loop: Int = 0, from start: Instant, to end: Instant
  ) {
    connection = ConnectionName(peer, loop: loop)
    self.kind = kind
    self.start = start
    self.end = end
  }

  /// The connection's key on its loop.
  public var peer: Key { connection.key }
  /// How long it took.
  public var duration: Duration { end.since(start) }
  /// When its output had been sent.
  public var sentBy: Instant { end + .nanoseconds(Int64(clamping: sending)) }
}

/// One wait of a loop.
public struct WaitRecord: Hashable, Sendable {
  /// Whose.
  public let loop: Int
  /// When it began.
  public let start: Instant
  /// When it returned.
  public let end: Instant
  /// How many completions it brought.
  public let completions: Int

  /// How long it took.
  public var duration: Duration { end.since(start) }
}

/// Bytes that could not be sent right after the callback that wrote them, when they were.
public struct SendRecord: Hashable, Sendable {
  /// The connection.
  public let connection: ConnectionName
  /// When sending began.
  public let start: Instant
  /// When it was over.
  public let end: Instant
  /// How many; negative for bytes that a callback was thought to have sent and that came back.
  public let bytes: Int
}

/// From when to when a connection stood, as far as a recording knows.
public struct ConnectionLife: Hashable, Sendable {
  /// When its first callback began.
  public var opened: Instant
  /// When it was closed; nil where it stood to the end.
  public var closed: Instant?
  /// Why it was closed, in words.
  public var closeReason: String?
}

/// What has been seen of a server: by a ``Recorder`` of a reactor, or by a `ServerRecorder`.
public struct Recording: Hashable, Sendable {
  /// The callbacks, by their beginning.
  public var callbacks: [CallbackRecord]
  /// The waits, by their beginning; none where only callbacks were recorded.
  public var waits: [WaitRecord] = []
  /// What was sent later, by its beginning.
  public var sends: [SendRecord] = []
  /// What came when there was no room for it.
  public var missed: Int
  /// What the server's thread had of a processor, from the first callback to the recording's end;
  /// nil where that is not known. The thread waited for the rest of the time.
  public var processorTime: Duration?
  /// What the loops waited with; empty where it is not known.
  public var backend = ""
  /// Nanoseconds since 1970 when recording began; 0 where it is not known.
  public var wallClock: UInt64 = 0
  /// Records of a file that mean nothing to this program.
  public var unknown = 0
  /// What connections are numbered, from 0 on, in the order of accepting. Those that are missing
  /// here follow in the order of their first callbacks.
  public var numbers: [ConnectionName: Int] = [:]
  /// The moment that counts as zero; nil for the first callback's beginning.
  public var origin: Instant?
  /// The part that was asked for: axes show exactly this. Nil for the whole.
  public var window: ClosedRange<Instant>?
  /// Of a part: the connections that stood in it, those without a callback there among them.
  public var lives: [ConnectionName: ConnectionLife] = [:]

  /// A recording of these callbacks.
  public init(
    _ callbacks: [CallbackRecord] = [], missed: Int = 0, processorTime: Duration? = nil
  ) {
    self.callbacks = callbacks
    self.missed = missed
    self.processorTime = processorTime
  }

  /// The part between two times, counted from the first callback's beginning, and not beyond what was
  /// recorded. Connections keep their numbers, and those that stood without a callback their lives.
  public func clipped(from: Duration?, to: Duration?) -> Recording {
    guard from != nil || to != nil, let zero = origin ?? callbacks.first?.start else { return self }
    let last = max(zero, end)
    let until = to.map { min(zero + $0, last) } ?? last
    let start = min(zero + (from ?? .zero), until)
    var part = numbered()
    part.origin = zero
    part.window = start...until
    part.lives = allLives().filter { $1.opened <= until && ($1.closed ?? until) >= start }
    part.processorTime = nil
    part.callbacks.removeAll { $0.sentBy < start || $0.start > until }
    part.waits.removeAll { $0.end < start || $0.start > until }
    part.sends.removeAll { $0.end < start || $0.start > until }
    return part
  }

  /// The end of the last that was recorded.
  private var end: Instant {
    let ends =
      callbacks.lazy.map(\.sentBy).max() ?? Instant(nanoseconds: 0)
    return max(ends, waits.lazy.map(\.end).max() ?? ends, sends.lazy.map(\.end).max() ?? ends)
  }

  /// From when to when each connection stood.
  private func allLives() -> [ConnectionName: ConnectionLife] {
    var lives = lives
    for callback in callbacks {
      var life = lives[callback.connection] ?? ConnectionLife(opened: callback.start)
      if callback.kind == .closed {
        (life.closed, life.closeReason) = (callback.end, callback.closeReason)
      }
      lives[callback.connection] = life
    }
    return lives
  }

  /// The same with a number for each connection.
  func numbered() -> Recording {
    var numbered = self
    var next = (numbers.values.max() ?? -1) + 1
    for callback in callbacks where numbered.numbers[callback.connection] == nil {
      numbered.numbers[callback.connection] = next
      next += 1
    }
    return numbered
  }
}
