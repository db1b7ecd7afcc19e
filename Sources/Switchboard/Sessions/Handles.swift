/// A connection, for other threads and other connections. Keep as many as you like: when the
/// connection has gone, what is posted comes to nobody.
public struct ConnectionHandle<Message: Sendable>: Sendable, Hashable {
  /// The connection's name on its loop.
  public let key: Key
  let box: MessageBox<Message>

  /// Posts a message: ``Session/posted(_:_:)`` is called with it on the connection's loop, if the
  /// connection still lives by then, and ``Session/undelivered(_:)`` if it does not. Messages from one thread
  /// arrive in order. Any thread.
  ///
  /// - Returns: False when 65,536 messages to that loop wait already: try again later; and when the
  ///   loop has ended.
  @discardableResult
  public func post(_ message: Message) -> Bool { box.post(message, to: key) }

  /// Has blocking work done by a pool; what it answers is posted to the connection.
  ///
  /// - Returns: False when the pool takes no more work at the moment.
  public func offload(
    to pool: OffloadPool, _ work: @escaping @Sendable () -> Message
  ) -> Bool {
    pool.submit { self.post(work()) }
  }

  /// Whether two handles name the same connection.
  public static func == (a: ConnectionHandle, b: ConnectionHandle) -> Bool {
    a.key == b.key && a.box === b.box
  }

  /// By the connection.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(key)
    hasher.combine(ObjectIdentifier(box))
  }
}

/// A loop, for other threads.
public struct LoopHandle: Sendable {
  let jobs: MessageBox<@Sendable () -> Void>
  let requests: MessageBox<LoopRequest>

  /// Runs a closure on the loop's thread, between callbacks. It must not block.
  ///
  /// - Returns: False when 65,536 wait already, or the loop has ended.
  @discardableResult
  public func run(_ job: @escaping @Sendable () -> Void) -> Bool {
    jobs.post(job, to: Key(rawValue: 0))
  }
}
