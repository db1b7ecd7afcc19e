import Synchronization

/// A connection that is being made: to be given up by whoever does not want it any more.
public struct ConnectAttempt: Sendable {
  let number: UInt64
  private let requests: MessageBox<LoopRequest>

  /// The next number of all.
  private static let numbers = Atomic<UInt64>(0)

  init(_ requests: MessageBox<LoopRequest>) {
    number = Self.numbers.add(1, ordering: .relaxed).newValue
    self.requests = requests
  }

  /// Gives the attempt up: its session is told by ``CloseReason/notConnected(_:)``. Nothing where the
  /// connection stands already, or has failed. Any thread.
  public func cancel() { _ = requests.post(.cancel(number), to: Key(rawValue: 0)) }
}

/// What a loop is asked for by other threads, and by attempts of its own.
enum LoopRequest: Sendable {
  case connect(ConnectWish)
  case cancel(UInt64)
  /// A name's addresses in one family, for an attempt.
  case found(UInt64, SocketAddress.Family, Resolver.Answer)
}

/// A connection that somebody wants, and its session.
final class ConnectWish: Sendable {
  let target: ConnectTarget
  let local: SocketAddress?
  let times: ConnectTimes
  let attempt: ConnectAttempt
  /// Whose partner it is to be.
  let partner: Key?
  /// What stands before its session; nil for nothing.
  let filter: (any FilterSource)?
  private let placing: @Sendable (SessionTable, Int) -> Bool
  private let refusing: @Sendable (CloseReason) -> Void

  init<S: Session & ~Copyable>(
    _ target: ConnectTarget, from local: SocketAddress?, _ times: ConnectTimes,
    _ attempt: ConnectAttempt, partner: Key? = nil, behind filter: (any FilterSource)? = nil,
    _ session: @escaping @Sendable () -> S
  ) {
    (self.target, self.local, self.times, self.attempt) = (target, local, times, attempt)
    (self.partner, self.filter) = (partner, filter ?? UsualFilter.source)
    placing = { table, index in
      guard let table = table as? Sessions<S> else { return false }
      table.put(session(), at: index)
      return true
    }
    refusing = { reason in
      var session = session()
      session.closed(reason)
    }
  }

  /// Makes the session and puts it into a table; false where that is one of others.
  func place(in table: SessionTable, at index: Int) -> Bool { placing(table, index) }

  /// Makes the session, and tells it that there will be no connection.
  func refuse(_ reason: CloseReason) { refusing(reason) }
}

extension LoopHandle {
  /// Begins to connect: the connection lives on this loop, with a session of its own, as one does that
  /// was accepted. Either it is `opened`, within the time that `times` gives, or it is `closed` with
  /// ``CloseReason/notConnected(_:)`` and was never opened; neither happens before this returns. Any
  /// thread.
  ///
  /// - Parameters:
  ///   - target: Where to.
  ///   - local: From which address of this machine; with port 0 the system chooses one. Nil: any.
  ///   - times: How long it may take, and how a name's addresses follow each other.
  ///   - session: Makes the session, on the loop's thread. Its type is one that the server serves, or
  ///     was told of by ``Server/connects(as:)``.
  /// - Returns: The attempt; nil when 65,536 requests to the loop wait already, or it has ended.
  @discardableResult
  public func connect<S: Session & ~Copyable>(
    to target: ConnectTarget, from local: SocketAddress? = nil,
    times: ConnectTimes = ConnectTimes(),
    session: @escaping @Sendable () -> S
  ) -> ConnectAttempt? {
    connect(to: target, from: local, times: times, behind: nil, session: session)
  }

  /// The same with a filter before the session.
  @discardableResult
  package func connect<S: Session & ~Copyable>(
    to target: ConnectTarget, from local: SocketAddress?, times: ConnectTimes,
    behind filter: (any FilterSource)?, session: @escaping @Sendable () -> S
  ) -> ConnectAttempt? {
    let attempt = ConnectAttempt(requests)
    let wish = ConnectWish(target, from: local, times, attempt, behind: filter, session)
    return requests.post(.connect(wish), to: Key(rawValue: 0)) ? attempt : nil
  }
}

extension Connection {
  /// Begins to connect: the connection lives on this one's loop, with a session of its own. See
  /// ``LoopHandle/connect(to:from:times:session:)``; this does not fail.
  ///
  /// ```swift
  /// let client = connection.handle(for: Self.self)
  /// connection.connect(to: .host("db.internal", port: 5432)) { Upstream(for: client) }
  /// ```
  @discardableResult
  public mutating func connect<S: Session & ~Copyable>(
    to target: ConnectTarget, from local: SocketAddress? = nil,
    times: ConnectTimes = ConnectTimes(),
    session: @escaping @Sendable () -> S
  ) -> ConnectAttempt {
    connect(to: target, from: local, times: times, behind: nil, session: session)
  }

  /// The same with a filter before the session.
  ///
  /// - Parameter partner: Whose partner it is to be.
  @discardableResult
  package mutating func connect<S: Session & ~Copyable>(
    to target: ConnectTarget, from local: SocketAddress?, times: ConnectTimes,
    partner: Key? = nil, behind filter: (any FilterSource)?, session: @escaping @Sendable () -> S
  ) -> ConnectAttempt {
    let attempt = ConnectAttempt(loopHandle.requests)
    wishes.append(
      ConnectWish(target, from: local, times, attempt, partner: partner, behind: filter, session))
    requests.insert(.connect)
    return attempt
  }
}
